package predict

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// seen are leads that did something so many days ago, as a model sees them; those who did it convert more often.
func seen(t *testing.T, m scoring.Model, n int, ago time.Duration) record.Cases {
	t.Helper()
	require.Empty(t, m.Validate())
	s, err := scoring.New(m)
	require.NoError(t, err)
	draw := rand.New(rand.NewPCG(5, 5))
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	out := record.Cases{Version: 1, Model: m, Scorer: s}
	for range n {
		var events []scoring.Event
		chance := 0.2
		if draw.IntN(2) == 0 {
			events, chance = []scoring.Event{{ID: "1", Type: "chat", OccurredAt: now.Add(-ago)}}, 0.6
		}
		p := person.Profile{"industry": []string{"software", "mining"}[draw.IntN(2)]}
		out.Items = append(out.Items, record.Case{LeadID: "a", DecidedAt: now, Won: draw.Float64() < chance, Profile: p, Sight: s.See(p, events, nil, now)})
	}
	return out
}

// What came of leads is told in figures whatever a model says: a rule whose points have all but faded, one that gives next to nothing, the most
// there may be, and a model without any rule.
func TestInsight_ofModelsNobodyWouldWrite(t *testing.T) {
	t.Parallel()
	industry := scoring.FitRule{ID: "industry", Condition: scoring.Condition{Field: "industry", Equals: "software"}, Points: 10}
	chat := func(points float64, half time.Duration) scoring.Model {
		r := scoring.EngagementRule{ID: "chat", On: "chat", Points: points}
		require.NoError(t, json.Unmarshal([]byte(`"`+half.String()+`"`), &r.HalfLife))
		return scoring.Model{MQL: scoring.MQL{Score: 20}, Fit: []scoring.FitRule{industry}, Engagement: []scoring.EngagementRule{r}}
	}
	for name, c := range map[string]record.Cases{
		"faded":           seen(t, chat(10, time.Hour), 400, 20*time.Hour),
		"next to nothing": seen(t, chat(0.0001, 0), 400, time.Hour),
		"the most":        seen(t, chat(10_000, 0), 400, time.Hour),
		"only a predictor": seen(t, scoring.Model{MQL: scoring.MQL{Score: 20}, Predictive: &scoring.Predictive{Use: scoring.UseAxis, Points: 40, Predictor: scoring.Predictor{
			Target: "won", Outcomes: 400, Positive: 100, Features: []scoring.Feature{{Field: "industry", Levels: []scoring.Level{{Value: "software", Weight: 1}}}},
			Calibration: scoring.Calibration{Method: scoring.Platt, B: 1},
		}}}, 400, time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			effects, err := Effects(c)
			require.NoError(t, err)
			_, err = json.Marshal(effects)
			require.NoError(t, err)
			if effects.PerPoint != nil {
				require.False(t, math.IsInf(*effects.PerPoint, 0))
			}
			patterns, err := Patterns(c)
			require.NoError(t, err)
			_, err = json.Marshal(patterns)
			require.NoError(t, err)
			got, m, err := Suggest(c, 1)
			if err != nil {
				unusable := (*Unusable)(nil)
				require.ErrorAs(t, err, &unusable)
				t.Logf("%s: %s", unusable.Why, unusable.Next)
				return
			}
			_, err = json.Marshal(got)
			require.NoError(t, err)
			require.Empty(t, m.Validate())
			t.Logf("%+v", got.Items)
		})
	}
}
