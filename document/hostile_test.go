package document

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is sent to break the reader is taken, or refused with few words: it neither keeps it busy nor comes back.
func TestModel_hostileDocuments(t *testing.T) {
	t.Parallel()
	rules := func(n int) string {
		return `{"engagement":[` + strings.Repeat(`{"id":"a","on":"chat","points":1},`, n) + `{"id":"a","on":"chat","points":1}]}`
	}
	rule := func(more string) string {
		return fmt.Sprintf(`{"engagement":[{"id":"a","on":"chat","points":100%s}]}`, more)
	}
	for name, c := range map[string]struct{ doc, refused string }{
		"ten thousand rules":            {rules(10_000), "too large: at most 256 kB"},
		"six thousand rules":            {rules(6000), "has 6001 rules, at most 200"},
		"six thousand rules, YAML":      {"engagement:\n" + strings.Repeat("  - {id: a, on: chat, points: 1}\n", 6000), "at most 13333 keys and values"},
		"deep JSON":                     {rule(`,"where":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)), "lies too deep"},
		"deep YAML":                     {"engagement: " + strings.Repeat("[", 20_000), "lies too deep"},
		"a NUL, as an escape":           {rule(`,"where":[{"field":"x","equals":"a\u0000"}]`), "NUL character"},
		"a NUL in a key":                {`{"personas":{"a\u0000":{"all":[]}}}`, "NUL character"},
		"a NUL in YAML":                 {"engagement:\n  - {id: a, on: chat, points: 100, where: [{field: x, one_of: [\"\\0\"]}]}\n", "NUL character"},
		"half a character":              {rule(`,"where":[{"field":"x","equals":"\ud800"}]`), ""},
		"a number of 400 digits":        {rule(`,"cap":1e400`), "too large for a number"},
		"no number":                     {"engagement:\n  - {id: a, on: chat, points: .nan}\n", "is nothing a document may hold: nan"},
		"endless":                       {"engagement:\n  - {id: a, on: chat, points: 5, cap: -.inf}\n", "is nothing a document may hold"},
		"as large as numbers get":       {rule(`,"where":[{"field":"x","range":[-1e308,1e308]},{"field":"y","equals":1e308}]`), ""},
		"points as large":               {`{"engagement":[{"id":"a","on":"chat","points":1e308}]}`, "must be between"},
		"a cap that is nothing":         {rule(`,"cap":1e-9`), "is 0, so the rule would give nothing"},
		"a group that is nothing":       {`{"groups":{"g":{"cap":1e-9}},"engagement":[{"id":"a","on":"chat","points":100,"group":"g"}]}`, "is missing or 0"},
		"an axis capped to nothing":     {`{"caps":{"fit":1e-9},"engagement":[{"id":"a","on":"chat","points":100}]}`, "must be above 0"},
		"a window of all time":          {rule(`,"within":"106751d"`), "is not a duration"},
		"an expression that multiplies": {`{"fit":[{"id":"f","field":"title","matches":"(a{1000}){1000}","points":1}]}`, "no regular expression"},
	} {
		_, err := ParseModel([]byte(c.doc))
		if c.refused == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.refused, name)
		var told *Error
		require.True(t, errors.As(err, &told), name)
		require.Less(t, len(err.Error()), 6000, name)
		require.LessOrEqual(t, len(told.Problems), 250, name)
	}
}
