package scoring

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCondition_holds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		c    Condition
		yes  []any
		no   []any
		none bool // what it says of a field that is not there
	}{
		{Condition{Equals: "Finance"}, []any{"finance", " FINANCE ", []any{"x", "finance"}}, []any{"financier", 1.0, true, map[string]any{}}, false},
		{Condition{Equals: 50.0}, []any{50, int64(50), uint64(50), 50.0, "50", "50.0", json.Number("50")}, []any{"fifty", 51, ""}, false},
		{Condition{Equals: "50"}, []any{50.0, "50"}, []any{5}, false},
		{Condition{Equals: true}, []any{true, "TRUE"}, []any{false, 1.0}, false},
		{Condition{OneOf: []any{"a", 2.0}}, []any{"A", "2", 2}, []any{"b", 3}, false},
		{Condition{Contains: "Head"}, []any{"head of it", "The HEAD"}, []any{"hea d"}, false},
		{Condition{Prefix: "/pricing"}, []any{"/Pricing", "/pricing/x"}, []any{"/a/pricing"}, false},
		{Condition{Matches: "^(?i)vp"}, []any{"VP", "vp sales"}, []any{"svp"}, false},
		{Condition{Matches: "^vp$"}, []any{"vp"}, []any{"VP"}, false},
		{Condition{Range: []float64{50, 5000}}, []any{50, 5000.0, "1200"}, []any{49.9, 5001, "many", "inf", "nan", true}, false},
		{Condition{Present: true}, []any{"x", 0.0, false}, nil, false},
		{Condition{Missing: true}, nil, []any{"x", 0.0, false}, true},
	} {
		c, err := compile(tt.c)
		require.NoError(t, err)
		for _, v := range tt.yes {
			require.True(t, c.holds(v, true), "%+v %v", tt.c, v)
		}
		for _, v := range tt.no {
			require.False(t, c.holds(v, true), "%+v %v", tt.c, v)
		}
		require.Equal(t, tt.none, c.holds(nil, false), "%+v", tt.c)
	}
}

func TestProperty_isFoundByNameOrPath(t *testing.T) {
	t.Parallel()
	properties := map[string]any{"a.b": 1, "utm": map[string]any{"source": map[string]any{"name": "x"}}, "empty": "", "blank": " ", "null": nil}
	for name, want := range map[string]any{"a.b": 1, "utm.source.name": "x"} {
		got, ok := property(properties, name)
		require.True(t, ok, name)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"a", "utm.medium", "empty", "blank", "null", "a.b.c", "utm.source.name.x"} {
		_, ok := property(properties, name)
		require.False(t, ok, name)
	}
}

func TestPersona_allAndAny(t *testing.T) {
	t.Parallel()
	p := persona{
		all: compiled([]Condition{{Field: "city", Equals: "Oslo"}}),
		any: compiled([]Condition{{Field: "title", Contains: "vp"}, {Field: "title", Contains: "head"}}),
	}
	require.True(t, p.is(map[string]any{"city": "oslo", "title": "Head"}))
	require.False(t, p.is(map[string]any{"city": "oslo", "title": "clerk"}))
	require.False(t, p.is(map[string]any{"title": "Head"}))
}
