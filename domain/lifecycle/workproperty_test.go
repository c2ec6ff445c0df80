package lifecycle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/deadline"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// anyLife is a life in which everything happens within minutes and the clocks of offers and of work have weeks: none falls due.
type anyLife struct {
	*rapid.T
	p       lifecycle.Policy
	l       lifecycle.Lead
	now     time.Time
	wishes  []lifecycle.Command
	trace   []string
	n       int
	since   [2]time.Time // by hand: from when touch and idleness run
	undone  [2]time.Time
	held    []lifecycle.Hold // by hand
	standby []lifecycle.Hold // of before a decision that can be undone
}

func (a *anyLife) apply(e lifecycle.Event) bool {
	e.At = a.now
	holds := slices.Clone(a.l.Holds)
	got, out, err := a.l.Apply(e, a.p)
	require.Equal(a.T, holds, a.l.Holds, "the lead that was given stays as it was")
	a.trace = append(a.trace, fmt.Sprintf("%s %s %s -> %s %v", a.now.Sub(noonMonday), e.Kind, e.Command, got.Stage, err))
	if err != nil {
		return false
	}
	before := a.l
	a.l = got
	for _, c := range out.Commands { // as the outbox of a run: what waits under a name is not wished again
		if !slices.ContainsFunc(a.wishes, func(x lifecycle.Command) bool { return x.ID == c.ID }) {
			a.wishes = append(a.wishes, c)
		}
	}
	a.byHand(e, before)
	return true
}

func atWork(l lifecycle.Lead) bool {
	return l.Stage == lifecycle.StageWorking || l.Stage == lifecycle.StageOpportunity
}

// byHand keeps what the clocks should run by.
func (a *anyLife) byHand(e lifecycle.Event, before lifecycle.Lead) {
	switch {
	case e.Kind == lifecycle.Disqualified && atWork(before):
		a.undone, a.standby = a.since, slices.Clone(a.held)
	case e.Kind == lifecycle.Undone && before.Stage == lifecycle.StageDisqualified:
		a.since, a.held = a.undone, a.standby
	case atWork(a.l) && (!atWork(before) || a.l.Assignment != before.Assignment):
		a.since = [2]time.Time{a.now, a.now}
	case e.Kind == lifecycle.Qualified && before.Stage == lifecycle.StageWorking:
		a.since[1] = a.now
	}
	if !atWork(a.l) {
		a.held = nil
		return
	}
	open := len(a.held) > 0 && a.held[len(a.held)-1].To.IsZero()
	switch held := a.l.Paused || a.l.Snoozed; {
	case held && !open:
		a.held = append(a.held, lifecycle.Hold{From: a.now})
	case !held && open:
		a.held[len(a.held)-1].To = a.now
	}
}

// answer lets something come of a wish, in any order.
func (a *anyLife) answer() {
	i := rapid.IntRange(0, len(a.wishes)-1).Draw(a.T, "wish")
	c := a.wishes[i]
	a.wishes = slices.Delete(a.wishes, i, i+1)
	a.n++
	e := lifecycle.Event{Command: c.ID}
	o := lifecycle.Offer{Assignment: fmt.Sprint("o", a.n), Rep: fmt.Sprint("r", a.n%3), At: a.now}
	var err error
	switch c.Kind {
	case lifecycle.CommandOffer:
		e.Kind, e.Offer = lifecycle.Offered, o
		e.Offer.Clocks, e.Offer.DueAt, err = deadline.Offer(calendar.Always, a.p, a.p.SLA, a.now)
	case lifecycle.CommandClaim:
		o.Rep = c.Rep
		e.Kind, e.Offer = lifecycle.Claimed, o
	case lifecycle.CommandAssign:
		if e.Kind, e.Offer = lifecycle.Assigned, o; rapid.Bool().Draw(a.T, "refused") {
			e.Kind, e.Offer, e.Code = lifecycle.NotGranted, lifecycle.Offer{}, lifecycle.CodeAtCapacity
		}
	case lifecycle.CommandPlan:
		e.Kind = lifecycle.Planned
		e.Clocks, err = deadline.Plan(c, calendar.Always, a.p, a.p.SLA)
	default:
		return
	}
	require.NoError(a.T, err)
	a.apply(e)
}

func (a *anyLife) decide() {
	a.n++
	kinds := []lifecycle.EventKind{
		lifecycle.Accepted, lifecycle.Accepted, lifecycle.Qualified, lifecycle.Disqualified, lifecycle.Undone, lifecycle.Undone, lifecycle.Paused, lifecycle.Resumed,
		lifecycle.Snoozed, lifecycle.Reassigned, lifecycle.Refreshed, lifecycle.Rejected,
	}
	e := lifecycle.Event{Kind: rapid.SampledFrom(kinds).Draw(a.T, "kind"), Decision: lifecycle.Decision{ID: fmt.Sprint("d", a.n), By: a.l.Owner}}
	switch e.Kind {
	case lifecycle.Disqualified:
		e.Decision.Reason = "other"
	case lifecycle.Rejected:
		e.Decision.Reason = "no_capacity"
	case lifecycle.Reassigned:
		e.Rep = fmt.Sprint("r", a.n%3)
	case lifecycle.Snoozed:
		e.Until = a.now.Add(24 * time.Hour)
	case lifecycle.Refreshed:
		e.Replan = true
	case lifecycle.Accepted:
		if a.l.Owner == "" {
			e.Decision.By = "r0"
		}
	}
	a.apply(e)
}

func (a *anyLife) wake() {
	if a.l.Snoozed {
		a.l.Clocks = slices.DeleteFunc(slices.Clone(a.l.Clocks), func(k lifecycle.Clock) bool { return k.Kind == lifecycle.ClockSnooze })
		a.apply(lifecycle.Event{Kind: lifecycle.Passed, Clock: lifecycle.Clock{Kind: lifecycle.ClockSnooze}})
	}
}

func (a *anyLife) check(kind lifecycle.ClockKind, want levels) {
	got := levels{}
	for _, k := range a.l.Clocks {
		if k.Kind == kind {
			_, twice := got[k.Level]
			require.False(a.T, twice || k.At.IsZero(), "%s %s is held or there twice\n%s", kind, k.Level, strings.Join(a.trace, "\n"))
			got[k.Level] = k.At.Sub(noonMonday).Hours()
		}
	}
	require.Equal(a.T, want, got, "%s\n%s", kind, strings.Join(a.trace, "\n"))
}

// from is when a clock would have begun, had it never stood still: hours since noon.
func (a *anyLife) from(since time.Time) float64 {
	at := since
	for _, h := range a.held {
		if h.To.After(since) {
			at = at.Add(h.To.Sub(maxTime(h.From, since)))
		}
	}
	return at.Sub(noonMonday).Hours()
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Whatever is decided, held, undone and answered in whatever order: once all is answered, every clock has each of its levels once, at the
// moment from which it runs, less the time in which it stood still.
func TestWork_everyClockIsThereOnceAndInTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a := &anyLife{T: rt, p: chasing(), l: lifecycle.New("l"), now: noonMonday}
		a.p.SLA.Accept.Within, a.p.SLA.Accept.MaxOffers = h(2000), 100
		a.p.SLA.FirstTouch.Within, a.p.SLA.FirstTouch.ReassignAfter, a.p.SLA.FirstTouch.Escalate[0].At = h(1000), h(1000), 1.5
		a.p.SLA.Idle.Working, a.p.SLA.Idle.Opportunity = h(3000), h(4000)
		a.p.SLA.Snooze.Times = 100
		a.apply(lifecycle.Event{Kind: lifecycle.Started})
		a.apply(lifecycle.Event{Kind: lifecycle.Triggered, Trigger: "demo_request"})
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			a.now = a.now.Add(rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Minute}).Draw(rt, "later"))
			switch what := rapid.IntRange(0, 5).Draw(rt, "what"); {
			case len(a.wishes) > 0 && what < 3:
				a.answer()
			case what == 3:
				a.wake()
			default:
				a.decide()
			}
		}
		if a.wake(); a.l.Paused {
			a.apply(lifecycle.Event{Kind: lifecycle.Resumed, Decision: lifecycle.Decision{ID: "end"}})
		}
		a.wake()
		for len(a.wishes) > 0 {
			a.answer()
		}
		if !atWork(a.l) {
			a.check(touch, levels{})
			a.check(idle, levels{})
			return
		}
		t, i := a.from(a.since[0]), a.from(a.since[1])
		within := 3000.0
		if a.l.Stage == lifecycle.StageOpportunity {
			within = 4000
		}
		a.check(touch, levels{remind: t + 500, owner: t + 1000, escalate: t + 1500, reassign: t + 2000})
		a.check(idle, levels{remind: i + within*3/4, owner: i + within, manager: i + within + 24, final: i + within + 48})
	})
}
