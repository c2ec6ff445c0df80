package simulate

import (
	"fmt"
	"math"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// hold keeps count of who has how many leads.
func (w *world) hold(p *person, before lifecycle.Lead) {
	holder := ""
	switch p.lead.Stage {
	case lifecycle.StageHandoff, lifecycle.StageWorking, lifecycle.StageOpportunity:
		holder = p.lead.Owner
	}
	if holder == p.holder {
		return
	}
	for name, by := range map[string]int{p.holder: -1, holder: 1} {
		if r := w.staff[name]; r != nil {
			line := w.week(r)
			r.open += by
			line.Open, line.Peak = r.open, max(line.Peak, r.open)
		}
	}
	left := p.holder
	if p.holder = holder; w.staff[left] != nil {
		w.room()
	}
}

// became keeps what the timeline says of an offer.
func (w *world) became(o *offer, e lifecycle.Entry) {
	if e.Kind == lifecycle.Checked && o.touched.IsZero() && hasTouch(e.Why) {
		o.idle = true
	}
	if e.Outcome == "" || e.Outcome == o.state {
		return
	}
	if o.state == "accepted" && e.Outcome == "missed" {
		return // a clock of work took it away: it was accepted all the same
	}
	o.state, o.decided = e.Outcome, e.At
	line := w.week(o.rep)
	switch e.Outcome {
	case "accepted":
		line.Accepted++
	case "rejected":
		line.Rejected++
	case "missed":
		line.Missed++
	case "withdrawn":
		o.rep.days[dayOf(o.at)]--
		w.room()
	}
}

// somebody is whoever must do something about a lead where it stands now.
func (w *world) somebody(p *person) {
	l := p.lead
	spot := fmt.Sprintf("%s/%d/%s/%d", l.Stage, l.Cycle, l.Assignment, p.entered.UnixNano())
	if spot == p.spot {
		return
	}
	p.spot, p.asleep = spot, false
	d := throw(w.Seed, p.n, "sales", l.Stage, l.Cycle, l.Asked)
	switch l.Stage {
	case lifecycle.StageHandoff:
		p.asleep = d.chance(w.Behaviour.Sales.Decides.Misses)
		w.after(p, d, w.Behaviour.Sales.Decides.After, w.answers)
	case lifecycle.StageQualified:
		if w.Behaviour.Sales.Queue > 0 {
			w.looks(p, d)
		}
	case lifecycle.StageWorking:
		never := d.chance(w.Behaviour.Sales.Touches.Never)
		w.touches(p, d, never)
		p.asleep = d.chance(w.Behaviour.Sales.Works.Forgets)
		w.after(p, d, w.Behaviour.Sales.Works.Qualifies, w.qualifies)
	case lifecycle.StageOpportunity:
		p.asleep = d.chance(w.Behaviour.Sales.Works.Forgets)
		w.after(p, d, w.Behaviour.Sales.Works.Closes, w.closes)
	}
}

// after lets the rep of a lead do something in some business time, if it still stands there then. Who is asleep does not.
func (w *world) after(p *person, d dice, median span.Span, do func(p *person)) {
	r, long := w.staff[p.lead.Owner], d.took(median)
	if r == nil || p.asleep {
		return
	}
	if p.lead.Stage == lifecycle.StageHandoff {
		long = time.Duration(float64(long) * (1 + w.Behaviour.Sales.Decides.Slowed*float64(r.open)))
	}
	w.still(p, business(r.hours, w.now, long), func() { do(p) })
}

// still does something later, unless the lead stands elsewhere by then.
func (w *world) still(p *person, at time.Time, do func()) {
	spot := p.spot
	w.at(at, func() {
		if p.spot == spot {
			do()
		}
	})
}

// business is so much business time later; where the calendar has not that much left, by the clock on the wall.
func business(hours *calendar.Calendar, from time.Time, long time.Duration) time.Time {
	at, err := hours.Add(from, long)
	if err != nil {
		return from.Add(long)
	}
	return at.Add(time.Millisecond) // not in the very moment in which something else falls due
}

// suits reports whether a rep finds somebody who might buy. It is the same whoever looks.
func (w *world) suits(p *person) bool {
	return throw(w.Seed, p.n, "fits", p.lead.Cycle).chance(p.kind.Buys.Fits)
}

func (w *world) answers(p *person) {
	if w.suits(p) {
		w.decides(p, lifecycle.Accepted, p.lead.Owner, "")
		return
	}
	d := throw(w.Seed, p.n, "rejects", p.lead.Cycle, p.lead.Asked)
	w.decides(p, lifecycle.Rejected, p.lead.Owner, d.pick(w.Behaviour.Sales.Rejects))
}

// looks is somebody of the team who looks into its queue, and takes the lead if they have room.
func (w *world) looks(p *person, d dice) {
	at := business(w.of("", p.lead.Team), w.now, d.took(w.Behaviour.Sales.Queue))
	w.still(p, at, func() {
		if r := w.free(p); r != nil && !p.lead.Asking && !p.lead.Paused {
			w.decides(p, lifecycle.Accepted, r.Name, "")
		}
		if p.lead.Stage == lifecycle.StageQualified {
			w.looks(p, d)
		}
	})
}

// free is who has room for a lead of the queue, and of those who has fewest: of its team, where it has one.
func (w *world) free(p *person) (best *rep) {
	for _, r := range w.reps {
		if r.Inactive || p.lead.Team != "" && r.Team != p.lead.Team || r.Capacity > 0 && r.open >= r.Capacity {
			continue
		}
		if best == nil || r.open < best.open {
			best = r
		}
	}
	return best
}

// touches is the first call of whoever took a lead.
func (w *world) touches(p *person, d dice, never bool) {
	r, long := w.staff[p.lead.Owner], d.took(w.Behaviour.Sales.Touches.After)
	if r == nil || never {
		return
	}
	w.calls(p, business(r.hours, w.now, long))
}

func (w *world) calls(p *person, at time.Time) {
	w.still(p, at, func() {
		if o := p.offers[p.lead.Assignment]; o != nil && o.touched.IsZero() {
			o.touched = w.now
		}
		w.ingest(p, "call", nil)
	})
}

// noBuyer is why a rep ends a lead that they took out of the queue and that does not fit.
const noBuyer = "not_a_buyer"

// qualifies is what comes of a lead at work: an opportunity, or the end of it.
func (w *world) qualifies(p *person) {
	d := throw(w.Seed, p.n, "qualifies", p.lead.Cycle)
	chance := p.kind.Buys.Qualifies
	if o := p.offers[p.lead.Assignment]; o != nil && p.kind.Buys.Patience > 0 {
		chance *= math.Exp2(-float64(o.taken().Sub(p.crossed)) / float64(p.kind.Buys.Patience.Duration()))
	}
	switch is := d.chance(chance); {
	case !w.suits(p):
		w.decides(p, lifecycle.Disqualified, p.lead.Owner, noBuyer)
	case is:
		w.decides(p, lifecycle.Qualified, p.lead.Owner, "")
	default:
		w.decides(p, lifecycle.Lost, p.lead.Owner, d.pick(w.Behaviour.Sales.Loses))
	}
}

// closes is what comes of an opportunity.
func (w *world) closes(p *person) {
	d := throw(w.Seed, p.n, "closes", p.lead.Cycle)
	if d.chance(p.kind.Buys.Wins) {
		w.decides(p, lifecycle.Won, p.lead.Owner, "")
		return
	}
	w.decides(p, lifecycle.Lost, p.lead.Owner, d.pick(w.Behaviour.Sales.Loses))
}

// alerted is a rep, or their manager, who is told of what was not done; then it may be done.
func (w *world) alerted(p *person, c lifecycle.Command) {
	r := w.staff[c.Rep]
	if r == nil {
		return
	}
	w.week(r).Alerts++
	d := throw(w.Seed, p.n, "heeds", c.Cycle, p.lead.Asked, c.Clock.Kind, c.Clock.Level, c.Clock.N)
	if !d.chance(w.Behaviour.Sales.Decides.Heeds) {
		return
	}
	at := business(r.hours, w.now, d.took(w.Behaviour.Sales.Decides.After))
	switch do := map[lifecycle.Stage]func(*person){
		lifecycle.StageHandoff: w.answers, lifecycle.StageWorking: w.qualifies, lifecycle.StageOpportunity: w.closes,
	}[p.lead.Stage]; {
	case c.Clock.Kind == lifecycle.ClockTouch:
		w.calls(p, at)
	case p.asleep && do != nil:
		p.asleep = false
		w.still(p, at, func() { do(p) })
	}
}

// hasTouch reports that a line of the timeline says that the first touch was late.
func hasTouch(why string) bool {
	for _, code := range []string{"first_touch_missed", "first_touch_owner", "first_touch_escalate", "first_touch_reassign", "first_touch_final"} {
		if why == code {
			return true
		}
	}
	return false
}
