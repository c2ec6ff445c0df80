package document

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func stored(version int) (scoring.Predictor, bool) {
	return scoring.Predictor{
		Target: "won", Outcomes: 200, Positive: 50, Features: []scoring.Feature{{Field: "industry", Levels: []scoring.Level{{Value: "Software", Weight: 1}}}},
		Calibration: scoring.Calibration{Method: scoring.Platt, B: 1},
	}, version == 3
}

func TestParseModelWith_putsTheStoredPredictorIn(t *testing.T) {
	t.Parallel()
	const model = "engagement:\n  - {id: a, on: chat, points: 1}\npredictive: {use: axis, points: 10, version: 3}\n"
	m, err := ParseModelWith([]byte(model), stored)
	require.NoError(t, err)
	require.Equal(t, 3, m.Predictive.Version)
	require.Equal(t, 200, m.Predictive.Predictor.Outcomes)
	_, err = scoring.New(m)
	require.NoError(t, err)
	for source, says := range map[string]string{
		"predictive: {use: axis, points: 10, version: 4}":                                           "there is no predictor 4",
		"predictive: {use: axis, points: 10}":                                                       "predictive.predictor: is missing",
		"predictive: {use: shadow, version: 3, predictor: {features: [{field: city, missing: 1}]}}": "beside a predictor",
	} {
		_, err := ParseModelWith([]byte(source), stored)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "line 1", "it has a place")
	}
	_, err = ParseModel([]byte(model))
	require.ErrorContains(t, err, "no database to look it up")
}

func TestWithPredictive_replacesThatAndNothingElse(t *testing.T) {
	t.Parallel()
	shadow := scoring.Predictive{Use: scoring.UseShadow, Version: 3}
	for name, source := range map[string]string{
		"none":     "# ours\nengagement: # why\n  - {id: a, on: chat, points: 1}\n",
		"last":     "# ours\nengagement: # why\n  - {id: a, on: chat, points: 1}\npredictive:\n  use: axis\n  points: 4\n  version: 2\n",
		"first":    "predictive: {use: axis, points: 4,\n  version: 2}\n# ours\nengagement: # why\n  - {id: a, on: chat, points: 1}\n",
		"in quote": "# ours\n\"predictive\":\n\n  use: axis\n  points: 4\n  version: 2\nengagement: # why\n  - {id: a, on: chat, points: 1}",
		"json":     `{"engagement": [{"id": "a", "on": "chat", "points": 1}], "predictive": {"use": "axis", "points": 4, "version": 2}}`,
	} {
		got, err := WithPredictive(source, shadow)
		require.NoError(t, err, name)
		m, err := ParseModelWith([]byte(got), stored)
		require.NoError(t, err, "%s:\n%s", name, got)
		require.Equal(t, scoring.UseShadow, m.Predictive.Use)
		require.Equal(t, 3, m.Predictive.Version)
		require.Zero(t, m.Predictive.Points)
		require.Equal(t, "a", m.Engagement[0].ID)
		require.NotContains(t, got, `"predictor"`, "what is stored is named")
		if name != "json" {
			require.Contains(t, got, "engagement: # why\n", name)
		}
		again, err := WithPredictive(got, shadow)
		require.NoError(t, err)
		require.Equal(t, got, again)
	}
}
