package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Predictors are what was learned from outcomes, and the outcomes.
type Predictors interface {
	// PredictorsInUse are those that the published model or one that scores along names, with their cards.
	PredictorsInUse(ctx context.Context) ([]record.KeptPredictor, error)
	Examples(ctx context.Context, newest int) (record.Examples, error)
	KeepHealth(ctx context.Context, h record.PredictorHealth) error
}

// watching compares what predictors foretold with what came of it.
type watching struct{ of Predictors }

// watched is of how many of the newest leads that came to an end a look is: six periods of some thousands tell, and all are in memory.
const watched = 20_000

// Watch looks at each predictor in use, and keeps what it finds.
func (w watching) Watch(ctx context.Context) (wire.PredictorsSeen, error) {
	var seen wire.PredictorsSeen
	used, err := w.of.PredictorsInUse(ctx)
	if err != nil || len(used) == 0 {
		return seen, err
	}
	ended, err := w.of.Examples(ctx, watched)
	if err != nil {
		return seen, err
	}
	mature, young := predict.Mature(ended, time.Now())
	for _, p := range used {
		h, err := look(p, mature)
		if err != nil {
			return seen, err
		}
		h.Young = young
		if err := w.of.KeepHealth(ctx, h); err != nil {
			return seen, err
		}
		seen.Seen++
		switch h.State {
		case record.HealthRetrain:
			seen.Retrain++
		case record.HealthTooFew:
			seen.TooFew++
		}
	}
	return seen, nil
}

// look asks one predictor about the leads that came to an end after it was trained.
func look(p record.KeptPredictor, ended record.Examples) (record.PredictorHealth, error) {
	out := record.PredictorHealth{Predictor: p.Version, State: record.HealthTooFew, Alarms: []string{}}
	var is scoring.Predictor
	var card predict.Card
	if err := errors.Join(json.Unmarshal(p.Predictor, &is), json.Unmarshal(p.Card, &card)); err != nil {
		return out, fmt.Errorf("predictor %d cannot be read: %w", p.Version, err)
	}
	table, m := predict.FromLeads(predict.Since(ended, card))
	out.Leads = len(table.Rows)
	h, err := predict.Watch(table, m, is, card)
	if few := (*predict.TooFew)(nil); errors.As(err, &few) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if out.State = record.HealthHolds; h.Retrain {
		out.State, out.Alarms = record.HealthRetrain, h.Alarms
	}
	out.Health, err = json.Marshal(h)
	return out, err
}
