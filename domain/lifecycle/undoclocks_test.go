package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// acceptUntil is the plan of an offer's clocks by terms that give it so many hours from noon.
func acceptUntil(hours int) []Clock {
	at := noon.Add(time.Duration(hours) * time.Hour)
	return []Clock{{Kind: ClockAccept, Level: LevelDue, At: at}, {Kind: ClockAccept, Level: LevelReassign, At: at.Add(time.Hour)}}
}

// Terms that changed after a decision, whether the run heard of it or rested, are those of the offer that it is undone to.
func TestUndo_afterATermsChange(t *testing.T) {
	t.Parallel()
	p := rules()
	for _, kind := range []EventKind{Accepted, Rejected} {
		l := followed(t, offeredLead(t), decision(kind, "d", "rep", map[EventKind]string{Rejected: "not_ready"}[kind], time.Minute))
		l, _ = then(t, l, p, Event{Kind: Refreshed, At: noon.Add(2 * time.Minute), Replan: true})
		l, out := then(t, l, p, undo(3*time.Minute))
		plan := only(t, out, CommandPlan)
		require.Equal(t, []any{StageHandoff, noon, "assignment-rep", []Clock{{Kind: ClockAccept}}}, []any{plan.Stage, plan.Since, plan.Assignment, plan.Clocks})
		l = planned(t, l, p, plan, acceptUntil(6)...)
		require.Equal(t, noon.Add(6*time.Hour), l.SLA.DueAt)
	}
}

// A plan of the clocks of work that comes back when its acceptance is undone takes the offer none of its own; nor does one of the
// offer's that comes back when it is accepted.
func TestUndo_whileAPlanIsUnderWay(t *testing.T) {
	t.Parallel()
	p := chasing()
	l := followed(t, offeredLead(t), decision(Accepted, "d", "rep", "", time.Minute))
	l, out := then(t, l, p, Event{Kind: Refreshed, At: noon.Add(2 * time.Minute), Replan: true})
	if len(out.Commands) == 0 { // no clock of work is there before its plan
		l.Clocks = append(l.Clocks, Clock{Kind: ClockTouch, Level: LevelOwner, At: noon.Add(8 * time.Hour)})
		l, out = then(t, l, p, Event{Kind: Refreshed, At: noon.Add(2 * time.Minute), Replan: true})
	}
	ofWork := only(t, out, CommandPlan)
	back := followed(t, l, undo(3*time.Minute))
	clocks := back.Clocks
	require.NotEmpty(t, clocks)
	require.ElementsMatch(t, clocks, planned(t, back, p, ofWork, touchClocks()...).Clocks)

	open := offeredLead(t)
	open, out = then(t, open, p, Event{Kind: Refreshed, At: noon, Replan: true})
	ofOffer := only(t, out, CommandPlan)
	taken, out := then(t, open, p, decision(Accepted, "d", "rep", "", time.Minute))
	taken = planned(t, taken, p, only(t, out, CommandPlan), touchClocks()...)
	require.ElementsMatch(t, touchClocks(), taken.Clocks)
	require.ElementsMatch(t, touchClocks(), planned(t, taken, p, ofOffer, acceptUntil(6)...).Clocks, "the clocks of work stay")
}

// An offer that was snoozed is snoozed again, and runs on at the moment it was to; a snooze since goes with what it held.
func TestUndo_besideASnooze(t *testing.T) {
	t.Parallel()
	p := rules()
	snooze := func(at, until time.Duration) Event {
		return Event{Kind: Snoozed, At: noon.Add(at), Until: noon.Add(until), Decision: Decision{ID: "s", By: "rep", Reason: "travel"}}
	}
	held := followed(t, offeredLead(t), snooze(time.Minute, 2*time.Hour))
	back := followed(t, held, decision(Accepted, "d", "rep", "", 2*time.Minute), undo(3*time.Minute))
	require.True(t, back.Snoozed)
	require.Equal(t, 1, back.Snoozes)
	require.Equal(t, []any{SLAHeld, noon.Add(2 * time.Hour)}, []any{back.SLA.State, back.Due()})
	l, k, _, ok := back.PopDue(noon.Add(2 * time.Hour))
	require.True(t, ok)
	l, out := then(t, l, p, Event{Kind: Passed, At: noon.Add(2 * time.Hour), Clock: k})
	resume := only(t, out, CommandPlan)
	answer := acceptUntil(6)
	for i := range answer {
		answer[i].Since, answer[i].Used = noon.Add(2*time.Hour), time.Minute
	}
	l, out = then(t, l, p, Event{Kind: Planned, At: noon.Add(2 * time.Hour), Command: resume.ID, Clocks: answer})
	require.Equal(t, SLAClock{DueAt: noon.Add(6 * time.Hour), State: SLARunning}, l.SLA)
	require.Equal(t, noon.Add(2*time.Hour), only(t, out, CommandPlan).Since, "by the terms of now, less what was used")

	short := followed(t, offeredLead(t), snooze(time.Minute, 5*time.Minute))
	late := followed(t, short, decision(Accepted, "d", "rep", "", 2*time.Minute), undo(9*time.Minute))
	require.Equal(t, noon.Add(9*time.Minute), late.Due(), "a snooze that was over meanwhile is over now")

	working := followed(t, offeredLead(t), decision(Accepted, "d", "rep", "", time.Minute))
	since := followed(t, followed(t, working, snooze(2*time.Minute, time.Hour)), undo(3*time.Minute))
	require.False(t, since.Snoozed)
	require.Zero(t, since.Snoozes)
	require.Equal(t, []any{StageHandoff, SLARunning, noon.Add(2 * time.Hour)}, []any{since.Stage, since.SLA.State, since.Due()})
}
