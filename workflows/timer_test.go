package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// A timer that is set before the answer of the same workflow task is known, and taken back because of it, is two events of
// the history and one billable action for nothing, at each step of a sequence.
func TestTimer_isSetOnceTheTaskKnowsWhen(t *testing.T) {
	t.Parallel()
	erase := []message{decide(24*60, wire.UpdateErase, wire.Decision{})}
	now, old := newWorld(), newWorld()
	live(t, now, erase, staging{})
	live(t, old, erase, staging{old: true})
	require.Equal(t, old.decided(), now.decided())
	require.Zero(t, now.canceled)
	require.Positive(t, now.timers)
	require.Positive(t, old.canceled, "what v0.1.0 began goes on as it began")
	require.Equal(t, old.timers-old.canceled, now.timers)
}
