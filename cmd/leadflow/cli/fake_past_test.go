package cli

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/backtest"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// scoreSeries answers five days of a score that rises.
func scoreSeries(w http.ResponseWriter, r *http.Request) {
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	out := record.ScoreSeries{
		LeadID: r.PathValue("id"), Model: 3, From: from, To: from.AddDate(0, 0, 4),
		Unknown: []record.Unknown{{Code: record.UnknownBefore, Detail: "nothing was known of the lead before 2025-03-02T00:00:00Z"}},
	}
	for i, score := range []int{0, 10, 40, 40, 70} {
		out.Items = append(out.Items, scoring.Moment{At: from.AddDate(0, 0, i), Result: scoring.Result{Score: score, Engagement: float64(score), Band: "cold", Grade: "D"}})
	}
	answerWith(w, http.StatusOK, out)
}

// performance answers in lines, as the API does with progress=true; of version 9 it breaks off, of version 8 with a problem.
func performance(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	_ = lines.Encode(map[string]int{"done": 50, "total": 200})
	switch r.PathValue("version") {
	case "9":
		return
	case "8":
		_ = lines.Encode(map[string]any{"problem": map[string]any{"title": "Service Unavailable", "detail": "Postgres does not answer", "code": "unavailable"}})
		return
	}
	share := func(x float64, of int) backtest.Share {
		return backtest.Share{Of: of, Share: &x, Low: new(x - 0.1), High: new(x + 0.1)}
	}
	measured := func(version, picked int, auc float64) record.ModelMeasured {
		at := func(threshold int) backtest.Point {
			return backtest.Point{Threshold: threshold, Picked: picked, Won: 20, Precision: share(0.4, picked), Recall: share(2./3, 30), Lift: new(2.0)}
		}
		return record.ModelMeasured{Model: version, Measured: backtest.Measured{
			AUC: &backtest.Interval{Value: auc, Low: auc - 0.05, High: auc + 0.05}, Own: at(100), Thresholds: []backtest.Point{at(120), at(100)},
			Deciles: []backtest.Decile{{Decile: 1, From: 110, To: 140, Leads: 15, Won: 9, Conversion: share(0.6, 15), Lift: new(3.0)}, {Decile: 4, From: 0, To: 109, Leads: 135, Won: 21, Conversion: share(0.1556, 135)}},
		}}
	}
	_ = lines.Encode(map[string]any{"performance": record.Performance{
		Model: 13, Published: 12, Decision: "offer", MatureDays: 90, Decisions: 200, Used: 150, Won: 30, LeftOut: record.LeftOut{Young: 40, Erased: 10},
		Models: []record.ModelMeasured{measured(13, 50, 0.7512345), measured(12, 60, 0.7)}, AUCDifference: &backtest.Interval{Value: 0.0512, Low: 0.01, High: 0.09},
		Says: []string{"only leads that were offered or became MQLs have an outcome"},
	}})
}
