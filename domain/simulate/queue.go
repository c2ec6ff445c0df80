package simulate

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// A lead for whom nobody has room looks again every hour, and of a thousand who wait each is as disappointed as the others. As long as nobody has got room
// since, and nothing happened to the lead, that is known before: it is not played. What such a lead has missed is made up for
// before anything happens to it (catchUp), and when somebody has room again those who wait try in the order of the moments at which they would have looked.

// benches are the leads that look again every hour, by the moment within the hour.
type benches struct {
	leads   []*person
	untried int  // so many have not looked since somebody got room
	looking bool // the next one is on its way
}

// phase is a moment within the hour.
func phase(t time.Time) time.Duration { return time.Duration(t.UnixNano() % int64(time.Hour)) }

func retry(l lifecycle.Lead) int {
	return slices.IndexFunc(l.Clocks, func(c lifecycle.Clock) bool { return c.Kind == lifecycle.ClockRetry && !c.At.IsZero() })
}

// sits reports whether a lead is one of those whose looking again is not played. Where all of a life is kept it is, and where a lead may go to
// who works with its company: that changes with other leads, not with room.
func (w *world) sits(p *person) bool {
	i := retry(p.lead)
	if i < 0 || w.Keep || p.lead.Asking || p.lead.Stage != lifecycle.StageQualified || w.Route.AccountOf(p.text("company_domain"), "") != "" {
		w.rises(p)
		return false
	}
	switch at := p.lead.Clocks[i].At; {
	case p.sits && phase(at) == p.phase:
	case at.Sub(w.now) == time.Hour:
		w.rises(p)
		p.sits, p.phase = true, phase(at)
		n, _ := slices.BinarySearchFunc(w.benches.leads, p, bySeat)
		w.benches.leads = slices.Insert(w.benches.leads, n, p)
		w.benches.untried++
	default:
		w.rises(p)
	}
	return p.sits
}

func bySeat(a, b *person) int {
	if a.phase != b.phase {
		return int(max(-1, min(1, a.phase-b.phase)))
	}
	return a.n - b.n
}

// rises makes a lead look again by itself.
func (w *world) rises(p *person) {
	if !p.sits {
		return
	}
	if n, found := slices.BinarySearchFunc(w.benches.leads, p, bySeat); found {
		w.benches.leads = slices.Delete(w.benches.leads, n, n+1)
	}
	p.sits = false
}

// catchUp makes up for the times at which a lead looked before now, and found nobody.
func (w *world) catchUp(p *person) {
	i := retry(p.lead)
	if !p.sits || i < 0 || !p.lead.Clocks[i].At.Before(w.now) {
		return
	}
	c := p.lead.Clocks[i]
	missed := (w.now.Sub(c.At)-1)/time.Hour + 1
	c.At = c.At.Add(missed * time.Hour)
	p.lead.Unmet += int(missed)
	p.lead.Clocks = append(slices.Delete(slices.Clone(p.lead.Clocks), i, i+1), c)
}

// stirs lets a lead that sits look again at its next moment: it is another one now, and somebody may have room for that.
func (w *world) stirs(p *person) {
	if !p.sits {
		return
	}
	w.catchUp(p)
	w.rises(p)
	w.wait(p, p.lead.Due())
}

// room is called when somebody may have room who had none.
func (w *world) room() {
	w.benches.untried = len(w.benches.leads)
	w.look()
}

// look lets the next of those who sit look, if it may help.
func (w *world) look() {
	b := &w.benches
	if b.looking || b.untried <= 0 || len(b.leads) == 0 || !slices.ContainsFunc(w.reps, w.hasRoom) {
		return
	}
	n, _ := slices.BinarySearchFunc(b.leads, phase(w.now)+1, func(p *person, at time.Duration) int { return int(max(-1, min(1, p.phase-at))) })
	p := b.leads[n%len(b.leads)]
	after := p.phase - phase(w.now)
	if after <= 0 {
		after += time.Hour
	}
	b.looking = true
	w.at(w.now.Add(after), func() {
		b.looking = false
		if b.untried--; p.sits {
			w.passed(p)
		}
		w.look()
	})
}

// hasRoom reports that a rep may be given a lead, as far as that is the same for all leads.
func (w *world) hasRoom(r *rep) bool {
	return !r.Inactive && (r.Capacity == 0 || r.open < r.Capacity) && (r.PerDay == 0 || w.today(r) < r.PerDay)
}

// midnights tells of each new day, where offers of a day are counted.
func (w *world) midnights() {
	if !slices.ContainsFunc(w.reps, func(r *rep) bool { return r.PerDay > 0 }) {
		return
	}
	day := w.now.UTC().Truncate(24 * time.Hour)
	var dawn func()
	dawn = func() {
		w.room()
		day = day.AddDate(0, 0, 1)
		w.at(day, dawn)
	}
	day = day.AddDate(0, 0, 1)
	w.at(day, dawn)
}
