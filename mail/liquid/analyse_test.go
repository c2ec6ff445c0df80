package liquid

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBareIsWhatLeavesAGap(t *testing.T) {
	for source, want := range map[string][]string{
		`{{ a }} {{ b | default: "x" }} {{ c | upcase | default: d }} {{ e | upcase }} {{ f.g }} {{ "text" }}`: {"a", "e", "f.g"},
		`{% if a %}{{ a }}{{ b }}{% else %}{{ a }}{% endif %}`:                                                 {"a", "b"},
		`{% if a %}{{ a }}{% elsif b == "x" %}{{ b }}{{ a }}{% endif %}`:                                       {"a"},
		`{% if a and b %}{{ a }}{{ b }}{% endif %}`:                                                            nil,
		`{% if a or b %}{{ a }}{% endif %}`:                                                                    {"a"},
		`{% unless a %}{{ a }}{% else %}{{ a }}{% endunless %}`:                                                {"a"},
		`{% unless a %}nobody{% else %}{{ a }}{% endunless %}`:                                                 nil,
		`{% if a != blank %}{{ a }}{% endif %}{% if b != "x" %}{{ b }}{% endif %}`:                             {"b"},
		`{% if a == "" %}{{ a }}{% endif %}{% if b contains "x" %}{{ b }}{% endif %}`:                          {"a"},
		`{% if a > 3 %}{% if b %}{{ a }}{{ b }}{% endif %}{{ b }}{% endif %}`:                                  {"b"},
		`{% if a == b %}{{ a }}{% endif %}`:                                                                    {"a"},
	} {
		template, err := Parse(source)
		require.NoError(t, err)
		require.Equal(t, want, template.Bare(), source)
	}
}

func TestEverythingWritesAllBranches(t *testing.T) {
	template, err := Parse(`a{% if x %}b{{ y }}{% elsif z %}c{% else %}d{{ links.p }}{% endif %}{{ links.p | upcase }}`)
	require.NoError(t, err)
	require.Equal(t, "ab<y>cdLINK<links.p>", template.Everything(func(path string, link bool) string {
		if link {
			return "LINK"
		}
		return "<" + path + ">"
	}))
}
