package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// idling is a policy that chases whoever does not work a lead: told before and after, given on once, and the team's queue at last.
func idling() Policy {
	p := rules()
	p.SLA.Idle = Idle{
		Working: hours(40), Opportunity: hours(80), AfterManager: hours(8), Finally: ThenTeamQueue, Business: true,
		Chase: Chase{RemindAt: []float64{0.5}, Escalate: []Escalation{{1.5, ToManager, "", ""}}, ReassignAfter: hours(8), MaxReassign: 1},
	}
	return p
}

func idleClocks(from time.Time, within time.Duration, last Level) []Clock {
	to := ThenTeamQueue
	return []Clock{
		{Kind: ClockIdle, Level: LevelRemind, At: from.Add(within / 2)},
		{Kind: ClockIdle, Level: LevelOwner, At: from.Add(within)},
		{Kind: ClockIdle, Level: LevelManager, At: from.Add(within + 8*time.Hour)},
		{Kind: ClockIdle, Level: LevelEscalate, At: from.Add(within + within/2)},
		{Kind: ClockIdle, Level: last, At: from.Add(2 * within), To: to},
	}
}

// idle lets every level pass until somebody else is asked for, or the lead ends, and holds what was told of each.
func idle(t *testing.T, l Lead, p Policy) (Lead, Outcome) {
	t.Helper()
	for _, want := range []Level{LevelRemind, LevelOwner, LevelManager, LevelEscalate} {
		var k Clock
		var out Outcome
		l, k, out = due(t, l, p, time.Time{})
		require.Equal(t, want, k.Level)
		require.Equal(t, "idle_"+string(want), out.Entries[0].Why)
		require.Equal(t, k.At, out.Entries[0].Due)
		told := only(t, out, CommandAlert)
		require.Equal(t, [2]any{Clock{Kind: ClockIdle, Level: want, Was: k.At}, l.Owner}, [2]any{told.Clock, told.Rep})
	}
	l, _, out := due(t, l, p, time.Time{})
	return l, out
}

// Nobody works it, as a lead or as an opportunity: reminded, told, escalated, given to another rep, and at last, for that is
// done so often and no oftener, the team's queue.
func TestIdle_aLeadThatNobodyWorks(t *testing.T) {
	t.Parallel()
	for stage, within := range map[Stage]time.Duration{StageWorking: 40 * time.Hour, StageOpportunity: 80 * time.Hour} {
		p := idling()
		l, out := worked(t, p)
		if stage == StageOpportunity {
			l, out = then(t, l, p, Event{Kind: Qualified, At: noon, Decision: Decision{By: "ann"}})
		}
		plan := only(t, out, CommandPlan)
		require.Equal(t, stage, plan.Stage)
		l = planned(t, l, p, plan, idleClocks(noon, within, LevelReassign)...)
		l, out = idle(t, l, p)
		hand := only(t, out, CommandAssign)
		require.Equal(t, []string{"ann"}, hand.Exclude)
		require.Equal(t, "idle_reassign", out.Entries[0].Why)
		at := noon.Add(2 * within)
		l, out = then(t, l, p, Event{Kind: Assigned, At: at, Command: hand.ID, Offer: Offer{Assignment: "b", Rep: "bob", Team: "north"}})
		require.Equal(t, [2]any{stage, "bob"}, [2]any{l.Stage, l.Owner})
		plan = only(t, out, CommandPlan)
		require.Equal(t, [3]any{1, stage, "bob"}, [3]any{plan.N, plan.Stage, plan.Rep}, "by whom it is planned, and how often it was given on")
		require.Equal(t, []Clock{{Kind: ClockTouch, Since: at}, {Kind: ClockIdle, Since: at}}, plan.Clocks)

		l = planned(t, l, p, plan, idleClocks(at, within, LevelFinal)...)
		l, out = idle(t, l, p)
		require.Equal(t, [2]any{StageQualified, ""}, [2]any{l.Stage, l.Owner})
		require.Equal(t, [3]string{"b", "missed", "idle_final"}, [3]string{out.Entries[0].Assignment, out.Entries[0].Outcome, out.Entries[0].Why})
		require.Empty(t, l.Clocks)
		_, out = then(t, l, p, Event{Kind: Accepted, At: at.Add(3 * within), Decision: Decision{By: "cyd"}})
		only(t, out, CommandClaim)
	}
}

// A pause and a snooze hold the clocks of idleness, and they are planned on from there; a new owner has all of the time again;
// new terms are taken from when the clock began, less what was used.
func TestIdle_heldGivenOnAndPlannedAnew(t *testing.T) {
	t.Parallel()
	p := idling()
	l, out := worked(t, p)
	l = planned(t, l, p, only(t, out, CommandPlan), idleClocks(noon, 40*time.Hour, LevelReassign)...)
	hour := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }

	l, _ = then(t, l, p, Event{Kind: Paused, At: hour(10)})
	require.Zero(t, l.Due(), "nothing is due while it is paused")
	l, out = then(t, l, p, Event{Kind: Resumed, At: hour(30)})
	plan := only(t, out, CommandPlan)
	both := []Clock{{Kind: ClockTouch, Since: noon}, {Kind: ClockIdle, Since: noon}}
	require.Equal(t, both, plan.Clocks)
	require.Equal(t, []Hold{{hour(10), hour(30)}}, plan.Holds)
	l = planned(t, l, p, plan, idleClocks(hour(20), 40*time.Hour, LevelReassign)...)
	require.Equal(t, hour(40), l.Due())

	l, _ = then(t, l, p, Event{Kind: Snoozed, At: hour(31), Until: hour(35), Decision: Decision{By: "ann", Reason: "travel"}})
	require.Equal(t, hour(35), l.Due(), "only the end of the snooze")
	l, k, _, _ := l.PopDue(hour(35))
	l, out = then(t, l, p, Event{Kind: Passed, At: hour(35), Clock: k})
	plan = only(t, out, CommandPlan)
	holds := []Hold{{hour(10), hour(30)}, {hour(31), hour(35)}}
	require.Equal(t, [2]any{both, holds}, [2]any{plan.Clocks, plan.Holds})
	l = planned(t, l, p, plan, idleClocks(hour(24), 40*time.Hour, LevelReassign)...)

	_, out = then(t, l, p, Event{Kind: Refreshed, At: hour(36), Replan: true})
	terms := only(t, out, CommandPlan)
	require.Equal(t, [4]any{both, holds, StageWorking, "ann"}, [4]any{terms.Clocks, terms.Holds, terms.Stage, terms.Rep}, "the policy may have got a first touch")

	l, out = then(t, l, p, Event{Kind: Reassigned, At: hour(37), Rep: "bob"})
	l, out = then(t, l, p, Event{Kind: Assigned, At: hour(37), Command: only(t, out, CommandAssign).ID, Offer: Offer{Assignment: "b", Rep: "bob", Team: "south"}})
	plan = only(t, out, CommandPlan)
	require.Equal(t, [4]any{hour(37), "bob", "south", 0}, [4]any{plan.Clocks[1].Since, plan.Rep, plan.Team, plan.N}, "a person gave it on: that is none of the policy's")
	require.Empty(t, plan.Holds, "those were before")
	require.False(t, l.has(ClockIdle), "the clocks of the owner before")
}

// Work begins the clock anew at every level, also at that which would have given the lead away.
func TestIdle_workIsSeenBeforeItIsGivenAway(t *testing.T) {
	t.Parallel()
	p := idling()
	l, out := worked(t, p)
	l = planned(t, l, p, only(t, out, CommandPlan), idleClocks(noon, 40*time.Hour, LevelReassign)[4])
	l, _, out = due(t, l, p, noon.Add(79*time.Hour))
	require.Equal(t, "ann", l.Owner)
	require.Equal(t, []Clock{{Kind: ClockIdle, Since: noon.Add(79 * time.Hour)}}, only(t, out, CommandPlan).Clocks)
}

// Nobody else takes it: it ends where the policy says at once.
func TestIdle_nobodyElseIsThere(t *testing.T) {
	t.Parallel()
	p := idling()
	for to, stage := range map[string]Stage{ThenTeamQueue: StageQualified, ThenDormant: StageDormant} {
		l, out := worked(t, p)
		k := idleClocks(noon, 40*time.Hour, LevelReassign)[4]
		k.To = to
		l = planned(t, l, p, only(t, out, CommandPlan), k)
		l, _, out = due(t, l, p, time.Time{})
		l, _ = then(t, l, p, Event{Kind: NotGranted, At: noon.Add(81 * time.Hour), Command: only(t, out, CommandAssign).ID, Code: "no_rep"})
		require.Equal(t, stage, l.Stage)
	}
}

// An offer that was made while Temporal was away is heard of after its clocks have passed: they are late, in their order, and
// say by how much.
func TestOffered_heardOfTooLate(t *testing.T) {
	t.Parallel()
	p := rules()
	l := Lead{ID: "l", Stage: StageQualified, Cycle: 1, Asked: 1, Asking: true}
	back := noon.Add(4*time.Hour + 30*time.Minute)
	heard, _ := then(t, l, p, Event{Kind: Offered, At: back, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})
	l = heard
	for _, want := range []struct {
		level Level
		due   time.Duration
	}{{LevelRemind, 2 * time.Hour}, {LevelDue, 4 * time.Hour}, {LevelEscalate, 4 * time.Hour}} {
		next, k, late, ok := l.PopDue(back)
		require.True(t, ok)
		require.Equal(t, [2]any{want.level, noon.Add(want.due)}, [2]any{k.Level, k.At})
		var out Outcome
		l, out = then(t, next, p, Event{Kind: Passed, At: back, Clock: k, Late: late})
		require.Equal(t, k.At, out.Entries[0].Due)
		if want.level == LevelEscalate {
			require.Equal(t, k.At, only(t, out, CommandAlert).Clock.Was)
		}
	}
	require.Equal(t, noon.Add(5*time.Hour), l.Due())

	l = Lead{ID: "l", Stage: StageQualified, Cycle: 1, Asked: 1, Asking: true, Paused: true}
	l, _ = then(t, l, p, Event{Kind: Offered, At: back, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})
	for _, k := range l.Clocks {
		require.False(t, k.Was.Before(k.From), "of what has passed nothing is left, and not less")
	}
}
