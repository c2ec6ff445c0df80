package lifecycle_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/deadline"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// noonMonday is when ann is offered the lead of these tests.
var noonMonday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func h(n float64) span.Span { return span.Span(n * float64(time.Hour)) }

// chasing: touched within 8 h, handed on at 16 h; idle after 48 h (96 h as an opportunity), dormant two days later.
func chasing() lifecycle.Policy {
	return lifecycle.Policy{
		Name: "chasing", Calendar: "always",
		SLA: lifecycle.SLA{
			Accept: lifecycle.AcceptSLA{Within: h(4), RemindAt: []float64{0.5}, EscalateAt: 1, ReassignAfter: h(1), MaxOffers: 3, Then: "team_queue"},
			FirstTouch: lifecycle.TouchSLA{Within: h(8), Then: lifecycle.ThenTeamQueue, Chase: lifecycle.Chase{
				RemindAt: []float64{0.5}, Escalate: []lifecycle.Escalation{{At: 1.5, To: lifecycle.ToManager}}, ReassignAfter: h(8), MaxReassign: 1,
			}},
			Idle: lifecycle.Idle{Working: h(48), Opportunity: h(96), AfterManager: h(24), Finally: lifecycle.StageDormant, Chase: lifecycle.Chase{RemindAt: []float64{0.75}}},
		},
		Stale: lifecycle.Stale{Nurturing: h(240)}, Recycle: lifecycle.Recycling{MaxCycles: 3, Default: lifecycle.Reason{Path: lifecycle.PathRecycle, CoolDown: h(48)}},
	}
}

// plain has the clocks of the first release: one level after the other.
func plain() lifecycle.Policy {
	p := chasing()
	p.SLA.FirstTouch, p.SLA.Idle.Chase = lifecycle.TouchSLA{Within: h(8)}, lifecycle.Chase{}
	return p
}

// worklife plays one lead as its run would: what it wishes waits to be answered, plans by deadline.Plan.
type worklife struct {
	t      *testing.T
	l      lifecycle.Lead
	p      lifecycle.Policy
	hours  *calendar.Calendar
	wishes []lifecycle.Command
	told   []lifecycle.Entry
	now    time.Time
}

// offered is a lead that was offered to ann at noon.
func offered(t *testing.T, p lifecycle.Policy) *worklife {
	w := &worklife{t: t, p: p, hours: calendar.Always, now: noonMonday, l: lifecycle.New("l")}
	w.event(lifecycle.Event{Kind: lifecycle.Started})
	w.event(lifecycle.Event{Kind: lifecycle.Triggered, Trigger: "demo_request"})
	w.offer("A", "ann")
	return w
}

// working is a lead that ann accepted at noon; its clocks are planned.
func working(t *testing.T, p lifecycle.Policy) *worklife {
	w := offered(t, p)
	w.decides(lifecycle.Accepted)
	w.plans("plan/")
	return w
}

func (w *worklife) event(e lifecycle.Event) {
	w.t.Helper()
	e.At = w.now
	l, out, err := w.l.Apply(e, w.p)
	require.NoError(w.t, err, e.Kind)
	w.l, w.wishes, w.told = l, append(w.wishes, out.Commands...), append(w.told, out.Entries...)
}

func (w *worklife) offer(assignment, rep string) {
	w.t.Helper()
	clocks, due, err := deadline.Offer(w.hours, w.p, w.p.SLA, w.now)
	require.NoError(w.t, err)
	w.event(lifecycle.Event{Kind: lifecycle.Offered, Command: w.wish("offer/").ID, Offer: lifecycle.Offer{Assignment: assignment, Rep: rep, Team: "north", At: w.now, DueAt: due, Clocks: clocks}})
}

// decides is a decision of whoever has the lead.
func (w *worklife) decides(k lifecycle.EventKind) {
	w.t.Helper()
	e := lifecycle.Event{Kind: k, Decision: lifecycle.Decision{ID: string(k) + w.now.String(), By: w.l.Owner}}
	switch k {
	case lifecycle.Disqualified:
		e.Decision.Reason = "other"
	case lifecycle.Rejected:
		e.Decision.Reason = "no_capacity"
	case lifecycle.Snoozed:
		e.Until = w.now.Add(time.Hour)
	case lifecycle.Undone:
		e.Decision.By = ""
	}
	w.event(e)
}

func (w *worklife) terms() {
	w.t.Helper()
	w.event(lifecycle.Event{Kind: lifecycle.Refreshed, Replan: true})
}

// wish takes the first wish whose id contains the part.
func (w *worklife) wish(part string) lifecycle.Command {
	w.t.Helper()
	i := slices.IndexFunc(w.wishes, func(c lifecycle.Command) bool { return strings.Contains(c.ID, part) })
	require.GreaterOrEqual(w.t, i, 0, "%s in %+v", part, w.wishes)
	c := w.wishes[i]
	w.wishes = slices.Delete(w.wishes, i, i+1)
	return c
}

func (w *worklife) plans(part string) {
	w.t.Helper()
	w.planned(w.wish(part))
}

func (w *worklife) planned(c lifecycle.Command) {
	w.t.Helper()
	clocks, err := deadline.Plan(c, w.hours, w.p, w.p.SLA)
	require.NoError(w.t, err)
	w.event(lifecycle.Event{Kind: lifecycle.Planned, Command: c.ID, Clocks: clocks})
}

// rest answers all plans that were asked for, the oldest first.
func (w *worklife) rest() {
	w.t.Helper()
	for len(w.wishes) > 0 {
		w.plans("plan/")
	}
}

func (w *worklife) after(hours float64) { w.now = w.now.Add(h(hours).Duration()) }

// pass lets all pass that is due, as the run does.
func (w *worklife) pass() {
	w.t.Helper()
	for {
		l, k, late, ok := w.l.PopDue(w.now)
		if !ok {
			return
		}
		w.l = l
		w.event(lifecycle.Event{Kind: lifecycle.Passed, Clock: k, Late: late && l.Tells(k.Kind, w.now), Asks: true})
	}
}

// looked answers a question about a clock.
func (w *worklife) looked(part string, worked time.Time) {
	w.t.Helper()
	c := w.wish(part)
	w.event(lifecycle.Event{Kind: lifecycle.Checked, Command: c.ID, Clock: c.Clock, Worked: worked})
}

// until lets everything pass and be looked at that is due before so many hours have passed since noon.
func (w *worklife) until(hours float64, worked time.Time) {
	w.t.Helper()
	end := noonMonday.Add(h(hours).Duration())
	for due := w.l.Due(); !due.IsZero() && due.Before(end); due = w.l.Due() {
		w.now = due
		w.pass()
		w.looked("check/", worked)
		w.wishes = slices.DeleteFunc(w.wishes, func(c lifecycle.Command) bool { return c.Kind == lifecycle.CommandAlert })
	}
	w.now = end
}

// clocks are those of a kind, in hours since noon.
func (w *worklife) clocks(kind lifecycle.ClockKind) map[lifecycle.Level]float64 {
	all := map[lifecycle.Level]float64{}
	for _, k := range w.l.Clocks {
		if k.Kind == kind {
			require.False(w.t, k.At.IsZero(), "%s %s is held", k.Kind, k.Level)
			all[k.Level] = k.At.Sub(noonMonday).Hours()
		}
	}
	return all
}

func (w *worklife) whys() (all []string) {
	for _, e := range w.told {
		all = append(all, e.Why)
	}
	return all
}
