package store

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Whatever stands in an object, the fields that are picked are those that encoding/json reads.
func FuzzPick(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "path" : "/a" , "n" : 1.5e3 } `, `{"path":"/a","path":"/b"}`, `{"a":{"path":1,"x":["}",{"path":2}]},"path":null}`,
		`{"pa\u0074h":"/a"}`, `{"path":"a\"b\\"}`, `{"x":"\\","path":[1, 2 ,{"a":"]"}]}`, `{"path":true,"utm":{"source":"ads"}}`, `{"":{},"path":-0}`,
		"{\"path\"\n:\t\"\u00e9\xc3\xa9\"\r}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var all map[string]any
		if !utf8.Valid(raw) || json.Unmarshal(raw, &all) != nil || all == nil {
			return
		}
		names := []string{"path", "utm", "x", ""}
		got, ok := pick(raw, names)
		if !ok {
			require.Contains(t, string(raw), `\`, "it gives up at escapes only")
			return
		}
		want := map[string]any{}
		for _, name := range names {
			if v, there := all[name]; there {
				want[name] = v
			}
		}
		require.Equal(t, want, got)
	})
}
