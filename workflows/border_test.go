package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// What is no id and no code reaches neither the timeline nor Postgres, which would refuse it for ever.
func TestBorder_keepsOutWhatIsNoIDAndNoCode(t *testing.T) {
	t.Parallel()
	w := newWorld()
	got := live(t, w, []message{
		{at: at(1), signal: wire.SignalPause, body: wire.Decision{Reason: "x\x00y"}},
		{at: at(2), signal: wire.SignalEngagement, body: wire.Engagement{
			Seq: 1, Band: "b\x00", Triggers: []wire.Trigger{{Kind: "nobody@person.example says hi", Seq: 1}},
		}},
		tell(3, 2, "demo_request"),
		{at: at(4), signal: wire.SignalAccept, body: wire.Decision{RepID: "a\x00b"}},
		{at: at(5), update: wire.UpdateAccept, body: wire.Decision{RepID: "a\x00b"}, refused: lifecycle.CodeMalformed},
		decide(6, wire.UpdateAccept, by("ann")), decide(7, wire.UpdateWin, wire.Decision{}),
	}, staging{})
	require.Equal(t, lifecycle.StageWon, got.Stage)
	refused := 0
	for _, e := range w.entries {
		require.NotContains(t, e.entry.Why+e.entry.Actor.ID+e.entry.Refused, "\x00")
		require.NotContains(t, e.entry.Why, "nobody")
		if e.entry.Refused == lifecycle.CodeMalformed {
			refused++
		}
	}
	require.Equal(t, 2, refused, "both signals are on the timeline as refused")
}

// In the team queue somebody who may not have the lead is asked about first; who comes meanwhile waits and gets it.
func TestQueue_aSignalWaitsForWhoCameBefore(t *testing.T) {
	t.Parallel()
	w := newWorld()
	got := live(t, w, []message{
		tell(1, 1, "demo_request"),
		decide(2, wire.UpdateReject, because("ann", "no_capacity")),
		decide(4, wire.UpdateReject, because("bob", "no_capacity")),
		{at: at(6), signal: wire.SignalAccept, body: by("nobody"), away: true},
		{at: at(6), signal: wire.SignalAccept, body: by("cyd")},
		{at: at(8), do: func(w *world) { require.Equal(t, lifecycle.StageWorking, w.saved.Lead.Stage) }},
		decide(9, wire.UpdateWin, wire.Decision{}),
	}, staging{})
	require.Equal(t, lifecycle.StageWon, got.Stage)
	for _, e := range w.entries {
		require.NotEqual(t, lifecycle.CodeBusy, e.entry.Refused)
	}
}
