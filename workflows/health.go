package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// PredictorHealth looks whether the predictors in use still hold: a run of the schedule that every worker sees to. What was found
// is in Postgres; the answer only counts.
func PredictorHealth(ctx workflow.Context) (wire.PredictorsSeen, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 15 * time.Minute, // all leads that came to an end are read
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute, MaximumAttempts: 20},
		Summary:             "compare what the predictors in use foretold with what came of it",
	})
	var p *activities.Predictors
	var seen wire.PredictorsSeen
	err := workflow.ExecuteActivity(ctx, p.WatchPredictors).Get(ctx, &seen)
	return seen, err
}
