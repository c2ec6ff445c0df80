package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// An offer of which the run hears after all its deadlines is not taken from a rep who accepted it in time: the run asks, waits
// and hears of it, however often it rolls over or is lost.
func TestInTime_whoDecidedInTimeHasTheLead(t *testing.T) {
	t.Parallel()
	for _, s := range []staging{{}, {roll: 20 * time.Second}, {lost: 7 * time.Minute}, {slow: 2 * time.Second}} {
		w := newWorld()
		w.late, w.waits = -60*time.Hour, true // taken away ten hours ago
		accept := by("ann")
		accept.AskedAt = start.Add(-30 * time.Hour)
		got := live(t, w, []message{
			tell(1, 1, "demo_request"),
			{at: at(1) + 20*time.Second, do: func(w *world) { require.Equal(t, "ann", w.saved.Lead.Owner) }},
			{at: at(1) + 40*time.Second, update: wire.UpdateAccept, body: accept},
			{at: at(1) + 50*time.Second, do: func(w *world) { w.waits = false }},
			decide(2, wire.UpdateWin, wire.Decision{}),
		}, s)
		require.Equal(t, lifecycle.StageWon, got.Stage)
		require.Equal(t, "ann", got.Owner)
		require.GreaterOrEqual(t, w.asked, 2, "%+v", s)
		require.Equal(t, 1, got.Asked, "nobody else was offered it")
		met := false
		for _, e := range w.entries {
			require.NotEqual(t, "missed", e.entry.Outcome)
			met = met || e.entry.Outcome == "accepted"
		}
		require.True(t, met)
	}
}

// Where nobody decided the next rep has it at once. What v0.1.0 began never asks.
func TestInTime_nobodyDecided(t *testing.T) {
	t.Parallel()
	for _, s := range []staging{{}, {roll: 20 * time.Second}, {old: true}} {
		w := newWorld()
		w.late, w.waits = -60*time.Hour, s.old
		live(t, w, []message{
			tell(1, 1, "demo_request"),
			{at: at(1) + 5*time.Second, do: func(w *world) {
				require.Equal(t, lifecycle.StageQualified, w.saved.Lead.Stage, "two offers, both too late")
				require.Equal(t, []string{"ann", "bob"}, w.saved.Lead.Passed)
			}},
			decide(2, wire.UpdateAccept, by("cyd")),
			decide(3, wire.UpdateWin, wire.Decision{}),
		}, s)
		require.Equal(t, s.old, w.asked == 0)
	}
}

// A signal is in the history since it was sent: what it says of when it was decided counts for nothing.
func TestInTime_aSignalIsNotDatedBack(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.late = -45 * time.Hour // the deadline was five hours ago
	accept := by("ann")
	accept.AskedAt = start.Add(-30 * time.Hour)
	got := live(t, w, []message{
		tell(1, 1, "demo_request"),
		{at: at(2), signal: wire.SignalAccept, body: accept},
		{at: at(3), do: func(w *world) { require.Equal(t, lifecycle.SLABreached, w.saved.Lead.SLA.State) }},
		decide(4, wire.UpdateWin, wire.Decision{}),
	}, staging{})
	require.Equal(t, "ann", got.Owner)
}
