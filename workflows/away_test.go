package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Who is away loses the offer at once, however often the run rolls over; a word about an offer that is over changes nothing, and one
// that names no offer is kept out.
func TestAway_theOfferGoesToSomebodyElse(t *testing.T) {
	t.Parallel()
	for _, s := range []staging{{}, {roll: at(3)}, {lost: at(3)}} {
		w := newWorld()
		got := live(t, w, []message{
			tell(1, 1, "demo_request"),
			{at: at(2), do: func(w *world) { w.repAway = "ann" }},
			tell(2.5, 2, lifecycle.TriggerRepAway, lifecycle.TriggerRepAway+":", lifecycle.TriggerRepAway+":not an id"),
			{at: at(3), do: func(w *world) { require.Equal(t, "ann", w.saved.Lead.Owner) }},
			tell(4, 3, lifecycle.TriggerRepAway+":l-1-offer-1"),
			{at: at(5), do: func(w *world) { require.Equal(t, "bob", w.saved.Lead.Owner) }},
			tell(6, 4, lifecycle.TriggerRepAway+":l-1-offer-1"),
			decide(7, wire.UpdateAccept, by("bob")),
			decide(8, wire.UpdateWin, wire.Decision{}),
		}, s)
		require.Equal(t, lifecycle.StageWon, got.Stage)
		require.Equal(t, "bob", got.Owner)
		n := 0
		for _, e := range w.entries {
			if e.entry.Kind == lifecycle.RepAway {
				n++
				require.Equal(t, "rep_away", e.entry.Why)
			}
		}
		require.Equal(t, 1, n)
	}
}
