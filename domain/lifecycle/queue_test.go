package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A lead for whom there is nobody says so once, and looks less and less often until there is somebody.
func TestNoRep_isToldOnceAndAskedLessAndLess(t *testing.T) {
	t.Parallel()
	p := Policy{SLA: SLA{Accept: AcceptSLA{Within: 4 * 3600 * 1e9, MaxOffers: 2}}}
	l, now := New("l"), time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	l.Stage = StageNurturing
	told, last := 0, time.Duration(0)
	fold := func(e Event) Outcome {
		e.At = now
		next, out, err := l.Apply(e, p)
		require.NoError(t, err)
		l = next
		return out
	}
	asked := fold(Event{Kind: Triggered, Trigger: "demo_request"}).Commands
	for range 8 {
		require.Len(t, asked, 1)
		for _, e := range fold(Event{Kind: NoRepFound, Command: asked[0].ID}).Entries {
			require.Equal(t, "no_rep", e.Why)
			told++
		}
		wait := l.Due().Sub(now)
		require.GreaterOrEqual(t, wait, last)
		require.LessOrEqual(t, wait, time.Hour)
		last, now = wait, l.Due()
		var k Clock
		l, k, _, _ = l.PopDue(now)
		asked = fold(Event{Kind: Passed, Clock: k}).Commands
	}
	require.Equal(t, 1, told)
	require.Equal(t, time.Hour, last)
	out := fold(Event{Kind: Offered, Command: asked[0].ID, Offer: Offer{Assignment: "a", Rep: "ann", At: now}})
	require.Equal(t, "ann", out.Entries[0].Rep)
	require.NotEmpty(t, out.Entries[0].Why)
	require.Zero(t, l.Unmet)
}

// What is decided without a name is decided by who has the lead: another decision is told so.
func TestDecision_namesWhoHasTheLead(t *testing.T) {
	t.Parallel()
	l := New("l")
	l.Stage, l.Owner = StageWorking, "ann"
	l, _, err := l.Apply(Event{Kind: Won, At: time.Unix(1, 0)}, Policy{})
	require.NoError(t, err)
	var no *Refusal
	require.ErrorAs(t, l.Check(Event{Kind: Lost, Decision: Decision{Reason: "price"}}, Policy{}), &no)
	require.Equal(t, "ann", no.DecidedBy)
}
