package lifecycle_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

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
