package simulate

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	profile "github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/span"
	"github.com/leadflow-dev/leadflow/domain/zone"
)

// person is somebody who becomes a lead, and all that the house knows of them.
type person struct {
	n       int
	id      string
	kind    *Kind
	source  string
	profile profile.Profile
	home    *time.Location
	born    time.Time

	lead   lifecycle.Lead
	outbox []lifecycle.Command
	due    time.Time // what is waited for
	sits   bool      // its looking again for a rep is not played
	phase  time.Duration

	// The score, as it is stored.
	events      []scoring.Event
	acc         scoring.Accumulators
	adjustments []scoring.Adjustment
	fit         float64
	stands      scoring.Result
	turns       time.Time // when it will be in another band by itself
	moved       bool      // it was changed since that was looked at
	engaged     *time.Time
	worked      *time.Time
	mqlCycle    *int
	seq         int64

	// The sequence.
	wanted  []string
	since   time.Time
	entries map[string]*entry // by cycle and name
	sent    []time.Time
	ledger  map[string]bool

	// Sales.
	offers  map[string]*offer
	spot    string // where it stands, as far as somebody must do something about it
	holder  string // who has it
	crossed time.Time
	asleep  bool // whoever has it does nothing by themselves
	dealt   int  // decisions so far

	moves   []funnel.Move
	entered time.Time // its stage
	life    *Life
}

// person draws who somebody is.
func (w *world) person(n int) *person {
	d := throw(w.Seed, n, "who")
	p := &person{
		n: n, id: fmt.Sprintf("s%d-%06d", w.Seed, n+1), kind: w.kind(d), profile: profile.Profile{},
		entries: map[string]*entry{}, ledger: map[string]bool{}, offers: map[string]*offer{},
	}
	if p.source = d.pick(p.kind.Sources); p.source == "" {
		p.source = "other"
	}
	for _, field := range slices.Sorted(maps.Keys(p.kind.Profile)) {
		if values := p.kind.Profile[field]; len(values) > 0 {
			if v := values[d.IntN(len(values))]; v != "" {
				p.profile[field] = v
			}
		}
	}
	house := ""
	if c := w.hours[w.Policy.Calendar]; c != nil {
		house = c.Location().String()
	}
	p.home = zone.Home(w.Zone, p.profile, house)
	p.born = w.arrives(d)
	p.lead = lifecycle.New(p.id)
	p.lead.Source = p.source
	p.fit = w.fitOf(p)
	return p
}

func (w *world) kind(d dice) *Kind {
	total := 0.0
	for _, k := range w.Behaviour.People {
		total += k.Share
	}
	at := d.Float64() * total
	for i := range w.Behaviour.People {
		if at -= w.Behaviour.People[i].Share; at < 0 {
			return &w.Behaviour.People[i]
		}
	}
	return &w.Behaviour.People[len(w.Behaviour.People)-1]
}

// begin captures somebody: the run begins, and so does what they do by themselves.
func (w *world) begin(p *person) {
	p.stands = w.scorer.EvaluateFit(p.fit, p.acc, nil, w.now, "")
	p.lead.Score, p.lead.Band = p.stands.Score, p.stands.Band
	p.entered, p.moved = w.now, true
	if w.Keep {
		p.life = &Life{ID: p.id, Source: p.source, Born: p.born, Score: p.stands.Score, Band: p.stands.Band}
	}
	started := lifecycle.Event{Kind: lifecycle.Started}
	if len(w.Sequences) > 0 {
		started.Move.Position = lifecycle.Position{Sequence: w.Sequences[0].Name, Version: 1}
	}
	w.must(p, started)
	w.settle(p)
	w.visits(p)
}

// visits plays what somebody does by themselves, visit by visit.
func (w *world) visits(p *person) {
	d, how, most := throw(w.Seed, p.n, "visits"), p.kind.Visits, 1.0
	for _, times := range how.Phases {
		most = max(most, times)
	}
	if how.Varies > 0 {
		most *= throw(w.Seed, p.n, "varies").factor(how.Varies)
	}
	how.Every = span.Span(max(1, float64(how.Every)/most))
	at := time.Duration(0)
	var visit func()
	visit = func() {
		if at == 0 || len(how.Phases) == 0 || d.chance(how.during(p.lead.Stage)) {
			w.visit(p, d)
		}
		if next, comes := how.next(d, at); comes {
			at = next
			w.at(p.born.Add(at), visit)
		}
	}
	visit()
}

// during is how many of the visits that are drawn come in a stage: as many are drawn as come in the busiest.
func (v Visits) during(stage lifecycle.Stage) float64 {
	most, times, known := 1.0, 1.0, false
	for _, n := range v.Phases {
		most = max(most, n)
	}
	if times, known = v.Phases[PhaseOf(string(stage))]; !known {
		times = 1
	}
	return times / most
}

// visit is one of them: what is done in it follows itself within minutes.
func (w *world) visit(p *person, d dice) {
	at := w.now
	for _, act := range p.kind.Visits.Does {
		for range max(1, act.Times) {
			if !d.chance(act.Chance) {
				continue
			}
			at = at.Add(time.Second + d.within(2*time.Minute))
			w.happens(p, at, act.Type, act.Properties)
		}
	}
}

// reads is what somebody does with a mail.
func (w *world) reads(p *person, key string) {
	d, m := throw(w.Seed, p.n, "mail", key), p.kind.Mail
	if d.chance(m.Bounces) {
		w.happens(p, w.now.Add(time.Second+d.within(time.Minute)), "email_bounce", nil)
		return
	}
	opens, clicks, replies, leaves, complains := d.chance(m.Opens), d.chance(m.Clicks), d.chance(m.Replies), d.chance(m.Unsubscribes), d.chance(m.Complains)
	at := w.now.Add(d.took(m.After))
	soon := func() time.Time { at = at.Add(time.Second + d.within(2*time.Minute)); return at }
	if complains {
		w.happens(p, soon(), "complaint", nil)
	}
	if !opens {
		return
	}
	w.happens(p, at, "email_open", nil)
	if clicks {
		w.happens(p, soon(), "email_click", nil)
		w.at(at, func() { w.visit(p, d) })
	}
	if replies {
		w.happens(p, soon(), "email_reply", nil)
	}
	if leaves {
		w.happens(p, soon(), "unsubscribe", nil)
	}
}

// happens plans an event.
func (w *world) happens(p *person, at time.Time, kind string, properties map[string]any) {
	w.at(at, func() { w.ingest(p, kind, properties) })
}
