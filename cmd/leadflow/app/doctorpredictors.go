package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/store"
)

// checkPredictors tells of predictors in use that are not what they were, as found last on the schedule, with the number behind it, and of
// a schedule that does not run.
func checkPredictors(ctx context.Context, s *store.Store, every time.Duration, now time.Time) Check {
	check := Check{Name: "predictors"}
	all, err := s.NewestHealth(ctx)
	var alarms, late []string
	for _, h := range all {
		for _, a := range h.Alarms {
			alarms = append(alarms, fmt.Sprintf("predictor %d: %s", h.Predictor, a))
		}
		if age := now.Sub(h.At); every > 0 && age > 3*every {
			late = append(late, fmt.Sprintf("predictor %d was looked at %s ago, and is to be every %s", h.Predictor, age.Round(time.Minute), every))
		}
	}
	switch {
	case err != nil:
		check.Says, check.Mend = err.Error(), "look again; if it stays, the log of Postgres says why"
	case len(alarms) > 0:
		check.Says, check.Mend = strings.Join(alarms, "; "), "train again: leadflow model train --keep; then leadflow predictor use VERSION; leadflow model health says more"
	case len(late) > 0:
		check.Says, check.Mend = strings.Join(late, "; "), "start a worker; in the Temporal UI, under Schedules, predictor-health must not be paused"
	case len(all) == 0:
		check.OK, check.Says = true, "none in use was looked at"
	default:
		check.OK, check.Says = true, fmt.Sprintf("%d in use, nothing off", len(all))
	}
	return check
}
