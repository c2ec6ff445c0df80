package app

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
)

const watchedPredictor = `{"target": "won", "outcomes": 200, "positive": 50, "intercept": 0, "features": [
	{"field": "industry", "levels": [{"value": "Software", "weight": 2}], "other": -1, "missing": -0.5}], "calibration": {"method": "platt", "b": 1}}`

// The newest look at a predictor in use is told as metrics and by the doctor, with the number behind it; of one that is not in use nothing is.
func TestPredictorHealth_isTold(t *testing.T) {
	cfg := house(t)
	s, err := OpenStore(t.Context(), cfg)
	require.NoError(t, err)
	defer s.Close()
	ctx := t.Context()
	p, err := s.KeepPredictor(ctx, record.KeptPredictor{Origin: record.OriginLeads, Author: "ann", Predictor: json.RawMessage(watchedPredictor), Card: json.RawMessage(`{}`)})
	require.NoError(t, err)
	found := func(state string, alarms []string, health string) {
		t.Helper()
		require.NoError(t, s.KeepHealth(ctx, record.PredictorHealth{Predictor: p.Version, State: state, Leads: 321, Alarms: alarms, Health: json.RawMessage(health)}))
	}
	check := func(now time.Time) Check { return checkPredictors(ctx, s, time.Hour, now) }
	found(record.HealthRetrain, []string{"industry is not what it was: stability index 0.31"}, `{}`)
	require.Empty(t, predictorMetrics(t, s), "it is not in use")
	require.True(t, check(time.Now()).OK)

	m, err := s.CreateModel(ctx, record.Model{Source: "x", Document: json.RawMessage(`{"predictive": {"use": "shadow", "version": 1, "predictor": ` + watchedPredictor + `},
		"engagement": [{"id": "form", "on": "form_submit", "points": 5}]}`)})
	require.NoError(t, err)
	_, err = s.PublishModel(ctx, m.Version)
	require.NoError(t, err)
	got := predictorMetrics(t, s)
	require.InDelta(t, 1, got["leadflow_predictor_alarms"], 0)
	require.InDelta(t, 321, got["leadflow_predictor_leads"], 0)
	require.Less(t, got["leadflow_predictor_seen_seconds"], 120.0)
	require.NotContains(t, got, "leadflow_predictor_auc", "there is no period yet")
	off := check(time.Now())
	require.False(t, off.OK)
	require.Equal(t, "predictor 1: industry is not what it was: stability index 0.31", off.Says)
	require.Contains(t, off.Mend, "leadflow model train --keep")

	found(record.HealthHolds, []string{}, `{"logits": 0.07, "periods": [{"auc": {"value": 0.6}}, {"auc": {"value": 0.81, "low": 0.7, "high": 0.9}}]}`)
	got = predictorMetrics(t, s)
	require.Equal(t, []float64{0, 0.81, 0.07}, []float64{got["leadflow_predictor_alarms"], got["leadflow_predictor_auc"], got["leadflow_predictor_stability"]})
	require.True(t, check(time.Now()).OK)
	late := check(time.Now().Add(4 * time.Hour))
	require.False(t, late.OK, "nobody looks any more")
	require.Contains(t, late.Mend, "start a worker")
}

// predictorMetrics are those of predictors, each of which has one version.
func predictorMetrics(t *testing.T, s *store.Store) map[string]float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	require.NoError(t, r.Register(predictorsSeen{s}))
	families, err := r.Gather()
	require.NoError(t, err)
	out := map[string]float64{}
	for _, f := range families {
		require.Len(t, f.Metric, 1, f.GetName())
		require.Equal(t, "predictor 1", f.Metric[0].Label[0].GetName()+" "+f.Metric[0].Label[0].GetValue())
		out[f.GetName()] = f.Metric[0].Gauge.GetValue()
	}
	return out
}
