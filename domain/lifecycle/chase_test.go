package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// worked is a lead that ann accepted at noon, with the clocks that a plan gave it.
func worked(t *testing.T, p Policy) (Lead, Outcome) {
	t.Helper()
	l := Lead{ID: "l", Stage: StageHandoff, Cycle: 1, Asked: 1, Made: 1, Owner: "ann", Team: "north", Assignment: "a", SLA: SLAClock{State: SLARunning}}
	got, out, err := l.Apply(Event{Kind: Accepted, At: noon, Decision: Decision{By: "ann"}}, p)
	require.NoError(t, err)
	return got, out
}

func then(t *testing.T, l Lead, p Policy, e Event) (Lead, Outcome) {
	t.Helper()
	got, out, err := l.Apply(e, p)
	require.NoError(t, err)
	return got, out
}

func only(t *testing.T, out Outcome, k CommandKind) Command {
	t.Helper()
	var found []Command
	for _, c := range out.Commands {
		if c.Kind == k {
			found = append(found, c)
		}
	}
	require.Len(t, found, 1, "%+v", out.Commands)
	return found[0]
}

// planned answers the plan of the clocks of work.
func planned(t *testing.T, l Lead, p Policy, plan Command, clocks ...Clock) Lead {
	t.Helper()
	got, _ := then(t, l, p, Event{Kind: Planned, At: plan.At, Command: plan.ID, Clocks: clocks})
	return got
}

func touchClocks() []Clock {
	at := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	return []Clock{
		{Kind: ClockTouch, Level: LevelRemind, At: at(4)},
		{Kind: ClockTouch, Level: LevelOwner, At: at(8)},
		{Kind: ClockTouch, Level: LevelEscalate, At: at(12)},
		{Kind: ClockTouch, Level: LevelReassign, At: at(16), To: ThenTeamQueue},
		{Kind: ClockIdle, Level: LevelOwner, At: at(48)},
	}
}

// due lets the next deadline pass and answers its question.
func due(t *testing.T, l Lead, p Policy, workedAt time.Time) (Lead, Clock, Outcome) {
	t.Helper()
	now := l.Due()
	l, k, late, ok := l.PopDue(now)
	require.True(t, ok)
	l, out := then(t, l, p, Event{Kind: Passed, At: now, Clock: k, Late: late})
	check := only(t, out, CommandCheck)
	l, out = then(t, l, p, Event{Kind: Checked, At: now, Command: check.ID, Clock: k, Worked: workedAt})
	return l, k, out
}

// Nobody touches it: reminded, told, escalated, given to another rep, and at last the team's queue.
func TestChase_aLeadThatNobodyTouches(t *testing.T) {
	t.Parallel()
	p := chasing()
	l, out := worked(t, p)
	plan := only(t, out, CommandPlan)
	require.Equal(t, []Clock{{Kind: ClockTouch, Since: noon}, {Kind: ClockIdle, Since: noon}}, plan.Clocks)
	l = planned(t, l, p, plan, touchClocks()...)
	for _, want := range []string{"remind first_touch_remind", "owner first_touch_owner", "escalate first_touch_escalate"} {
		var k Clock
		l, k, out = due(t, l, p, time.Time{})
		require.Equal(t, want, string(k.Level)+" "+out.Entries[0].Why)
		told := only(t, out, CommandAlert)
		require.Equal(t, Clock{Kind: ClockTouch, Level: k.Level, Was: k.At}, told.Clock)
	}
	l, _, out = due(t, l, p, time.Time{})
	hand := only(t, out, CommandAssign)
	require.Equal(t, []string{"ann"}, hand.Exclude)
	require.Empty(t, hand.Rep)

	l, out = then(t, l, p, Event{Kind: Assigned, At: noon.Add(16 * time.Hour), Command: hand.ID, Offer: Offer{Assignment: "b", Rep: "bob", Team: "north"}})
	require.Equal(t, "bob", l.Owner)
	plan = only(t, out, CommandPlan)
	require.Equal(t, 1, plan.N, "it was handed on once, which the plan counts")
	l = planned(t, l, p, plan, Clock{Kind: ClockTouch, Level: LevelFinal, At: noon.Add(40 * time.Hour), To: ThenTeamQueue})
	l, _, out = due(t, l, p, time.Time{})
	require.Equal(t, StageQualified, l.Stage)
	require.Empty(t, l.Owner)
	require.Equal(t, [2]string{"b", "missed"}, [2]string{out.Entries[0].Assignment, out.Entries[0].Outcome})
	require.Empty(t, l.Clocks)
	_, out, err := l.Apply(Event{Kind: Accepted, At: noon.Add(41 * time.Hour), Decision: Decision{By: "cyd"}}, p)
	require.NoError(t, err)
	only(t, out, CommandClaim)
}

// Accepted and qualified in one breath, as after an outage: the plan of the first touch is answered when the lead is an opportunity
// already, before or after that of its idleness, and counts all the same.
func TestChase_qualifiedBeforeTheClocksWerePlanned(t *testing.T) {
	t.Parallel()
	p := chasing()
	idle := Clock{Kind: ClockIdle, Level: LevelOwner, At: noon.Add(72 * time.Hour)}
	for _, touchFirst := range []bool{true, false} {
		l, out := worked(t, p)
		both := only(t, out, CommandPlan)
		qualified := noon.Add(time.Second)
		l, out = then(t, l, p, Event{Kind: Qualified, At: qualified, Decision: Decision{By: "ann"}})
		later := only(t, out, CommandPlan)
		require.Equal(t, []Clock{{Kind: ClockTouch, Since: noon}, {Kind: ClockIdle, Since: qualified}}, later.Clocks)
		all := append(touchClocks()[:4], idle)
		if touchFirst {
			l = planned(t, l, p, both, touchClocks()...)
			l = planned(t, l, p, later, all...)
		} else {
			l = planned(t, l, p, later, all...)
			l = planned(t, l, p, both, touchClocks()...)
		}
		require.ElementsMatch(t, append(touchClocks()[:4], idle), l.Clocks, "the idleness of an opportunity, and the first touch of whoever accepted")
	}
}

// Accepted and closed in one breath, and then that is taken back: nobody was there to hear of the clocks, so they are asked for again.
func TestChase_undoneBeforeTheClocksWerePlanned(t *testing.T) {
	t.Parallel()
	p := chasing()
	p.Recycle.Reasons = map[string]Reason{"spam": {Path: PathDisqualify}}
	l, out := worked(t, p)
	first := only(t, out, CommandPlan)
	l, _ = then(t, l, p, Event{Kind: Disqualified, At: noon, Decision: Decision{ID: "d", By: "ann", Reason: "spam"}})
	_, _, err := l.Apply(Event{Kind: Planned, At: noon, Command: first.ID, Clocks: touchClocks()}, p)
	require.Error(t, err, "it waits for nothing")
	l, out = then(t, l, p, Event{Kind: Undone, At: noon.Add(time.Minute), Decision: Decision{ID: "u", By: "ann"}, Undoes: "d"})
	again := only(t, out, CommandPlan)
	require.Equal(t, first.Clocks, again.Clocks, "from when it was accepted")
	l = planned(t, l, p, first, touchClocks()[0])
	require.Empty(t, l.Clocks, "only the newest answer counts")
	l = planned(t, l, p, again, touchClocks()...)
	require.ElementsMatch(t, touchClocks(), l.Clocks)
}

func TestChase_nobodyElseIsThere(t *testing.T) {
	t.Parallel()
	p := chasing()
	l, out := worked(t, p)
	l = planned(t, l, p, only(t, out, CommandPlan), touchClocks()[3])
	l, _, out = due(t, l, p, time.Time{})
	l, out = then(t, l, p, Event{Kind: NotGranted, At: l.CycleAt.Add(time.Hour), Command: only(t, out, CommandAssign).ID, Code: "no_rep"})
	require.Equal(t, StageQualified, l.Stage, "the queue at once: nobody is left to wait for")
	require.False(t, l.Asking)
	require.Equal(t, "missed", out.Entries[0].Outcome)
}

// The queue is the last word also where an offer was nobody's fault, and does not count.
func TestChase_theQueueAtLastIsNotLeftByANewOffer(t *testing.T) {
	t.Parallel()
	p := chasing()
	l, out := worked(t, p)
	l.Void = 2
	l = planned(t, l, p, only(t, out, CommandPlan), touchClocks()[3])
	l, _, out = due(t, l, p, time.Time{})
	l, _ = then(t, l, p, Event{Kind: NotGranted, At: l.CycleAt.Add(time.Hour), Command: only(t, out, CommandAssign).ID, Code: "no_rep"})
	require.Equal(t, StageQualified, l.Stage)
	require.GreaterOrEqual(t, l.Made-l.Void, max(1, p.SLA.Accept.MaxOffers))
}

// A touch ends all levels of its clock, work moves the clocks of idleness, and both are asked of Postgres.
func TestChase_aLeadThatIsWorked(t *testing.T) {
	t.Parallel()
	p := chasing()
	l, out := worked(t, p)
	l = planned(t, l, p, only(t, out, CommandPlan), touchClocks()...)
	l, _, out = due(t, l, p, noon.Add(time.Hour))
	require.Empty(t, out.Commands)
	require.False(t, l.has(ClockTouch))
	l, _, out = due(t, l, p, noon.Add(47*time.Hour))
	plan := only(t, out, CommandPlan)
	require.Equal(t, []Clock{{Kind: ClockIdle, Since: noon.Add(47 * time.Hour)}}, plan.Clocks)
	l = planned(t, l, p, plan, Clock{Kind: ClockIdle, Level: LevelFinal, At: noon.Add(95 * time.Hour), To: ThenDormant})
	l, _, _ = due(t, l, p, noon.Add(47*time.Hour))
	require.Equal(t, StageDormant, l.Stage)
}

// A document that names none of what is new keeps the clocks of an owner, a manager and an end, and asks for no plan of them.
func TestChase_anOldDocumentKeepsItsClocks(t *testing.T) {
	t.Parallel()
	l, out := worked(t, rules())
	plan := only(t, out, CommandPlan)
	require.Equal(t, "l/1/plan/touch/a", plan.ID)
	require.Equal(t, []Clock{{Kind: ClockTouch, Level: LevelOwner, Left: hours(8)}}, plan.Clocks)
	require.Equal(t, []Clock{{Kind: ClockIdle, Level: LevelOwner, At: noon.Add(48 * time.Hour)}}, l.Clocks)
}

func TestSnooze_holdsTheClocksForATime(t *testing.T) {
	t.Parallel()
	p := rules()
	l := Lead{ID: "l", Stage: StageHandoff, Cycle: 1, Asked: 1, Made: 1, Owner: "ann", Assignment: "a", Since: noon, SLA: SLAClock{State: SLARunning}}
	l.Clocks = []Clock{{Kind: ClockAccept, Level: LevelDue, At: noon.Add(4 * time.Hour)}}
	refused := func(by string, until time.Duration) string {
		_, _, err := l.Apply(Event{Kind: Snoozed, At: noon, Until: noon.Add(until), Decision: Decision{By: by, Reason: "travel"}}, p)
		var no *Refusal
		require.ErrorAs(t, err, &no)
		return no.Code
	}
	require.Equal(t, CodeNotYourOffer, refused("bob", time.Hour))
	require.Equal(t, CodeTooLong, refused("ann", 25*time.Hour))
	require.Equal(t, CodeTooLong, refused("ann", -time.Hour))
	for n := range 2 {
		var out Outcome
		l, out = then(t, l, p, Event{Kind: Snoozed, At: noon.Add(time.Hour), Until: noon.Add(3 * time.Hour), Decision: Decision{ID: string(rune('a' + n)), By: "ann", Reason: "travel"}})
		require.Equal(t, "travel", out.Entries[0].Why)
		require.Equal(t, SLAHeld, l.SLA.State)
		require.Equal(t, noon.Add(3*time.Hour), l.Due(), "nothing else is due")
		require.Equal(t, CodeTooOften, refused("ann", 2*time.Hour), "it is snoozed")
		l, _, _, _ = l.PopDue(noon.Add(3 * time.Hour))
		l, out = then(t, l, p, Event{Kind: Passed, At: noon.Add(3 * time.Hour), Clock: Clock{Kind: ClockSnooze}})
		require.Equal(t, SLARunning, l.SLA.State)
		plan := only(t, out, CommandPlan)
		l = planned(t, l, p, plan, Clock{Kind: ClockAccept, Level: LevelDue, At: noon.Add(6 * time.Hour), Since: noon.Add(3 * time.Hour), Used: time.Hour})
		require.Equal(t, noon.Add(6*time.Hour), l.SLA.DueAt)
		require.Equal(t, time.Hour, l.Used)
		require.Zero(t, l.Clocks[0].Since)
	}
	require.Equal(t, CodeTooOften, refused("ann", 2*time.Hour), "the policy allows two")
	l, _ = then(t, l, p, Event{Kind: Accepted, At: noon.Add(4 * time.Hour), Decision: Decision{By: "ann"}})
	require.Zero(t, l.Snoozes)
}

// The terms change: the clocks are planned anew from when they began, less what was used, and the timeline says so.
func TestTerms_thatChangeMoveTheClocks(t *testing.T) {
	t.Parallel()
	p := rules()
	l := Lead{ID: "l", Stage: StageQualified, Cycle: 1, Asked: 1, Asking: true}
	l, _ = then(t, l, p, Event{Kind: Offered, At: noon, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})
	_, out := then(t, l, p, Event{Kind: Refreshed, At: noon.Add(time.Hour)})
	require.Empty(t, out.Commands, "a nudge of an older edition plans nothing")
	l, _, _, _ = l.PopDue(noon.Add(2 * time.Hour)) // reminded
	l, out = then(t, l, p, Event{Kind: Refreshed, At: noon.Add(3 * time.Hour), Replan: true})
	plan := only(t, out, CommandPlan)
	require.Equal(t, []Clock{{Kind: ClockAccept}}, plan.Clocks)
	require.Equal(t, noon, plan.Since)
	clocks := []Clock{
		{Kind: ClockAccept, Level: LevelRemind, At: noon.Add(time.Hour)},
		{Kind: ClockAccept, Level: LevelDue, At: noon.Add(2 * time.Hour)},
		{Kind: ClockAccept, Level: LevelEscalate, N: 1, At: noon.Add(5 * time.Hour)},
		{Kind: ClockAccept, Level: LevelReassign, At: noon.Add(6 * time.Hour)},
	}
	l, out = then(t, l, p, Event{Kind: Planned, At: noon.Add(3 * time.Hour), Command: plan.ID, Clocks: clocks})
	require.Equal(t, "terms_changed", out.Entries[0].Why)
	require.False(t, slices.ContainsFunc(l.Clocks, func(k Clock) bool { return k.Level == LevelRemind }), "what has passed stays passed")
	require.Equal(t, noon.Add(3*time.Hour), l.Due(), "what is due by now is due at once")
	again, _ := then(t, l, p, Event{Kind: Refreshed, At: noon.Add(3 * time.Hour), Replan: true})
	_, out = then(t, again, p, Event{Kind: Planned, At: noon.Add(3 * time.Hour), Command: plan.ID, Clocks: clocks})
	require.Empty(t, out.Entries, "the answer to an older plan")

	l, _, _, _ = l.PopDue(noon.Add(3 * time.Hour))
	l.SLA.State = SLABreached
	l, out = then(t, l, p, Event{Kind: Refreshed, At: noon.Add(4 * time.Hour), Replan: true})
	clocks[1].At = noon.Add(8 * time.Hour)
	l, _ = then(t, l, p, Event{Kind: Planned, At: noon.Add(4 * time.Hour), Command: only(t, out, CommandPlan).ID, Clocks: clocks})
	require.Equal(t, SLAClock{DueAt: noon.Add(8 * time.Hour), State: SLARunning}, l.SLA, "more time is given: it is not breached")
}

// While they are held the clocks stay as they are; afterwards they are planned.
func TestTerms_thatChangeUnderAPause(t *testing.T) {
	t.Parallel()
	p := rules()
	l := Lead{ID: "l", Stage: StageQualified, Cycle: 1, Asked: 1, Asking: true}
	l, _ = then(t, l, p, Event{Kind: Offered, At: noon, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})
	l, _ = then(t, l, p, Event{Kind: Paused, At: noon.Add(time.Hour)})
	l, out := then(t, l, p, Event{Kind: Refreshed, At: noon.Add(2 * time.Hour), Replan: true})
	require.Empty(t, out.Commands)
	l, out = then(t, l, p, Event{Kind: Resumed, At: noon.Add(3 * time.Hour)})
	resume := only(t, out, CommandPlan)
	require.Equal(t, noon, resume.Since)
	answer := slices.Clone(resume.Clocks)
	for i, k := range answer {
		answer[i] = Clock{Kind: k.Kind, Level: k.Level, At: k.Was.Add(2 * time.Hour), Since: noon.Add(3 * time.Hour), Used: time.Hour}
	}
	_, out = then(t, l, p, Event{Kind: Planned, At: noon.Add(3 * time.Hour), Command: resume.ID, Clocks: answer})
	terms := only(t, out, CommandPlan)
	require.Equal(t, [2]any{noon.Add(3 * time.Hour), time.Hour}, [2]any{terms.Since, terms.Used})
}

// A question that was under way when somebody decided something is about clocks that are no more.
func TestChase_aQuestionOfBefore(t *testing.T) {
	t.Parallel()
	p := chasing()
	l, out := worked(t, p)
	l = planned(t, l, p, only(t, out, CommandPlan), Clock{Kind: ClockIdle, Level: LevelFinal, At: noon.Add(time.Hour), To: ThenDormant})
	l, k, _, _ := l.PopDue(noon.Add(time.Hour))
	l, out = then(t, l, p, Event{Kind: Passed, At: noon.Add(time.Hour), Clock: k})
	check := only(t, out, CommandCheck)
	l, _ = then(t, l, p, Event{Kind: Qualified, At: noon.Add(time.Hour), Decision: Decision{By: "ann"}})
	l, out = then(t, l, p, Event{Kind: Checked, At: noon.Add(time.Hour), Command: check.ID, Clock: k})
	require.Equal(t, StageOpportunity, l.Stage)
	require.Empty(t, out.Commands)
}

// A pause over a snooze ends without it: its clocks go on to wait for their own moment.
func TestSnooze_outlivesAPause(t *testing.T) {
	t.Parallel()
	p := rules()
	l := Lead{ID: "l", Stage: StageHandoff, Cycle: 1, Asked: 1, Made: 1, Owner: "ann", Assignment: "a", Since: noon, SLA: SLAClock{State: SLARunning}}
	l.Clocks = []Clock{{Kind: ClockAccept, Level: LevelDue, At: noon.Add(4 * time.Hour)}}
	l, _ = then(t, l, p, Event{Kind: Snoozed, At: noon, Until: noon.Add(6 * time.Hour), Decision: Decision{By: "ann", Reason: "travel"}})
	l, _ = then(t, l, p, Event{Kind: Paused, At: noon.Add(time.Hour)})
	require.Zero(t, l.Due())
	l, out := then(t, l, p, Event{Kind: Resumed, At: noon.Add(3 * time.Hour)})
	require.Empty(t, out.Commands)
	require.Equal(t, SLAHeld, l.SLA.State)
	require.Equal(t, noon.Add(8*time.Hour), l.Due(), "the five hours that were left of the snooze")
}

// Nothing is due before its moment, and at it everything is.
func TestPopDue_nothingEarly(t *testing.T) {
	t.Parallel()
	l := Lead{Clocks: []Clock{{Kind: ClockAccept, Level: LevelDue, At: noon}}}
	_, _, _, ok := l.PopDue(noon.Add(-1))
	require.False(t, ok)
	_, _, _, ok = l.PopDue(noon)
	require.True(t, ok)
}
