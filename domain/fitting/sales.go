package fitting

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// closings is what became of leads that sales had.
type closings struct {
	judged, fit                           int // by reps: leads that were answered, and those that were not refused as unfit
	worked, qualified                     int // of those that were taken: it came to something, and that was an opportunity
	closed, won                           int
	waits                                 []chosen
	first, second, touch, decide, fetched []wait
}

// chosen is how long a lead had waited for a rep, and whether it became an opportunity.
type chosen struct {
	waited time.Duration
	yes    bool
}

// work is one cycle of a lead, as far as sales had it.
type work struct {
	mql, queued, taken, chance, end time.Time
	decided                         time.Time // somebody decided how it ended; zero: it ended by itself, or goes on
	rep                             string
	claimed                         bool
	rejected, won                   bool
	unfit                           bool
}

func (f *fit) closings(leads []int) (c closings) {
	for _, i := range leads {
		l := f.Leads[i]
		for _, o := range l.Offers {
			if !o.Claimed && o.State != "withdrawn" {
				c.decide = append(c.decide, f.answer(o))
			}
		}
		last := 0
		for _, m := range l.Moves {
			last = max(last, m.Cycle)
		}
		for cycle := 1; cycle <= last; cycle++ {
			f.close(&c, l, l.work(cycle))
		}
	}
	return c
}

// answer is how long a rep took for an offer, in their business time.
func (f *fit) answer(o Offer) wait {
	answered, end := o.State == "accepted" || o.State == "rejected", o.Decided
	if end.IsZero() {
		end = f.Until
	}
	return wait{f.Hours(o.Rep).Elapsed(o.At, end), answered}
}

// work puts together what is known of a cycle.
func (l Lead) work(cycle int) (w work) {
	for _, m := range l.Moves {
		if m.Cycle != cycle {
			if m.Cycle == cycle+1 && w.end.IsZero() && !w.taken.IsZero() {
				w.end = m.At
			}
			continue
		}
		switch lifecycle.Stage(m.Stage) {
		case lifecycle.StageQualified, lifecycle.StageHandoff:
			if w.mql.IsZero() {
				w.mql = m.At
			}
		case lifecycle.StageOpportunity:
			if w.chance.IsZero() {
				w.chance = m.At
			}
		case lifecycle.StageWon, lifecycle.StageLost, lifecycle.StageDormant, lifecycle.StageDisqualified:
			if w.end.IsZero() {
				w.end, w.won = m.At, m.Stage == string(lifecycle.StageWon)
			}
		}
	}
	for _, o := range l.Offers {
		if o.Cycle != cycle {
			continue
		}
		if o.State == "accepted" && w.taken.IsZero() {
			w.taken, w.rep, w.claimed = o.Decided, o.Rep, o.Claimed
			if o.Claimed {
				w.taken = o.At
			}
		}
		w.rejected = w.rejected || o.State == "rejected"
	}
	for _, e := range l.Ends {
		if e.Cycle != cycle || e.Kind == "rejected" {
			continue
		}
		w.unfit = w.unfit || e.Kind == "disqualified"
		if w.decided.IsZero() {
			w.decided = e.At
		}
	}
	for _, m := range l.Moves {
		if m.Cycle == cycle && m.Stage == string(lifecycle.StageQualified) && m.At.Before(w.taken) {
			w.queued = m.At
		}
	}
	return w
}

// close counts a cycle.
func (f *fit) close(c *closings, l Lead, w work) {
	hours := f.Hours(w.rep)
	if !w.mql.IsZero() && (!w.taken.IsZero() || w.rejected) {
		c.judged++
		if !w.taken.IsZero() && !(w.claimed && w.unfit) {
			c.fit++
		}
	}
	if w.taken.IsZero() {
		return
	}
	if w.claimed && !w.queued.IsZero() {
		c.fetched = append(c.fetched, wait{f.Hours("").Elapsed(w.queued, w.taken), true})
	}
	until := func(happens ...time.Time) (time.Time, bool) { // the first of these, or when it was seen last
		for _, t := range happens {
			if !t.IsZero() && !t.After(f.Until) {
				return t, true
			}
		}
		if !w.end.IsZero() && w.end.Before(f.Until) {
			return w.end, false
		}
		return f.Until, false
	}
	over, done := until(w.chance, w.decided)
	c.first = append(c.first, wait{hours.Elapsed(w.taken, over), done})
	c.touch = append(c.touch, touched(l, w, over, hours.Elapsed))
	if done && !(w.claimed && w.unfit) {
		c.worked++
		if !w.chance.IsZero() {
			c.qualified++
		}
		if !w.mql.IsZero() {
			c.waits = append(c.waits, chosen{w.taken.Sub(w.mql), !w.chance.IsZero()})
		}
	}
	if !w.chance.IsZero() {
		end, done := until(w.decided)
		c.second = append(c.second, wait{hours.Elapsed(w.chance, end), done})
		if done {
			c.closed++
			if w.won {
				c.won++
			}
		}
	}
}

// touched is when a rep first got in touch with a lead they had taken.
func touched(l Lead, w work, over time.Time, elapsed func(a, b time.Time) time.Duration) wait {
	for _, e := range l.Events {
		if (e.Type == "call" || e.Type == "meeting" || e.Type == "chat") && e.At.After(w.taken) && !e.At.After(over) {
			return wait{elapsed(w.taken, e.At), true}
		}
	}
	return wait{elapsed(w.taken, over), false}
}

// buys is what sales finds in these leads.
func (f *fit) buys(leads []int, all *simulate.Kind) simulate.Buys {
	c := f.closings(leads)
	if all != nil {
		return simulate.Buys{
			Fits: shrunk(float64(c.fit), float64(c.judged), all.Buys.Fits), Qualifies: shrunk(float64(c.qualified), float64(c.worked), all.Buys.Qualifies),
			Wins: shrunk(float64(c.won), float64(c.closed), all.Buys.Wins), Patience: all.Buys.Patience,
		}
	}
	out := f.Assumed.People[0].Buys
	if c.judged >= leastCases {
		out.Fits = round(share(c.fit, c.judged))
	}
	if c.worked >= leastCases {
		out.Qualifies, out.Patience = patience(c.waits, share(c.qualified, c.worked))
	}
	if c.closed >= leastCases {
		out.Wins = round(share(c.won, c.closed))
	}
	return out
}

// patience fits that an opportunity is half as likely after so long without a rep. It is taken where the likelihood gains more than
// chance would in 19 of 20 cases (1.92, half the 95 % quantile of chi squared with one degree).
func patience(waits []chosen, plain float64) (qualifies float64, half span.Span) {
	likelihood := func(q float64, half time.Duration) (sum float64) {
		for _, w := range waits {
			p := q
			if half > 0 {
				p *= math.Exp2(-float64(w.waited) / float64(half))
			}
			p = min(1-1e-9, max(1e-9, p))
			if w.yes {
				sum += math.Log(p)
			} else {
				sum += math.Log(1 - p)
			}
		}
		return sum
	}
	best, qualifies := likelihood(plain, 0)+1.92, plain
	for _, days := range []int{1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 60} {
		for q := 0.02; q <= 1; q += 0.02 {
			if l := likelihood(q, time.Duration(days)*span.Day); l > best {
				best, qualifies, half = l, q, span.Span(time.Duration(days)*span.Day)
			}
		}
	}
	return round(qualifies), half
}

// sales is how reps answer, call and close.
func (f *fit) sales() {
	s, c := &f.out.Behaviour.Sales, f.closings(allOf(f.Leads))
	took := func(what, cases, never string, waits []wait, part *float64, into *span.Span, none *float64) {
		median, share, n := waited(waits, part)
		share = math.Round(1000*share) / 1000
		if f.found(what, n, leastCases, cases, "half of them within %s of business time; %g %s", rough(median), share, never) {
			*into = rough(median)
			if none != nil {
				*none = share
			}
		}
	}
	nobody := 0.0
	took("sales.decides", "answered offers", "are not answered", c.decide, nil, &s.Decides.After, &s.Decides.Misses)
	if f.out.Findings[len(f.out.Findings)-1].How == ByFit {
		s.Decides.Slowed, s.Decides.Heeds = 0, 0
		f.out.Findings = append(f.out.Findings, FittedPart{What: "sales.decides.heeds", How: ByAssumed, Says: "what reminders change, and how much open leads slow a rep, is in these figures already: both are 0"})
	}
	took("sales.touches", "first touches", "never", c.touch, nil, &s.Touches.After, &s.Touches.Never)
	took("sales.works.qualifies", "leads whose work came to something", "are forgotten", c.first, nil, &s.Works.Qualifies, &s.Works.Forgets)
	took("sales.works.closes", "opportunities that were decided", "are forgotten, as of all at work", c.second, &s.Works.Forgets, &s.Works.Closes, nil)
	took("sales.queue", "leads taken out of the queue", "never", c.fetched, &nobody, &s.Queue, nil)
	f.reasons("sales.rejects", "rejected", lifecycle.Rejected, &s.Rejects)
	f.reasons("sales.loses", "lost", lifecycle.Lost, &s.Loses)
}

// reasons are those that are given, as often as they are; of them only what the policy knows now.
func (f *fit) reasons(what, kind string, event lifecycle.EventKind, into *map[string]float64) {
	counts, n := map[string]int{}, 0
	for _, l := range f.Leads {
		for _, e := range l.Ends {
			if e.Kind == kind && e.Reason != "" && f.Policy.Knows(event, e.Reason) {
				counts[e.Reason]++
				n++
			}
		}
	}
	if f.found(what, n, leastCases, "reasons", "%d different ones", len(counts)) {
		*into = weights(counts)
	}
	for _, code := range slices.Sorted(maps.Keys(*into)) {
		if !f.Policy.Knows(event, code) { // assumed, and unknown here
			*into = without(*into, code)
		}
	}
	if len(*into) == 0 {
		*into = map[string]float64{"other": 1}
	}
}
