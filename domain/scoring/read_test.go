package scoring

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func asking(t require.TestingT) *Scorer {
	where := []Condition{
		{Field: "path", Prefix: "/pricing"}, {Field: "utm.source", Equals: "ads"}, {Field: "n", Range: []float64{1, 2}}, {Field: "größe \"x\"", Present: true},
	}
	m := Model{MQL: MQL{Score: 10}, Bands: Bands{Hot: 10, Warm: 5}}
	for i, c := range where {
		m.Engagement = append(m.Engagement, EngagementRule{ID: string(rune('a' + i)), On: "page_view", Where: []Condition{c}, Points: 1})
	}
	m.Engagement = append(m.Engagement, EngagementRule{ID: "z", On: "email_open", Points: 1})
	s, err := New(m)
	require.NoError(t, err)
	return s
}

func TestRead_givesWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := asking(t)
	got := s.Read("page_view", []byte(`{"a": {"path": "no, \" {"}, "n": 1.5, "path": "/pricing", "utm": {"source": "ads", "x": [1, {"path": 2}]}, "größe \"x\"": null, "last": "]"}`))
	require.Equal(t, map[string]any{
		"n": 1.5, "path": "/pricing", "utm": map[string]any{"source": "ads", "x": []any{1.0, map[string]any{"path": 2.0}}}, "größe \"x\"": nil,
	}, got)
	require.Equal(t, map[string]any{"path": `a "quoted" one`}, s.Read("page_view", []byte(`{"path":"a \"quoted\" one"}`)))
	require.Nil(t, s.Read("page_view", []byte(`{"other": 1}`)))
	require.Nil(t, s.Read("page_view", []byte(`{}`)))
	require.Nil(t, s.Read("page_view", nil))
	require.Nil(t, s.Read("email_open", []byte(`{"path": "/pricing"}`)), "nobody asks")
}

// Of any object the rules take the same, whether all of it was read or what they ask for.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"path":"/pricing"}`, `{"utm":{"source":"ads"},"n":2}`, `{"utm.source":"ads","path":{"a":[1,"}"]}}`, `{"gr\u00f6\u00dfe \"x\"":true}`, ` { "n" : 1 , "path" : " " } `,
		`{"a":"\\","path":"/pricing\\"}`, `{"n":[1,5],"x":{}}`,
		`{"path":"/a","path":"/pricing"}`, `{"utm":{"source":"ads"},"utm":{}}`, `{"p\u0061th":"/pricing","path":null}`,
	} {
		f.Add([]byte(seed))
	}
	s := asking(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var all map[string]any
		if json.Unmarshal(raw, &all) != nil || all == nil {
			return
		}
		printed, err := json.Marshal(all) // as Postgres does: no name twice, no space around
		require.NoError(t, err)
		some := s.Read("page_view", printed)
		for i := range s.rules {
			r := &s.rules[i]
			if utf8.Valid(raw) { // what is sent is looked through for that first
				sent := s.Read("page_view", bytes.TrimLeft(raw, " \t\r\n"))
				require.Equal(t, r.takes(Event{Properties: all}), r.takes(Event{Properties: sent}), r.ID)
			}
			require.Equal(t, r.takes(Event{Properties: all}), r.takes(Event{Properties: some}), r.ID)
			require.Equal(t, r.takes(Event{Properties: all}), r.takes(Event{Properties: s.Read("page_view", spaced(t, all))}), r.ID)
		}
	})
}

// spaced is JSON with space wherever there may be some.
func spaced(t *testing.T, v any) []byte {
	raw, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return raw
}
