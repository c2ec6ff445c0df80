package activities

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestDelay_isWhatAnOutageTook(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	require.Equal(t, 72*time.Hour, delay(activity.Info{ScheduledTime: now, StartedTime: now.Add(72 * time.Hour)}))
	require.Zero(t, delay(activity.Info{ScheduledTime: now, StartedTime: now.Add(time.Second)}), "what is usual moves no deadline")
	require.Zero(t, delay(activity.Info{ScheduledTime: now, StartedTime: now.Add(-time.Hour)}))
}

type asked struct {
	Sales
	at time.Time
}

func (a *asked) Offer(_ context.Context, c lifecycle.Command) (record.Granted, error) {
	a.at = c.At
	return record.Granted{}, nil
}

func TestOfferHandoff_takesTheMomentOfTheDecision(t *testing.T) {
	t.Parallel()
	a, at := &asked{}, time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	_, err := (&Handoffs{Sales: a}).OfferHandoff(t.Context(), lifecycle.Command{At: at})
	require.NoError(t, err)
	require.Equal(t, at, a.at)
}
