package lifecycle_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

type levels = map[lifecycle.Level]float64

const (
	touch, idle = lifecycle.ClockTouch, lifecycle.ClockIdle
	remind      = lifecycle.LevelRemind
	owner       = lifecycle.LevelOwner
	manager     = lifecycle.LevelManager
	escalate    = lifecycle.LevelEscalate
	reassign    = lifecycle.LevelReassign
	final       = lifecycle.LevelFinal
)

// touchAt and idleAt are all levels of clocks that began so many hours after noon.
func touchAt(from float64) levels {
	return levels{remind: from + 4, owner: from + 8, escalate: from + 12, reassign: from + 16}
}

func idleAt(from, within float64) levels {
	return levels{remind: from + within*3/4, owner: from + within, manager: from + within + 24, final: from + within + 48}
}

// Whatever happens in one breath, in whatever order the plans are answered: all levels are there, from when they run, less the holds.
func TestWork_clocksAreThereAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plain bool
		story func(w *worklife)
		touch levels
		idle  levels
	}{
		"acceptance alone": {story: func(*worklife) {}, touch: touchAt(0), idle: idleAt(0, 48)},
		"terms in flight over a qualification": {
			story: func(w *worklife) { w.decides(lifecycle.Qualified); w.terms(); w.rest() }, touch: touchAt(0), idle: idleAt(0, 96),
		},
		"a qualification hours later": {
			story: func(w *worklife) { w.after(7); w.decides(lifecycle.Qualified); w.rest(); w.terms(); w.rest() },
			touch: levels{remind: 7, owner: 8, escalate: 12, reassign: 16}, idle: idleAt(7, 96), // what was to come before comes at once: nobody let it pass here
		},
		"a qualification between a pause and its plan": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(1)
				w.decides(lifecycle.Resumed)
				w.after(1)
				w.decides(lifecycle.Qualified)
				w.rest()
			},
			touch: touchAt(1), idle: idleAt(3, 96),
		},
		"a pause before the plan of a qualification": {
			story: func(w *worklife) {
				w.decides(lifecycle.Qualified)
				first := w.wish("plan/")
				w.decides(lifecycle.Paused)
				w.after(2)
				w.decides(lifecycle.Resumed)
				w.rest()
				w.planned(first)
			},
			touch: touchAt(2), idle: idleAt(2, 96),
		},
		"terms at the end of a pause": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(20)
				w.decides(lifecycle.Resumed)
				w.terms()
				w.rest()
			},
			touch: touchAt(20), idle: idleAt(20, 48),
		},
		"terms in flight over a pause": {
			story: func(w *worklife) {
				w.terms()
				of := w.wish("plan/")
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(20)
				w.decides(lifecycle.Resumed)
				w.rest()
				w.planned(of)
			},
			touch: touchAt(20), idle: idleAt(20, 48),
		},
		"a pause in a snooze": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Snoozed) // for an hour
				w.decides(lifecycle.Paused)
				w.after(2)
				w.decides(lifecycle.Resumed)
				w.after(1)
				w.pass()
				w.rest()
			},
			touch: touchAt(3), idle: idleAt(3, 48),
		},
		"a snooze that a qualification ends": {
			story: func(w *worklife) {
				w.after(3)
				w.decides(lifecycle.Snoozed)
				w.after(0.5)
				w.decides(lifecycle.Qualified)
				w.rest()
			},
			touch: touchAt(0.5), idle: idleAt(3.5, 96),
		},
		"an undo before the plans were answered": {
			story: func(w *worklife) {
				w.decides(lifecycle.Qualified)
				w.decides(lifecycle.Disqualified)
				w.wishes = nil // whoever answers them is told that the lead waits for nothing
				w.decides(lifecycle.Undone)
				w.rest()
			},
			touch: touchAt(0), idle: idleAt(0, 96),
		},
		"an undo before the end of a pause was planned": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(20)
				w.decides(lifecycle.Resumed)
				w.decides(lifecycle.Disqualified)
				w.wishes = nil
				w.decides(lifecycle.Undone)
				w.rest()
			},
			touch: touchAt(20), idle: idleAt(20, 48),
		},
		"an undo under the clocks of the first release": {
			plain: true,
			story: func(w *worklife) {
				w.decides(lifecycle.Undone) // of the acceptance
				w.decides(lifecycle.Accepted)
				w.decides(lifecycle.Disqualified)
				w.wishes = nil
				w.decides(lifecycle.Undone)
				w.rest()
			},
			touch: levels{owner: 8}, idle: levels{owner: 48, manager: 72, final: 96},
		},
		"the plan of an acceptance that was undone": {
			story: func(w *worklife) {
				w.terms()
				of := w.wish("plan/")
				w.decides(lifecycle.Undone)
				w.after(1)
				w.decides(lifecycle.Accepted)
				w.rest()
				w.decides(lifecycle.Qualified)
				w.rest()
				w.planned(of)
			},
			touch: touchAt(1), idle: idleAt(1, 96),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := chasing()
			if c.plain {
				p = plain()
			}
			w := working(t, p)
			c.story(w)
			require.Equal(t, c.touch, w.clocks(touch))
			require.Equal(t, c.idle, w.clocks(idle))
		})
	}
}

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

// An answer about the owner before, or about a time before the lead was worked, says nothing of the clocks as they run now.
func TestWork_anAnswerOfBefore(t *testing.T) {
	t.Parallel()
	for _, worked := range []time.Time{{}, noonMonday.Add(time.Hour)} {
		w := working(t, chasing())
		w.until(16, time.Time{})
		w.pass()
		w.event(lifecycle.Event{Kind: lifecycle.Reassigned, Rep: "bob", Decision: lifecycle.Decision{ID: "x"}})
		w.event(lifecycle.Event{Kind: lifecycle.Assigned, Command: w.wish("/assign/").ID, Offer: lifecycle.Offer{Assignment: "B", Rep: "bob", Team: "north", At: w.now}})
		w.plans("plan/")
		w.looked("check/touch", worked)
		require.Equal(t, "bob", w.l.Owner)
		require.Equal(t, touchAt(16), w.clocks(touch))
		require.Empty(t, w.wishes)
	}
	w := working(t, chasing())
	w.until(36, noonMonday.Add(time.Hour)) // touched
	w.wishes = nil
	w.terms()
	terms := w.wish("plan/")
	w.pass() // reminded of idleness
	w.looked("check/idle", noonMonday.Add(35*time.Hour))
	w.plans("plan/")
	w.planned(terms)
	require.Equal(t, idleAt(35, 48), w.clocks(idle))
}

// What passes while the lead is paused, or is looked at then, comes when it goes on.
func TestWork_aQuestionOverAPause(t *testing.T) {
	t.Parallel()
	for _, answered := range []string{"in the pause", "after it", "after its plan"} {
		p := chasing()
		p.SLA.FirstTouch.Within = h(500)
		w := working(t, p)
		w.until(96, time.Time{})
		w.pass()
		w.decides(lifecycle.Paused)
		if answered == "in the pause" {
			w.looked("check/idle", time.Time{})
		}
		w.after(1)
		w.decides(lifecycle.Resumed)
		if answered == "after it" {
			w.looked("check/idle", time.Time{})
			require.Equal(t, lifecycle.StageDormant, w.l.Stage, answered)
			continue
		}
		w.plans("plan/")
		w.pass()
		w.looked("check/idle", time.Time{})
		require.Equal(t, lifecycle.StageDormant, w.l.Stage, answered)
	}
}

// Work that was done before a hold counts after it.
func TestWork_aHoldForgetsNoWork(t *testing.T) {
	t.Parallel()
	w := working(t, chasing())
	w.until(35, noonMonday.Add(time.Hour))
	last := w.now // touched, and worked now
	w.after(0.5)
	w.decides(lifecycle.Paused)
	w.after(1)
	w.decides(lifecycle.Resumed)
	w.rest()
	w.until(37.5, last)
	w.rest()
	require.Equal(t, idleAt(35+1, 48), w.clocks(idle))
}

// Each clock runs by its own calendar: what idleness used of a weekend is none of what the first touch used of its hours.
func TestWork_eachClockByItsCalendar(t *testing.T) {
	t.Parallel()
	day := []calendar.Hours{{From: "09:00", To: "17:00"}}
	hours, err := calendar.New(calendar.Spec{Name: "b", TimeZone: "UTC", Weekly: map[string][]calendar.Hours{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}}, time.UTC)
	require.NoError(t, err)
	p := chasing()
	p.SLA.Idle.Working = h(96)
	w := offered(t, p)
	w.hours = hours
	w.now = time.Date(2026, 3, 6, 16, 0, 0, 0, time.UTC) // Friday: one hour is left of the day
	w.decides(lifecycle.Accepted)
	w.rest()
	w.now = time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC)
	w.decides(lifecycle.Paused)
	w.after(1.0 / 6)
	w.decides(lifecycle.Resumed)
	w.rest()
	w.terms()
	w.rest()
	at := func(hours float64) time.Time { return noonMonday.Add(time.Duration(hours * float64(time.Hour))) }
	require.Equal(t, "Mon 16:10", at(w.clocks(touch)[owner]).Format("Mon 15:04"))
	require.Equal(t, "Tue 16:10", at(w.clocks(idle)[owner]).Format("Mon 15:04"))
}

// What has passed and told is not told again by an undo.
func TestWork_anUndoTellsNobodyTwice(t *testing.T) {
	t.Parallel()
	p := chasing()
	p.SLA.Idle.Working, p.SLA.FirstTouch.ReassignAfter = 0, 0
	w := working(t, p)
	w.until(13, time.Time{})
	require.Empty(t, w.l.Clocks)
	w.decides(lifecycle.Disqualified)
	w.decides(lifecycle.Undone)
	w.rest()
	require.Empty(t, w.l.Clocks)
}

// The question whether somebody decided in time is about the deadline as it stands: new terms leave it open where there is no more time,
// and end it where there is.
func TestWork_newTermsWhileADecisionMayWait(t *testing.T) {
	t.Parallel()
	for within, kept := range map[float64]string{4: "", 48: "ann"} {
		w := offered(t, chasing())
		w.after(10)
		w.pass()
		question := w.wish("check/accept")
		w.p.SLA.Accept.Within = h(within)
		w.terms()
		w.plans("plan/terms")
		w.pass()
		require.Equal(t, "ann", w.l.Owner, "nobody takes it away before it is asked")
		w.event(lifecycle.Event{Kind: lifecycle.Checked, Command: question.ID, Clock: question.Clock})
		require.Equal(t, kept, w.l.Owner)
		if kept == "" {
			continue
		}
		w.after(60)
		w.pass()
		w.wish("check/accept")
		w.event(lifecycle.Event{Kind: lifecycle.Checked, Command: question.ID, Clock: question.Clock})
		require.Equal(t, kept, w.l.Owner, "that was asked about the deadline before")
	}
}

// No two wishes for an offer, and no two reminders of different offers, have one name.
func TestWork_namesAfterAnUndo(t *testing.T) {
	t.Parallel()
	w := offered(t, chasing())
	w.decides(lifecycle.Rejected)
	second := w.wish("offer/2")
	w.decides(lifecycle.Undone)
	w.event(lifecycle.Event{Kind: lifecycle.Offered, Command: second.ID, Offer: lifecycle.Offer{Assignment: "B", Rep: "bob", At: w.now}})
	w.decides(lifecycle.Paused)
	w.decides(lifecycle.Rejected)
	w.decides(lifecycle.Resumed)
	require.NotEqual(t, second.ID, w.wish("offer/").ID)

	p := chasing()
	p.SLA.Accept.Within = h(1.0 / 8)
	w = offered(t, p)
	w.decides(lifecycle.Rejected)
	w.offer("B", "bob")
	w.after(1.0 / 16)
	w.pass()
	bobs := w.wish("sla/")
	w.decides(lifecycle.Undone)
	w.pass()
	require.NotEqual(t, bobs.ID, w.wish("sla/").ID)

	w = offered(t, chasing())
	w.event(lifecycle.Event{Kind: lifecycle.Revoked})
	w.event(lifecycle.Event{Kind: lifecycle.Triggered, Trigger: "demo_request"})
	w.event(lifecycle.Event{Kind: lifecycle.Revoked})
	w.event(lifecycle.Event{Kind: lifecycle.Triggered, Trigger: "demo_request"})
	w.wish("offer/2")
	third := w.wish("offer/3")
	w.event(lifecycle.Event{Kind: lifecycle.Offered, Command: third.ID, Offer: lifecycle.Offer{Assignment: "C", Rep: "ann", At: w.now}})
	w.decides(lifecycle.Paused)
	w.decides(lifecycle.Rejected)
	w.decides(lifecycle.Resumed)
	require.NotEqual(t, third.ID, w.wish("offer/").ID, "that was granted, and would be again")
}

// New terms of an offer that are answered in a pause are those of before it, and asked for again after it.
func TestWork_termsOfAnOfferOverAPause(t *testing.T) {
	t.Parallel()
	w := offered(t, chasing())
	w.terms()
	of := w.wish("plan/")
	w.after(1)
	w.decides(lifecycle.Paused)
	w.after(2)
	w.planned(of)
	w.after(3)
	w.decides(lifecycle.Resumed)
	w.rest()
	require.Equal(t, levels{remind: 2 + 5, lifecycle.LevelDue: 4 + 5, escalate: 4 + 5, reassign: 5 + 5}, w.clocks(lifecycle.ClockAccept))
}

// Under the clocks of the first release what was seen of work counts as well once new terms come.
func TestWork_plainClocksUnderNewTerms(t *testing.T) {
	t.Parallel()
	w := working(t, plain())
	w.until(9, noonMonday.Add(time.Hour)) // touched
	w.p.SLA.FirstTouch.Within = h(12)
	w.terms()
	w.rest()
	require.Empty(t, w.clocks(touch))

	w = working(t, plain())
	w.until(49, noonMonday.Add(40*time.Hour)) // worked
	w.terms()
	w.rest()
	require.Equal(t, idleAt(40, 48)[owner], w.clocks(idle)[owner])
}

// Where no plan is to be had the clocks run by the one on the wall, and what has passed does not pass again.
func TestWork_noPlanIsToBeHad(t *testing.T) {
	t.Parallel()
	w := offered(t, chasing())
	w.decides(lifecycle.Accepted)
	giveUp := func() {
		w.event(lifecycle.Event{Kind: lifecycle.GivenUp, Command: w.wish("plan/").ID, Code: "timeout"})
	}
	giveUp()
	require.Equal(t, levels{owner: 8}, w.clocks(touch))
	require.Equal(t, levels{owner: 48}, w.clocks(idle))
	w.decides(lifecycle.Paused)
	w.after(2)
	w.decides(lifecycle.Resumed)
	giveUp()
	require.Equal(t, levels{owner: 10}, w.clocks(touch), "what was left of it")
	w.until(11, time.Time{})
	w.wishes = nil
	w.terms()
	giveUp()
	require.Empty(t, w.clocks(touch))
}

// Where idleness ends in dormancy it rests for as long as the stage says.
func TestWork_idlenessEndsByItsStage(t *testing.T) {
	t.Parallel()
	p := chasing()
	p.Recycle.Stages = map[lifecycle.Stage]map[string]lifecycle.Reason{lifecycle.StageWorking: {lifecycle.ReasonIdle: {Path: lifecycle.PathRecycle, CoolDown: h(7)}}}
	w := working(t, p)
	w.until(36, noonMonday.Add(time.Minute)) // touched, and not worked since
	w.until(97, time.Time{})
	require.Equal(t, levels{"": 96 + 7}, w.clocks(lifecycle.ClockCoolDown))
}
