package lifecycle

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// followed folds events one after the other, which none may refuse.
func followed(t *testing.T, l Lead, all ...Event) Lead {
	t.Helper()
	for _, e := range all {
		got, _, err := l.Apply(e, rules())
		require.NoError(t, err, "%s", e.Kind)
		l = got
	}
	return l
}

// offeredLead is a lead that is offered to a rep, at noon.
func offeredLead(t *testing.T) Lead {
	t.Helper()
	l := Lead{ID: "l", Stage: StageQualified, Cycle: 1, Asked: 1, Asking: true, SLA: SLAClock{State: SLANone}, Position: Position{Sequence: "welcome", Version: 1, Step: "a"}}
	return followed(t, l, Event{Kind: Offered, At: noon, Command: l.id("offer/1"), Offer: offer(1, "rep", noon)})
}

func decision(kind EventKind, id, by, reason string, after time.Duration) Event {
	return Event{Kind: kind, At: noon.Add(after), Actor: Actor{Type: "rep", ID: by}, Decision: Decision{ID: id, By: by, Reason: reason}}
}

func undo(after time.Duration) Event {
	e := decision(Undone, "u", "rep", "", after)
	e.Undoes = "d"
	return e
}

// same compares what a life goes on with, beside the decision that was taken last and how often its clocks were planned.
func same(t *testing.T, want, got Lead) {
	t.Helper()
	want.Last, got.Last, want.Plans, got.Plans = Decision{}, Decision{}, 0, 0
	for _, r := range []*Run{&want.Touch, &want.Idle, &got.Touch, &got.Idle} {
		r.Asked = 0
	}
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(a), string(b))
}

func TestUndo_theLeadIsWhereItWas(t *testing.T) {
	t.Parallel()
	open := offeredLead(t)
	for _, e := range []Event{
		decision(Accepted, "d", "rep", "", time.Minute),
		decision(Rejected, "d", "rep", "not_ready", time.Minute),
		decision(Rejected, "d", "rep", "duplicate", time.Minute),
	} {
		after := followed(t, open, e)
		require.NotEqual(t, StageHandoff, after.Stage)
		back := followed(t, after, undo(9*time.Minute))
		same(t, open, back)
		require.Equal(t, StageWorking, followed(t, back, decision(Accepted, "d2", "rep", "", 10*time.Minute)).Stage, "and it can be decided anew")
	}
	working := followed(t, open, decision(Accepted, "a", "rep", "", time.Minute), decision(Qualified, "q", "rep", "", 2*time.Minute))
	after := followed(t, working, decision(Disqualified, "d", "rep", "spam", 3*time.Minute))
	require.Equal(t, StageDisqualified, after.Stage)
	require.Empty(t, after.Owner)
	same(t, working, followed(t, after, undo(4*time.Minute)))
}

// A rejection that went to the next rep: their offer is withdrawn, and one on its way finds nobody who waits for it.
func TestUndo_theNextOfferIsWithdrawn(t *testing.T) {
	t.Parallel()
	open := offeredLead(t)
	asked := followed(t, open, decision(Rejected, "d", "rep", "no_capacity", time.Minute))
	require.True(t, asked.Asking)
	back := followed(t, asked, undo(2*time.Minute))
	require.Equal(t, "assignment-rep", back.Assignment)
	require.Empty(t, back.Passed)
	late, out, err := back.Apply(Event{Kind: Offered, At: noon.Add(3 * time.Minute), Command: back.id("offer/2"), Offer: offer(2, "next", noon)}, rules())
	require.NoError(t, err)
	require.Equal(t, "assignment-rep", late.Assignment)
	require.Equal(t, "withdrawn", out.Entries[0].Outcome)

	next := followed(t, asked, Event{Kind: Offered, At: noon.Add(2 * time.Minute), Command: asked.id("offer/2"), Offer: offer(2, "next", noon)})
	back, out, err = next.Apply(undo(3*time.Minute), rules())
	require.NoError(t, err)
	require.Equal(t, "rep", back.Owner)
	require.Len(t, out.Entries, 2)
	require.Equal(t, Entry{Kind: Offered, At: noon.Add(3 * time.Minute), Assignment: "assignment-next", Outcome: "withdrawn", Why: "undone", Actor: System, Cycle: 1}, out.Entries[1])
	require.Equal(t, "d", out.Entries[0].Undoes)
}

// given is a lead at work that was given to another rep.
func given(t *testing.T, l Lead) Lead {
	t.Helper()
	l = followed(t, l, Event{Kind: Reassigned, At: noon, Rep: "other"})
	return followed(t, l, Event{Kind: Assigned, At: noon, Command: l.id("assign/%d/other", l.Asked), Offer: offer(2, "other", noon)})
}

func TestUndo_isRefused(t *testing.T) {
	t.Parallel()
	open := offeredLead(t)
	taken := followed(t, open, decision(Accepted, "d", "rep", "", 0))
	rerouted := followed(t, open, decision(Rejected, "d", "rep", "no_capacity", 0))
	rerouted = followed(t, rerouted, Event{Kind: Offered, At: noon, Command: rerouted.id("offer/2"), Offer: offer(2, "next", noon)})
	other := undo(time.Minute)
	other.Undoes = "x"
	stranger := undo(time.Minute)
	stranger.Decision.By = "stranger"
	for name, c := range map[string]struct {
		lead Lead
		e    Event
		code string
	}{
		"too late":           {taken, undo(10*time.Minute + time.Second), CodeTooLate},
		"another's":          {taken, stranger, CodeNotYourOffer},
		"another decision":   {taken, other, CodeNothingToUndo},
		"went on":            {followed(t, taken, decision(Qualified, "q", "rep", "", 0)), undo(time.Minute), CodeWrongStage},
		"lost since":         {followed(t, taken, decision(Lost, "q", "rep", "price", 0)), undo(time.Minute), CodeNothingToUndo},
		"paused since":       {followed(t, taken, Event{Kind: Paused, At: noon}), undo(time.Minute), CodeNothingToUndo},
		"resumed since":      {followed(t, followed(t, open, Event{Kind: Paused, At: noon}, decision(Accepted, "d", "rep", "", 0)), Event{Kind: Resumed, At: noon}), undo(time.Minute), CodeNothingToUndo},
		"given to another":   {given(t, taken), undo(time.Minute), CodeNothingToUndo},
		"the next took it":   {followed(t, rerouted, decision(Accepted, "n", "next", "", 0)), undo(time.Minute), CodeNothingToUndo},
		"won":                {followed(t, taken, decision(Won, "w", "rep", "", 0)), undo(time.Minute), CodeWrongStage},
		"nothing was":        {open, undo(time.Minute), CodeNothingToUndo},
		"already in a cycle": {followed(t, followed(t, open, decision(Rejected, "d", "rep", "not_ready", 0)), decision(Recycled, "r", "", "", time.Minute)), undo(2 * time.Minute), CodeWrongStage},
	} {
		got, out, err := c.lead.Apply(c.e, rules())
		var no *Refusal
		require.ErrorAs(t, err, &no, name)
		require.Equal(t, c.code, no.Code, name)
		require.Equal(t, c.lead, got)
		require.Empty(t, out)
	}
	again := followed(t, open, decision(Rejected, "d", "rep", "not_ready", 0), Event{Kind: Passed, At: noon.Add(time.Minute), Clock: Clock{Kind: ClockCoolDown}})
	require.Equal(t, []any{StageNurturing, (*Undo)(nil)}, []any{again.Stage, again.Undo}, "an offer of the next cycle is another")
	waited := undo(2 * time.Hour) // the engine was away
	waited.Asked = noon.Add(9 * time.Minute)
	require.Equal(t, StageHandoff, followed(t, taken, waited).Stage)
	back := followed(t, taken, undo(time.Minute))
	_, out, err := back.Apply(undo(2*time.Minute), rules())
	require.NoError(t, err)
	require.True(t, out.Same, "the same again is granted without effect")
}
