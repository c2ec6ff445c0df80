package lifecycle_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// A policy that begins to chase, or to have a clock, has it for leads that are at work; one that does not chase any more keeps no level of
// before, and every level it has tells somebody.
func TestWork_policiesThatChange(t *testing.T) {
	t.Parallel()
	p := chasing()
	p.SLA.Idle.Working = 0
	w := working(t, p)
	require.Empty(t, w.clocks(idle))
	w.p = chasing()
	w.terms()
	w.rest()
	require.Equal(t, idleAt(0, 48), w.clocks(idle))

	w = working(t, plain())
	w.p = chasing()
	w.terms()
	w.rest()
	require.Equal(t, touchAt(0), w.clocks(touch))
	require.Equal(t, idleAt(0, 48), w.clocks(idle))

	w.p = plain()
	w.p.SLA.Idle.Working = h(500)
	w.terms()
	w.rest()
	require.Equal(t, levels{owner: 8}, w.clocks(touch))
	require.Equal(t, levels{owner: 500, manager: 524, final: 548}, w.clocks(idle))
	w.told = nil
	w.until(549, time.Time{})
	require.Equal(t, []string{"first_touch_owner", "idle_owner", "idle_manager", "idle"}, w.whys())
	require.Equal(t, lifecycle.StageDormant, w.l.Stage)

	w = working(t, chasing())
	w.until(9, time.Time{})
	w.p.SLA.FirstTouch.Within = h(12)
	w.terms()
	w.rest()
	require.Equal(t, levels{owner: 12, escalate: 18, reassign: 20}, w.clocks(touch), "there is time again; of what has passed and stays passed nobody hears twice")
}

// All levels are due at once, after an outage or by new terms: the lead is handed on all the same, and of the others only one tells.
func TestWork_allDueAtOnceIsHandedOn(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]float64{"the escalation before": 1.5, "the escalation after": 3} {
		p := chasing()
		p.SLA.FirstTouch.Escalate[0].At = of
		w := working(t, p)
		w.after(25)
		w.pass()
		for len(w.wishes) > 0 && w.wishes[0].Kind == lifecycle.CommandCheck {
			w.looked("check/", time.Time{})
		}
		require.Equal(t, []string{"ann"}, w.wish("/assign/").Exclude, name)
	}
	p := chasing()
	w := working(t, p)
	w.after(3)
	w.p.SLA.FirstTouch.Within, w.p.SLA.FirstTouch.ReassignAfter = h(1), h(1)
	w.terms()
	w.rest()
	w.pass()
	w.looked("check/", time.Time{})
	w.wish("/assign/")
	require.Empty(t, w.wishes)
}

// A clock that wants to hand the lead on waits while a person does, and comes again where that is not granted.
func TestWork_handedOnAfterAPersonCouldNot(t *testing.T) {
	t.Parallel()
	w := working(t, chasing())
	w.until(16, time.Time{})
	w.event(lifecycle.Event{Kind: lifecycle.Reassigned, Rep: "bob", Decision: lifecycle.Decision{ID: "x"}})
	w.pass()
	w.looked("check/touch", time.Time{})
	person := w.wish("/assign/")
	require.Empty(t, w.wishes)
	w.terms() // which do not make it forgotten
	w.rest()
	w.event(lifecycle.Event{Kind: lifecycle.NotGranted, Command: person.ID, Code: lifecycle.CodeAtCapacity})
	w.now = w.l.Due()
	w.pass()
	w.looked("check/touch", time.Time{})
	clock := w.wish("/assign/")
	require.Equal(t, []string{"ann"}, clock.Exclude)

	w.event(lifecycle.Event{Kind: lifecycle.GivenUp, Command: clock.ID, Code: "timeout"})
	require.Equal(t, [2]any{lifecycle.StageQualified, ""}, [2]any{w.l.Stage, w.l.Owner}, "the queue, as where nobody else is there")
}
