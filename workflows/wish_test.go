package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// A lead that is un-scored while a step is under way wishes the same step again: it owes it once.
func TestWish_isOwedOnce(t *testing.T) {
	t.Parallel()
	r := &leadRun{}
	for _, id := range []string{"l/1/mail/a", "l/1/offer/1", "l/1/mail/a"} {
		r.wish(lifecycle.Command{ID: id})
	}
	require.Len(t, r.Outbox, 2)
}
