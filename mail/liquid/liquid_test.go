package liquid

import (
	"errors"
	"strings"
	"testing"
	"time"

	oracle "github.com/osteele/liquid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var ada = Vars{
	"first_name": "Ada", "full": "Ada  King Lovelace", "company": "", "score": 42, "size": "250",
	"signed": time.Date(2026, 3, 9, 15, 4, 5, 0, time.UTC), "day": "2026-03-09", "tags": []string{"hot", "vip"},
	"profile": map[string]any{"city": "London", "nested": map[string]string{"deep": "yes"}},
	"links":   map[string]any{"product": Link("https://example.test/p")}, "yes": true, "no": false,
	"lines": "a\nlong text",
}

func TestRender(t *testing.T) {
	cases := []struct {
		source, want string
		ours         bool // differs from Shopify's Liquid on purpose
	}{
		{source: "plain", want: "plain"},
		{source: "Hi {{ first_name }}!", want: "Hi Ada!"},
		{source: `{{ nobody | default: "friend" }}`, want: "friend"},
		{source: `{{ company | default: 'you' }}`, want: "you"},
		{source: `{{ company | default: first_name | upcase }}`, want: "ADA"},
		{source: "{{ first_name | downcase | capitalize }}", want: "Ada"},
		{source: "{{ 'élan VITAL' | capitalize }}", want: "Élan vital", ours: true},
		{source: `{{ "a long sentence" | truncate: 6, "." }}`, want: "a lon."},
		{source: `{{ "  x " | strip }}`, want: "x"},
		{source: `{{ "one two " | truncatewords: 2 }}|{{ " one  two three" | truncatewords: 2, "!" }}`, want: "one two | one two!", ours: true},
		{source: `{{ "a-b-a" | replace: "a", "c" }}{{ "aa" | replace_first: "a", "b" }}{{ "abc" | remove: "b" }}`, want: "c-b-cbaac"},
		{source: `{{ "b" | append: "c" | prepend: "a" }}`, want: "abc"},
		{source: "{{ full | first_word }} {{ full | last_word }}", want: "Ada Lovelace", ours: true},
		{source: "{{ score | plus: 1 }} {{ score | minus: 2 }} {{ score | times: 2 }}", want: "43 40 84"},
		{source: "{{ size | plus: 1 }}", want: "251"},
		{source: "{{ 2.345 | round: 2 }} {{ 1.5 | round }}", want: "2.35 2"},
		{source: `{{ signed | date: "%-d %B %Y, %H:%M" }}`, want: "9 March 2026, 15:04"},
		{source: `{{ day | date: "%d.%m.%y" }} {{ day | date }}`, want: "09.03.26 9 March 2026", ours: true},
		{source: "{{ signed }}", want: "2026-03-09", ours: true},
		{source: "{{ tags }}{{ tags | size }}", want: "hot, vip2", ours: true},
		{source: "{{ profile.city }}{{ profile.none.deeper }}{{ profile.nested.deep }}", want: "Londonyes"},
		{source: "{{ links.product }}", want: "https://example.test/p", ours: true},
		{source: "{% if company %}a{% else %}b{% endif %}", want: "b", ours: true},
		{source: "{% if first_name %}a{% endif %}{% if nobody %}b{% endif %}", want: "a"},
		{source: `{% if first_name == "Ada" and score >= 42 %}a{% endif %}`, want: "a"},
		{source: `{% if score < 1 or yes %}a{% endif %}`, want: "a"},
		{source: `{% if score > 100 %}a{% elsif score > 40 %}b{% else %}c{% endif %}`, want: "b"},
		{source: `{% if size > 50 %}big{% endif %}`, want: "big", ours: true},
		{source: `{% unless no %}a{% else %}b{% endunless %}`, want: "a"},
		{source: `{% if full contains "King" %}a{% endif %}{% if tags contains "vip" %}b{% endif %}{% if tags contains "v" %}c{% endif %}`, want: "ab"},
		{source: `{% if company == blank %}a{% endif %}{% if nobody == nil %}b{% endif %}`, want: "ab", ours: true},
		{source: `{% if first_name != "Bob" %}a{% endif %}{% if nobody > 3 %}b{% endif %}`, want: "a"},
		{source: `{% if signed > "2026-01-01" %}a{% endif %}`, want: "a", ours: true},
		{source: "a {{- first_name -}} b", want: "aAdab"},
		{source: "a\n{%- if yes -%}\n b \n{%- endif -%}\nc", want: "abc"},
		{source: `{{ "}}" }}{{ '{%' }}`, want: "}}{%", ours: true},
		{source: "{ {{ score }} }", want: "{ 42 }"},
		{source: "{% if yes %}{% if no %}x{% else %}{{ score }}{% endif %}{% endif %}", want: "42"},
	}
	engine := oracle.NewEngine()
	for _, c := range cases {
		t.Run(c.source, func(t *testing.T) {
			template, err := Parse(c.source)
			require.NoError(t, err)
			got, err := template.Render(ada)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			if !c.ours {
				theirs, err := engine.ParseAndRenderString(c.source, oracle.Bindings(ada))
				require.NoError(t, err)
				require.Equal(t, theirs, got, "the oracle disagrees")
			}
		})
	}
}

func TestMistakesHaveAPlaceAndARemedy(t *testing.T) {
	cases := []struct {
		source       string
		line, column int
		says         string
	}{
		{"Hi {{ first_name", 1, 4, "not closed"},
		{"a\nb {{ x | upcse }}", 2, 10, "did you mean upcase?"},
		{"{{ x | frobnicate }}", 1, 8, "there are abs"},
		{"{% if x %}", 1, 4, "write {% endif %}"},
		{"ä{% if x %}{% else %}{% else %}{% endif %}", 1, 25, "else without an open condition"},
		{"{% endif %}", 1, 4, "without an open condition"},
		{"{% for a in b %}{% endfor %}", 1, 4, "loops are not part"},
		{"{% include 'x' %}", 1, 4, "includes are not part"},
		{"{% elseif x %}", 1, 4, "write elsif"},
		{"{{ }}", 1, 4, "a value is missing"},
		{"{{ x | }}", 1, 8, "a filter is missing"},
		{"{{ x y }}", 1, 6, "unexpected \"y\""},
		{"{{ x | truncate: 1, 2, 3 }}", 1, 8, "has 3 arguments"},
		{"{{ 'x }}", 1, 4, "quoted text is not closed"},
		{"{% if a = b %}{% endif %}", 1, 9, "write =="},
		{"{% if a == %}{% endif %}", 1, 12, "a value is missing"},
		{"{% if a and b or c %}{% endif %}", 1, 15, "nest a second"},
		{"{% if (a) %}{% endif %}", 1, 7, "( ) is not part"},
		{"{{ a[0] }}", 1, 5, "with a dot"},
		{"{% if a | upcase == 'X' %}{% endif %}", 1, 9, "filters are not possible here"},
		{"{{ a | date: '%Q' }}", 1, 8, "no meaning for"},
		{"{% if a %}{% else b %}{% endif %}", 1, 18, "text after else"},
		{"{% %}", 1, 4, "a tag without a name"},
		{"{{ a }} {{ b {{ c }}", 1, 9, "before the next tag"},
		{"{{ 1.2.3 }}", 1, 4, "not a number"},
		{strings.Repeat("{% if a %}", 17) + strings.Repeat("{% endif %}", 17), 1, 164, "nested conditions"},
		{strings.Repeat("x", 64<<10+1), 1, 1, "64 kB"},
		{"{{ a" + strings.Repeat(" | upcase", 17) + " }}", 1, 152, "filters on one value"},
		{strings.Repeat("{{a}}", 4001), 1, 10006, "tags and outputs"},
		{"{{ a.b.c.d.e.f.g.h.i }}", 1, 4, "names in one path"},
		{"\xff", 1, 1, "UTF-8"},
	}
	for _, c := range cases {
		_, err := Parse(c.source)
		var mistake *Error
		require.ErrorAs(t, err, &mistake, "%.40q", c.source)
		require.Contains(t, err.Error(), c.says, "%.40q", c.source)
		require.Equal(t, [2]int{c.line, c.column}, [2]int{mistake.Line, mistake.Column}, "%.40q: %v", c.source, err)
		require.NotEmpty(t, mistake.Remedy)
	}
}

func TestRenderingIsBounded(t *testing.T) {
	long := strings.Repeat("a", 60<<10)
	for source, says := range map[string]string{
		strings.Repeat("{{ long }}", 5):   "output is longer",
		"{{ long | append: long }}":       "too long",
		"{{ long | replace: 'a', long }}": "too long",
		"{{ 1 | divided_by: 0 }}":         "division by zero",
		"{{ 1 | modulo: 0 }}":             "division by zero",
		"{{ big | times: big }}":          "grows too large",
		"{{ many | join: long }}":         "too long",
		"{{ long | slice: 'x' }}":         "a place and a number",
		"{{ long | truncatewords: 0 }}":   "number of words",
		strings.Repeat("{{ long | upcase | downcase | upcase | size }}", 30): "4 MB of text",
		"{{ profile }}":              "not a single value",
		"{{ odd }}":                  "not a single value",
		"{{ long | truncate: 'x' }}": "number of characters",
		"{{ long | date: first_name }}{{ day | date: long | date: pattern }}{{ signed | date: pattern }}": "no meaning",
	} {
		template, err := Parse(source)
		require.NoError(t, err)
		_, err = template.Render(Vars{
			"long": long, "profile": Vars{}, "odd": struct{}{}, "pattern": "%Q", "big": 1e300, "many": []string{"a", "b"}, "first_name": "", "day": "2026-01-01", "signed": time.Now(),
		})
		var mistake *Error
		require.ErrorAs(t, err, &mistake, source)
		require.Contains(t, err.Error(), says)
	}
}

func TestVariables(t *testing.T) {
	template, err := Parse(`{% if a.b == c and true %}{{ d | default: e }}{% else %}{{ a.b }}{{ "f" }}{% endif %}`)
	require.NoError(t, err)
	require.Equal(t, []string{"a.b", "c", "d", "e"}, template.Variables())
}

func TestEncoderSeesTrustOnlyForUntouchedLinks(t *testing.T) {
	template, err := Parse(`{{ l }}{{ l | default: "x" }}{{ l | append: "x" }}{{ s }}{{ none | default: l }}`)
	require.NoError(t, err)
	var trust []bool
	_, err = template.RenderWith(Vars{"l": Link("https://x.test"), "s": "https://x.test"}, func(s string, link bool) string {
		trust = append(trust, link)
		return s
	})
	require.NoError(t, err)
	require.Equal(t, []bool{true, true, false, false, true}, trust)
}

func TestLineIsOneVisibleLine(t *testing.T) {
	require.Equal(t, "a b c", Line("a\r\n\tb\u2028c\x00\x1b\u202e\ufeff"))
	rapid.Check(t, func(t *rapid.T) {
		s := Line(rapid.String().Draw(t, "s"))
		require.Equal(t, s, Line(s))
		require.False(t, strings.ContainsAny(s, "\r\n\x00\t\v\f\u0085\u2028\u2029"))
	})
}

// A value can never become a part of the template, whatever it holds.
func TestValuesAreNotRead(t *testing.T) {
	template, err := Parse("<{{ v }}>{% if v == w %}same{% endif %}")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.String(), rapid.StringMatching(`(\{\{ ?w ?\}\}|\{% if %\}|["' ]){0,6}`)).Draw(t, "v")
		got, err := template.Render(Vars{"v": v, "w": "secret" + v})
		require.NoError(t, err)
		require.Equal(t, "<"+Line(v)+">", got)
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{{ a }}", `{% if a == "x" and b %}1{% elsif c > 2 %}2{% else %}3{% endif %}`, `{{ a.b | default: "x" | truncate: 3 }}`,
		"{%- unless a -%}x{%- endunless -%}", "{{ '", "{%", "{{-}}", "{{ a | date: '%-d %B %' }}", "{{ -1.5 | round: 2 }}",
	} {
		f.Add(seed, "value")
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		template, err := Parse(source)
		var mistake *Error
		if err != nil {
			if !errors.As(err, &mistake) || mistake.Line < 1 || mistake.Line > strings.Count(source, "\n")+1 || mistake.Column < 1 {
				t.Fatalf("a mistake without a place: %v", err)
			}
			return
		}
		out, err := template.Render(Vars{"a": value, "b": 3, "c": Vars{"d": []string{value}}})
		if err != nil && !errors.As(err, &mistake) {
			t.Fatalf("an error without a place: %v", err)
		}
		if len(out) > maxOutput {
			t.Fatalf("%d bytes of output", len(out))
		}
	})
}
