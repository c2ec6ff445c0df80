package activities

import (
	"context"
	"errors"
	"log/slog"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Error types a history may show.
const (
	ErrTypeGone        = "Gone"        // the person was erased or never existed: no retry helps
	ErrTypeUnavailable = "Unavailable" // Postgres did not answer as it should: tried again
)

// scrub keeps values out of history: what went wrong is logged here, once, and leaves as a code.
func scrub(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, record.ErrNotFound), errors.Is(err, record.ErrErased):
		return temporal.NewNonRetryableApplicationError("the lead is gone", ErrTypeGone, nil)
	}
	name := ""
	if activity.IsActivity(ctx) {
		name = activity.GetInfo(ctx).ActivityType.Name
	}
	slog.WarnContext(ctx, "activity failed and will be tried again", "activity", name, "error", err)
	return temporal.NewApplicationError("the store did not answer", ErrTypeUnavailable)
}
