package intake

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var jsons = []string{
	``, ` `, `{}`, `[]`, ` [ ] `, `[1,2]`, `[1,]`, `[,1]`, `[1 2]`, `{"a":1}`, `{"a" : [ {"b":null} , true,false ] }`, `{"a":1,}`, `{a:1}`, `{"a"}`, `{"a":}`, `{"a":1 "b":2}`,
	`"x"`, `"\n"`, `"\u00e9"`, `"\u00g9"`, `"\x"`, `"`, `"\`, `"\u12`, "\"\n\"", "\"\x00\"", "\"\xff\"", `tru`, `truex`, `null`, `nul`, `-`, `-1`, `01`, `1.`, `1.5`, `.5`, `1e5`, `1e`, `1E+5`, `1e999`,
	`-0`, `1-`, `[[[[]]]]`, `[[[[]]]`, `]`, `}`, `{"a":1}{}`, `[1] 2`, "\ufeff{}", `{"a":{"b":{}}}`, `{"":""}`, `{"\"":1}`, `{"a\\":1}`,
}

// What the scanner takes for JSON is JSON, and the other way round; what it splits are the items as encoding/json has them.
func FuzzItems(f *testing.F) {
	for _, text := range jsons {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		items, ok := Items([]byte(text), len(text))
		require.Equal(t, json.Valid([]byte(text)), ok, "%q", text)
		var want []json.RawMessage
		if !ok || json.Unmarshal([]byte(text), &want) != nil || want == nil {
			return
		}
		require.Len(t, items, len(want))
		for i := range want {
			require.Equal(t, string(want[i]), string(items[i]))
		}
	})
}

func TestItems_nestedTooDeep(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{9_999: true, 10_000: true, 10_001: false, 1_000_000: false} {
		text := []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
		_, ok := Items(text, 1)
		require.Equal(t, want, ok, "%d", n)
		require.Equal(t, json.Valid(text), ok)
	}
}
