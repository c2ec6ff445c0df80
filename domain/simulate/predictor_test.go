package simulate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// A predictor that goes by the source and by what a lead did knows both in a simulation, as it does in the store.
func TestRun_aPredictorKnowsSourceAndEvents(t *testing.T) {
	t.Parallel()
	in := house(t, 60, 40)
	in.Model.Caps.Fit = nil
	in.Model.Predictive = &scoring.Predictive{Use: scoring.UseAxis, Points: 60, Predictor: scoring.Predictor{
		Target: "won", Outcomes: 400, Positive: 100, Intercept: -1,
		Features: []scoring.Feature{
			{Field: scoring.FieldSource, Levels: []scoring.Level{{Value: "social", Weight: -2}, {Value: "webinar", Weight: 2}}},
			{Field: scoring.FieldEvents + "page_view", Curve: []scoring.Knot{{At: 0, Value: -2}, {At: 10, Value: 2}}},
		},
		Calibration: scoring.Calibration{Method: scoring.Platt, B: 1},
	}}
	scores, err := simulate.Scores(in)
	require.NoError(t, err)
	seen := map[int]bool{}
	for i, s := range scores {
		require.Equal(t, s.Anew, s.Stands, "lead %d", i)
		seen[s.Stands] = true
	}
	require.Greater(t, len(seen), 20)
}
