package app

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadflow-dev/leadflow/predict"
	"github.com/leadflow-dev/leadflow/store"
)

// predictorsSeen is what was found last of the predictors in use, read when somebody asks. Every process tells the same.
type predictorsSeen struct{ store *store.Store }

var (
	predictorAlarms    = gauge("predictor_alarms", "What is off with a predictor in use, as found last on the schedule: 0 is well.", "predictor")
	predictorSeen      = gauge("predictor_seen_seconds", "How long ago that was.", "predictor")
	predictorLeads     = gauge("predictor_leads", "Leads with a mature outcome it was found by.", "predictor")
	predictorAUC       = gauge("predictor_auc", "Area under the ROC curve of the newest period.", "predictor")
	predictorStability = gauge("predictor_stability", "Population stability index of what it says; above 0.25 leads are others than in the training.", "predictor")
)

// Describe names the metrics.
func (predictorsSeen) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{predictorAlarms, predictorSeen, predictorLeads, predictorAUC, predictorStability} {
		ch <- d
	}
}

// Collect reads what was found; while Postgres is away there is nothing to tell.
func (p predictorsSeen) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := p.store.NewestHealth(ctx)
	if err != nil {
		return
	}
	for _, h := range all {
		tell := func(d *prometheus.Desc, value float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, strconv.Itoa(h.Predictor))
		}
		tell(predictorAlarms, float64(len(h.Alarms)))
		tell(predictorSeen, time.Since(h.At).Seconds())
		tell(predictorLeads, float64(h.Leads))
		var found predict.Health
		if json.Unmarshal(h.Health, &found) == nil && len(found.Periods) > 0 {
			tell(predictorAUC, found.Periods[len(found.Periods)-1].AUC.Value)
			tell(predictorStability, found.Logits)
		}
	}
}
