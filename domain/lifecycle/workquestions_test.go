package lifecycle_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

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
