package scoring

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawChanged is a model with some rules as they were, some with other points, some of another shape, some gone.
func drawChanged(t *rapid.T, m Model) Model {
	out := drawModel(t)
	for i, r := range out.Engagement {
		if i >= len(m.Engagement) || rapid.Bool().Draw(t, "new") {
			continue
		}
		old := m.Engagement[i]
		if old.Group != "" && out.Groups[old.Group].Cap*old.Points <= 0 {
			old.Group = ""
		}
		old.ID = r.ID
		if old.Cap != nil { // a window remembers more, or less
			old.Cap = new(*old.Cap * rapid.Float64Range(0.2, 5).Draw(t, "cap"))
		}
		out.Engagement[i] = old
	}
	return out
}

// What is carried over and filled is, to the bit, what all events give under the new model.
func TestCarry_keepsWhatARecomputationGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		next := drawChanged(t, m)
		if len(next.Validate()) > 0 {
			t.Skip("the drawn change is no model")
		}
		old, s := scorer(t, m), scorer(t, next)
		events, adjustments := drawEvents(t), drawAdjustments(t)
		acc, gap := s.Since(old).Carry(old.Recompute(adjustments, events))
		some := slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return !slices.Contains(gap.Types, e.Type) })
		if gap.Open() {
			acc = s.Fill(acc, gap, adjustments, shuffled(t, append(some, some...)))
		}
		want, err := json.Marshal(s.Recompute(adjustments, events))
		require.NoError(t, err)
		got, err := json.Marshal(acc)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
	})
}

func TestSince_seesOnlyShapes(t *testing.T) {
	t.Parallel()
	events := []Event{view(0, "/pricing"), happened("cta_click", 0), happened("webinar_attendance", 0)}
	s := scorer(t, everyKind())
	acc := s.Recompute(nil, events)
	for _, tt := range []struct {
		name   string
		change func(*Model)
		types  []string
		fit    bool
	}{
		{"nothing", func(*Model) {}, nil, true},
		{"points, caps, groups, bands", func(m *Model) {
			m.Bands.Hot, m.MQL.Score, m.Groups["content"], m.Caps.Engagement = 90, 90, Group{Cap: 70}, nil
			m.Engagement[0].Points, m.Engagement[0].Cap, m.Engagement[1].Group = 30, nil, ""
		}, nil, true},
		{"a half-life", func(m *Model) { m.Engagement[3].HalfLife = days(1) }, []string{"page_view"}, true},
		{"a condition", func(m *Model) { m.Engagement[0].Where[0].Equals = "ebook" }, []string{"content_download"}, true},
		{"a type", func(m *Model) { m.Engagement[8].On = "form_submit" }, []string{"form_submit"}, true},
		{"a name", func(m *Model) { m.Engagement[5].ID = "opened" }, []string{"email_open"}, true},
		{"a rule less", func(m *Model) { m.Engagement = m.Engagement[:9] }, nil, true},
		{"a fit rule", func(m *Model) { m.Fit[1].Points = 16 }, nil, false},
		{"a persona", func(m *Model) { m.Personas = map[string]Persona{"buyer": {Any: m.Personas["buyer"].All}} }, nil, false},
		{"the cap of fit", func(m *Model) { m.Caps.Fit = nil }, nil, false},
	} {
		m := everyKind()
		tt.change(&m)
		next := scorer(t, m)
		c := next.Since(s)
		_, gap := c.Carry(acc)
		require.Equal(t, tt.types, gap.Types, tt.name)
		require.Equal(t, tt.fit, c.FitKept, tt.name)
	}
}

// A window whose cap grows lacks moments only where it has forgotten some.
func TestCarry_readsAnewOnlyWindowsThatOverflowed(t *testing.T) {
	t.Parallel()
	m := everyKind()
	m.Engagement[4].Cap = new(70.0)
	old, s := scorer(t, everyKind()), scorer(t, m)
	clicks := func(n int) (out []Event) {
		for i := range n {
			out = append(out, happened("cta_click", time.Duration(i)*time.Minute))
		}
		return out
	}
	_, gap := s.Since(old).Carry(old.Recompute(nil, clicks(2)))
	require.False(t, gap.Open())
	_, gap = s.Since(old).Carry(old.Recompute(nil, clicks(3)))
	require.Equal(t, []string{"cta_click"}, gap.Types)
	acc, gap := old.Since(s).Carry(s.Recompute(nil, clicks(9)))
	require.False(t, gap.Open())
	require.Len(t, acc.Tallies[0].Times, old.rules[4].keep)
}

// What v0.1.0 stored is read as it is, its fingerprint ignored.
func TestAccumulators_ofTheFirstRelease(t *testing.T) {
	t.Parallel()
	var acc Accumulators
	require.NoError(t, json.Unmarshal([]byte(`{"print":"1x2y3z","newest":5,"tallies":[{"rule":"bounce","n":2}]}`), &acc))
	require.Equal(t, Accumulators{Newest: 5, Tallies: []Tally{{Rule: "bounce", Count: 2}}}, acc)
}
