package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func away(assignment string) Event {
	return Event{Kind: RepAway, Offer: Offer{Assignment: assignment}}
}

func commands(out Outcome, k CommandKind) (ids []string) {
	for _, c := range out.Commands {
		if c.Kind == k {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Who is away loses the open offer at once, and nobody else does: the run may have gone on by the time it hears of it.
func TestRepAway_offersToSomebodyElse(t *testing.T) {
	t.Parallel()
	l := New("l")
	l.Stage = StageNurturing
	l, _ = applied(t, l, Event{Kind: Triggered, Trigger: "demo_request"})
	l, _ = applied(t, l, Event{Kind: Offered, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})

	same, out := applied(t, l, away("assignment-bob"))
	require.Equal(t, l, same, "that offer is not open")
	require.Empty(t, out.Commands)

	l, out = applied(t, l, away("assignment-ann"))
	require.Equal(t, []string{"l/1/offer/2"}, commands(out, CommandOffer))
	require.Empty(t, out.Commands[0].Exclude, "they did not pass: they may have it when they are back")
	require.Zero(t, l.Made-l.Void, "nobody had that offer")
	require.Empty(t, l.Owner)
	require.NotContains(t, l.Clocks, ClockAccept)
	require.Equal(t, StageHandoff, l.Stage)
	require.Equal(t, []EventKind{RepAway, Offered}, []EventKind{out.Entries[0].Kind, out.Entries[1].Kind})
	require.Equal(t, []string{"assignment-ann", "withdrawn", "rep_away"}, []string{out.Entries[1].Assignment, out.Entries[1].Outcome, out.Entries[1].Why})

	again, out := applied(t, l, away("assignment-ann")) // told twice
	require.Empty(t, out.Commands)
	again, _ = applied(t, again, Event{Kind: Offered, Command: "l/1/offer/2", Offer: offer(2, "bob", noon)})
	require.Equal(t, "bob", again.Owner)
}

// The run hears of the absence before it hears of the offer itself.
func TestRepAway_beforeTheOfferIsThere(t *testing.T) {
	t.Parallel()
	l := New("l")
	l.Stage = StageNurturing
	l, _ = applied(t, l, Event{Kind: Triggered, Trigger: "demo_request"})
	l, out := applied(t, l, away("assignment-ann"))
	require.Empty(t, out.Commands)
	l, out = applied(t, l, Event{Kind: Offered, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})
	require.Equal(t, []string{"l/1/offer/2"}, commands(out, CommandOffer))
	require.Empty(t, l.Left)
	require.Empty(t, l.Owner)
}

// While the lead is paused it goes to the queue, and is offered anew at the end of the pause.
func TestRepAway_whilePaused(t *testing.T) {
	t.Parallel()
	l := New("l")
	l.Stage = StageNurturing
	l, _ = applied(t, l, Event{Kind: Triggered, Trigger: "demo_request"})
	l, _ = applied(t, l, Event{Kind: Offered, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})
	l, _ = applied(t, l, Event{Kind: Paused})
	l, out := applied(t, l, away("assignment-ann"))
	require.Empty(t, out.Commands)
	require.Equal(t, StageQualified, l.Stage)
	_, out = applied(t, l, Event{Kind: Resumed})
	require.Equal(t, []string{"l/1/offer/2"}, commands(out, CommandOffer))
}
