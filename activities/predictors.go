package activities

import (
	"context"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Predictors looks after what was learned from outcomes.
type Predictors struct{ Watcher Watcher }

// Watcher compares what predictors foretold with what came of it.
type Watcher interface {
	// Watch looks at each predictor in use, and keeps what it finds. Again it finds the same, and keeps it again.
	Watch(ctx context.Context) (wire.PredictorsSeen, error)
}

// WatchPredictors looks whether the predictors in use still hold.
func (p *Predictors) WatchPredictors(ctx context.Context) (wire.PredictorsSeen, error) {
	seen, err := p.Watcher.Watch(ctx)
	return seen, scrub(ctx, err)
}
