package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Of several predictors that are watched each is judged by its newest look; what was off before, and is well again, is no alarm.
func TestUnhealthy_goesByTheNewestLookAtEach(t *testing.T) {
	t.Parallel()
	seen := func(predictor int, alarms ...string) record.PredictorHealth {
		return record.PredictorHealth{Predictor: predictor, Alarms: alarms}
	}
	require.NoError(t, unhealthy([]record.PredictorHealth{seen(2), seen(1), seen(2, "was off"), seen(1, "was off")}))
	var f *failure
	require.ErrorAs(t, unhealthy([]record.PredictorHealth{seen(2), seen(1, "auc 0.5"), seen(1)}), &f)
	require.Equal(t, []any{"predictor 1 is not what it was", "auc 0.5", ExitPartial}, []any{f.what, f.why, f.code})
	require.Contains(t, f.next, "leadflow model train --keep")
	require.ErrorAs(t, unhealthy([]record.PredictorHealth{seen(2, "a", "b"), seen(1, "c")}), &f)
	require.Equal(t, []string{"predictors 2, 1 are not what they were", "a\nb\nc"}, []string{f.what, f.why})
}
