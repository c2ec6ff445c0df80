package simulate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/deadline"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// rep is somebody in sales.
type rep struct {
	Rep
	hours *calendar.Calendar
	open  int            // leads they have
	days  map[string]int // offers by day, but those that were withdrawn
	weeks map[string]*LoadLine
}

// pool is what a pool of reps keeps from one decision to the next.
type pool struct {
	given int64
	turn  map[string]int64
	owes  map[string]int64
}

// offer is a lead that was given to somebody.
type offer struct {
	rep     *rep
	band    string // of the lead, at that moment
	at, due time.Time
	crossed time.Time
	decided time.Time
	state   string // offered, accepted, rejected, missed, withdrawn
	claimed bool   // taken out of the queue, or given by a clock: it was never offered
	touched time.Time
	idle    bool // its rep was late with the first touch
}

// taken is since when it is its rep's.
func (o *offer) taken() time.Time {
	if !o.decided.IsZero() {
		return o.decided
	}
	return o.at
}

// grant answers an offer, a claim or an assignment.
func (w *world) grant(p *person, c lifecycle.Command) record.Granted {
	name, code := c.Rep, lifecycle.CodeUnknownRep
	switch {
	case c.Kind == lifecycle.CommandOffer:
		name, code = w.route(p, c, w.Route), record.CodeNoRep
	case c.Kind == lifecycle.CommandAssign && c.Rep == "":
		name, code = w.route(p, c, routing.OfTeam(c.Team)), record.CodeNoRep
	}
	r := w.staff[name]
	if r == nil {
		return record.Granted{Code: code}
	}
	o := &offer{rep: r, band: p.stands.Band, at: c.At, crossed: p.crossed}
	out := &lifecycle.Offer{Assignment: assignment(c), Rep: r.Name, Team: r.Team, At: c.At.UTC()}
	p.offers[out.Assignment] = o
	if c.Kind != lifecycle.CommandOffer {
		o.state, o.claimed, o.decided = "accepted", true, c.At
		w.week(r).Claimed++
		return record.Granted{Offer: out}
	}
	o.state = "offered"
	w.week(r).Offers++
	r.days[dayOf(c.At)]++
	var err error
	terms := w.Policy.SLA.For(lifecycle.Whose{Team: r.Team, Band: o.band, Source: p.source})
	if out.Clocks, o.due, err = deadline.Offer(r.hours, w.Policy, terms, c.At); err != nil {
		w.fail(p, err)
	}
	out.DueAt = o.due
	return record.Granted{Offer: out}
}

// terms are the clocks of a lead: by the team of who has it, by its band when it was given to them, else now, and by its source.
func (w *world) terms(p *person, c lifecycle.Command) lifecycle.SLA {
	who := lifecycle.Whose{Team: c.Team, Band: p.stands.Band, Source: p.source}
	if r := w.staff[c.Rep]; r != nil && r.Team != "" {
		who.Team = r.Team
	}
	if o := p.offers[c.Assignment]; o != nil {
		who.Band = o.band
	}
	return w.Policy.SLA.For(who)
}

// route chooses who gets a lead.
func (w *world) route(p *person, c lifecycle.Command, doc routing.Document) string {
	in := routing.Input{Facts: w.asked(p, c, doc), Passed: c.Exclude}
	if domain := doc.AccountOf(p.text("company_domain"), ""); domain != "" {
		if in.Owner = w.ownerOf(p, domain); in.Owner != "" {
			in.Facts["account.owner"] = in.Owner
		}
	}
	for {
		d := routing.Decide(doc, in)
		if d.Need != nil {
			in.Read = append(in.Read, d.Need.Pool)
			in.Candidates = append(in.Candidates, w.candidates(*d.Need)...)
			continue
		}
		if d.Rep != "" {
			w.takeTurn(d)
		}
		return d.Rep
	}
}

// asked is what a document asks of a lead.
func (w *world) asked(p *person, c lifecycle.Command, doc routing.Document) routing.Facts {
	f := routing.Facts{
		"cycle": float64(c.Cycle), "score": float64(p.stands.Score), "fit": p.stands.Fit, "engagement": p.stands.Engagement,
		"band": p.stands.Band, "grade": p.stands.Grade, "source.channel": p.source,
	}
	for _, field := range doc.Fields() {
		if v, known := p.profile.Get(field); known {
			f[field] = v
		}
	}
	return f
}

// ownerOf is who works with a company already: whoever is furthest with it, and of those the one who began last.
func (w *world) ownerOf(p *person, domain string) string {
	var best *person
	rank := func(p *person) int {
		return slices.Index([]string{"handoff", "won", "working", "opportunity"}, string(p.lead.Stage))
	}
	for _, other := range w.people {
		if other == p || other.lead.Owner == "" || rank(other) < 0 || strings.ToLower(other.text("company_domain")) != domain {
			continue
		}
		if best == nil || cmp.Or(rank(other)-rank(best), other.entered.Compare(best.entered)) > 0 {
			best = other
		}
	}
	if best == nil {
		return ""
	}
	return best.lead.Owner
}

func (p *person) text(field string) string {
	v, _ := p.profile.Get(field)
	t, _ := v.(string)
	return t
}

// candidates are the reps of a pool as it sees them now.
func (w *world) candidates(s routing.Step) []routing.Candidate {
	of := w.pool(s.Pool)
	var out []routing.Candidate
	for _, r := range w.reps {
		if !r.in(s.Of) {
			continue
		}
		c := routing.Candidate{
			Pool: s.Pool, RepID: r.Name, Turn: of.turn[r.Name], Credit: of.owes[r.Name], Weight: max(1, r.Weight), Open: &r.open,
			Inactive: r.Inactive, Tags: r.Tags, Languages: r.Languages, Territories: r.Territories,
		}
		if r.Capacity > 0 {
			c.Capacity = &r.Capacity
		}
		if r.PerDay > 0 {
			today := w.today(r)
			c.Today, c.PerDay = &today, &r.PerDay
		}
		if at, err := r.hours.NextOpen(w.now); err == nil {
			c.OpensAt = &at
		}
		out = append(out, c)
	}
	return out
}

// in reports whether a pool has the rep.
func (r *rep) in(p routing.Pool) bool {
	return slices.Contains(p.Reps, r.Name) || p.Team == "" && len(p.Reps) == 0 || p.Team != "" && p.Team == r.Team
}

func (w *world) pool(name string) *pool {
	if w.pools[name] == nil {
		w.pools[name] = &pool{turn: map[string]int64{}, owes: map[string]int64{}}
	}
	return w.pools[name]
}

func (w *world) takeTurn(d routing.Decision) {
	of := w.pool(d.Pool)
	of.given++
	of.turn[d.Rep] = of.given
	for name, owed := range d.Credits {
		of.owes[name] = owed
	}
}

// today is how many offers a rep has had since midnight.
func (w *world) today(r *rep) int {
	return r.days[dayOf(w.now)]
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// hoursOf is the business time of a rep: their own calendar, else their team's, else the policy's.
func (w *world) hoursOf(r Rep) *calendar.Calendar {
	name := cmp.Or(r.Calendar, w.calendarOf(r.Team), w.Policy.Calendar)
	return w.hours[name]
}

func (w *world) calendarOf(team string) string {
	for _, t := range w.Behaviour.Sales.Teams {
		if t.Name == team {
			return t.Calendar
		}
	}
	return ""
}

// of is the business time of a rep, or where there is none of a team.
func (w *world) of(name, team string) *calendar.Calendar {
	if r := w.staff[name]; r != nil {
		return r.hours
	}
	return w.hoursOf(Rep{Team: team})
}
