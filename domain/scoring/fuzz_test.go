package scoring

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Whatever a model says, it is refused with problems or it scores with items that add up.
func FuzzModel(f *testing.F) {
	seed, err := json.Marshal(everyKind())
	require.NoError(f, err)
	f.Add(seed, int64(0), int64(time.Hour))
	f.Add([]byte(`{"floor":0,"engagement":[{"id":"a","on":"chat","points":1e-6,"half_life":"1s"}]}`), int64(-1), int64(1))
	f.Add([]byte(`{"groups":{"g":{"cap":-1}},"engagement":[{"id":"a","on":"chat","points":-10000,"group":"g","within":"100w"}]}`), int64(1<<60), int64(5))
	f.Fuzz(func(t *testing.T, document []byte, first, gap int64) {
		var m Model
		if json.Unmarshal(document, &m) != nil {
			t.Skip()
		}
		s, err := New(m)
		if err != nil {
			require.NotEmpty(t, m.Validate())
			return
		}
		require.Empty(t, m.Validate())
		events, at := []Event{}, time.Time{}
		for i := range int64(12) {
			for _, r := range m.Engagement {
				at = time.UnixMicro(first/4 + i*(gap/100)).UTC()
				events = append(events, Event{Type: r.On, OccurredAt: at, Properties: map[string]any{"kind": "whitepaper", "path": "/pricing"}})
			}
		}
		profile := person.Profile{"title": "vp", "company_size": "100", "industry": "finance"}
		adjustments := []Adjustment{{At: time.UnixMicro(first / 4), Policy: PolicyHalve}, {At: at.Add(-1), Policy: PolicyFloor}}
		e := s.Explain(profile, events, adjustments, at, Hot)
		if s.Recompute(adjustments, events).Newest <= at.UnixMicro() {
			require.Equal(t, s.Evaluate(profile, s.Recompute(adjustments, events), adjustments, at, Hot), e.Result)
		}
		addsUp(t, s, e)
	})
}
