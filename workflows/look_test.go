package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Somebody is free: the lead that waits looks at once, whatever else it is told with the same word, and not when its own wait is over. Told twice, it
// looks once.
func TestLook_aLeadInTheQueueLooksAtOnce(t *testing.T) {
	t.Parallel()
	const later = 10 * time.Second // its own wait is longer
	for name, kinds := range map[string][]string{
		"alone": {wire.TriggerLook}, "beside something else": {wire.TriggerFirstTouch, wire.TriggerLook}, "as programs of before say it": nil,
	} {
		for _, s := range []staging{{}, {old: true}} {
			w := newWorld()
			w.allAway = true
			word := tell(1, 2, kinds...).body
			got := live(t, w, []message{
				tell(1, 1, "demo_request"),
				{at: at(1) + later, signal: wire.SignalEngagement, body: word, do: func(w *world) { w.allAway = false }},
				{at: at(1) + later + time.Second, signal: wire.SignalEngagement, body: word, do: func(w *world) {
					require.Equal(t, lifecycle.StageHandoff, w.saved.Lead.Stage, name)
				}},
				decide(2, wire.UpdateAccept, by("ann")), decide(3, wire.UpdateWin, wire.Decision{}),
			}, s)
			require.Equal(t, lifecycle.StageWon, got.Stage, name)
			require.Equal(t, 2, w.calls["l/1/offer/1"], "%s: in vain, and then with success", name)
		}
	}
}
