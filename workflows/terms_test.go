package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// A run of an older edition lets a change of terms pass, as the program did that began it: its replay must do the same.
func TestLead_aRunOfAnOlderEditionLetsTermsPass(t *testing.T) {
	t.Parallel()
	story := []message{
		tell(30, 1, "mql"),
		{at: at(60), signal: wire.SignalEngagement, body: tell(60, 2, wire.TriggerTerms).body, do: func(w *world) { w.within = 80 * time.Hour }},
		decide(200, wire.UpdateAccept, by("cyd")), decide(210, wire.UpdateWin, wire.Decision{}),
	}
	w := newWorld()
	got := live(t, w, story, staging{old: true})
	require.Equal(t, lifecycle.StageWon, got.Stage)
	require.Contains(t, w.decided(), "1/sla/1/escalate", "the old deadline held")
	for _, c := range w.done {
		require.NotContains(t, c.ID, "plan/terms")
	}
}
