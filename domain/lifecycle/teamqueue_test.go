package lifecycle

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// queued is a lead whose only offer was missed at five in the afternoon, under a policy that minds.
func queued(t *testing.T) (Lead, Policy, Command) {
	t.Helper()
	p := rules()
	p.Stale.TeamQueue, p.SLA.Accept.MaxOffers = hours(4), 1
	l := Lead{ID: "l", Stage: StageHandoff, Cycle: 1, Asked: 1, Made: 1, Owner: "ann", Team: "north", Assignment: "a", SLA: SLAClock{State: SLABreached}}
	at := noon.Add(5 * time.Hour)
	l, out := then(t, l, p, Event{Kind: Passed, At: at, Clock: Clock{Kind: ClockAccept, Level: LevelReassign, At: at}})
	require.Equal(t, StageQualified, l.Stage)
	plan := only(t, out, CommandPlan)
	require.Equal(t, [3]any{"north", at, "l/1/plan/queue/" + strconv.FormatInt(at.UnixNano(), 10)}, [3]any{plan.Team, plan.Since, plan.ID})
	return l, p, plan
}

func queueClocks(at time.Time) []Clock {
	return []Clock{{Kind: ClockQueue, Level: LevelManager, At: at.Add(4 * time.Hour)}, {Kind: ClockQueue, Level: LevelManager, N: 1, At: at.Add(8 * time.Hour)}}
}

// What lies in the queue of a team is told to its manager, and again; of two that are due together once.
func TestTeamQueue_theManagerHearsOfIt(t *testing.T) {
	t.Parallel()
	l, p, plan := queued(t)
	l = planned(t, l, p, plan, queueClocks(plan.Since)...)
	for _, back := range []time.Duration{4 * time.Hour, 9 * time.Hour} {
		l, now := l, plan.Since.Add(back)
		told := 0
		for {
			next, k, late, ok := l.PopDue(now)
			if !ok {
				break
			}
			var out Outcome
			l, out = then(t, next, p, Event{Kind: Passed, At: now, Clock: k, Late: late})
			require.Equal(t, [3]any{"queue_waits", k.At, late}, [3]any{out.Entries[0].Why, out.Entries[0].Due, out.Entries[0].Late})
			if late {
				require.Empty(t, out.Commands)
				continue
			}
			a := only(t, out, CommandAlert)
			require.Equal(t, [3]any{"north", "", Clock{Kind: ClockQueue, Level: LevelManager, N: k.N, Was: k.At}}, [3]any{a.Team, a.Rep, a.Clock})
			told++
		}
		require.Equal(t, 1, told)
	}
}

// Whoever takes it out ends the clock, and an answer that comes too late sets none. In the queue again it begins anew.
func TestTeamQueue_endsWhereSomebodyTakesIt(t *testing.T) {
	t.Parallel()
	l, p, plan := queued(t)
	at := plan.Since.Add(time.Hour)
	inQueue := planned(t, l, p, plan, queueClocks(plan.Since)...)
	l, out := then(t, inQueue, p, Event{Kind: Accepted, At: at, Decision: Decision{By: "bob"}})
	require.True(t, l.has(ClockQueue), "nobody has it yet")
	l, _ = then(t, l, p, Event{Kind: Claimed, At: at, Actor: Actor{Type: "rep", ID: "bob"}, Command: only(t, out, CommandClaim).ID, Offer: offer(2, "bob", at)})
	require.Equal(t, StageWorking, l.Stage)
	require.False(t, l.has(ClockQueue))
	require.Zero(t, l.Queued)
	l = planned(t, l, p, plan, queueClocks(plan.Since)...)
	require.False(t, l.has(ClockQueue))
	l, _ = then(t, inQueue, p, Event{Kind: Erased, At: at})
	require.Empty(t, l.Clocks)
}

// A policy that does not mind asks for nothing, as every one of before.
func TestTeamQueue_ofAPolicyThatDoesNotMind(t *testing.T) {
	t.Parallel()
	_, p, _ := queued(t)
	p.Stale.TeamQueue = 0
	l := Lead{ID: "l", Stage: StageHandoff, Cycle: 1, Asked: 1, Made: 1, Owner: "ann", Team: "north", Assignment: "a"}
	l, out := then(t, l, p, Event{Kind: Passed, At: noon, Clock: Clock{Kind: ClockAccept, Level: LevelReassign, At: noon}})
	require.Empty(t, out.Commands)
	require.Zero(t, l.Queued)
}

// While nobody is found the lead is looked at again and again: that is one stay in the queue.
func TestTeamQueue_oneStayHoweverOftenSomebodyIsLookedFor(t *testing.T) {
	t.Parallel()
	p := rules()
	p.Stale.TeamQueue = hours(4)
	l := Lead{ID: "l", Stage: StageQualified, Cycle: 1, Asked: 1, Asking: true}
	l, out := then(t, l, p, Event{Kind: NoRepFound, At: noon, Command: "l/1/offer/1"})
	plan := only(t, out, CommandPlan)
	l = planned(t, l, p, plan, queueClocks(noon)...)
	l.Asking = true
	l, out = then(t, l, p, Event{Kind: NoRepFound, At: noon.Add(time.Hour), Command: "l/1/offer/1"})
	require.Empty(t, out.Commands)
	require.Equal(t, noon, l.Queued)
	require.True(t, l.has(ClockQueue))
}
