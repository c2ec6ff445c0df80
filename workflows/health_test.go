package workflows_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/workflows"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// watcher fails a few times, with an error that quotes what no history may hold.
type watcher struct{ fails int }

func (w *watcher) Watch(context.Context) (wire.PredictorsSeen, error) {
	if w.fails--; w.fails >= 0 {
		return wire.PredictorsSeen{}, errors.New("duplicate key: zyxada@example.com")
	}
	return wire.PredictorsSeen{Seen: 2, Retrain: 1}, nil
}

func TestPredictorHealth_triesAgainAndAnswersCounts(t *testing.T) {
	t.Parallel()
	for fails, ends := range map[int]bool{0: true, 3: true, 99: false} {
		env := environment(t)
		env.RegisterActivity(&activities.Predictors{Watcher: &watcher{fails}})
		env.ExecuteWorkflow(workflows.PredictorHealth)
		require.True(t, env.IsWorkflowCompleted())
		err := env.GetWorkflowError()
		if !ends {
			require.Error(t, err, "it does not try for ever: the next run of the schedule does")
			require.NotContains(t, err.Error(), "zyxada")
			continue
		}
		require.NoError(t, err)
		var got wire.PredictorsSeen
		require.NoError(t, env.GetWorkflowResult(&got))
		require.Equal(t, wire.PredictorsSeen{Seen: 2, Retrain: 1}, got)
	}
}
