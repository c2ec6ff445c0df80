package simulate

import (
	"slices"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/domain/hearing"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// ingest takes an event: it is kept and scored, and the run hears what follows.
func (w *world) ingest(p *person, kind string, properties map[string]any) {
	e := scoring.Event{ID: strconv.Itoa(len(p.events)), Type: kind, OccurredAt: w.now, Properties: properties}
	was, fit := p.acc, p.fit
	p.events = append(p.events, e)
	p.acc = w.scorer.Fold(was, p.adjustments, e)
	if w.scorer.Engaging() {
		p.fit = w.fitOf(p)
	}
	w.follows(p, was, fit, []scoring.Event{e})
}

// fitOf is what the profile gives, and, where the model's predictor asks for that, the source and what the lead did.
func (w *world) fitOf(p *person) float64 {
	return w.scorer.FitWith(w.scorer.Facts(p.source, p.profile), p.acc)
}

// learn takes a value of the profile.
func (w *world) learn(p *person, field string, value any) {
	if was, known := p.profile.Get(field); known && was == value {
		return
	}
	fit := p.fit
	p.profile[field] = value
	p.fit = w.fitOf(p)
	w.follows(p, p.acc, fit, nil)
}

// follows is what comes of new events, or of another profile.
func (w *world) follows(p *person, was scoring.Accumulators, fit float64, fresh []scoring.Event) {
	w.stirs(p)
	l := hearing.Lead{
		Stage: p.lead.Stage, Cycle: p.lead.Cycle, Began: p.lead.CycleAt, Muted: p.lead.Muted, Wanted: p.wanted, Since: p.since,
		Band: p.stands.Band, Engaged: p.engaged, MQLCycle: p.mqlCycle,
	}
	before := w.scorer.EvaluateFit(fit, was, p.adjustments, w.now, l.Band)
	p.stands = w.scorer.EvaluateFit(p.fit, p.acc, p.adjustments, w.now, l.Band)
	if p.moved = true; p.stands.Band != l.Band || p.fit != fit {
		p.turns = time.Time{}
	}
	h := hearing.Of(w.scorer, l, fresh, before, p.stands)
	if h.Engaged != nil {
		p.engaged = hearing.Later(p.engaged, *h.Engaged)
	}
	if h.Worked != nil {
		p.worked = hearing.Later(p.worked, *h.Worked)
	}
	if h.Qualifies {
		cycle := l.Cycle
		p.mqlCycle = &cycle
	}
	if h.Touched {
		p.wanted = nil
	}
	kinds := slices.DeleteFunc(h.Kinds, func(kind string) bool { return !hearing.Hears(l.Stage, kind) })
	if l.Tells(kinds, p.stands.Band) {
		w.at(w.now, func() { w.hear(p, kinds) })
		return
	}
	w.turn(p)
}

// turn looks at the score again when it will be in another band by itself.
func (w *world) turn(p *person) {
	if !p.moved || p.turns.After(w.now) && w.scorer.OnlyGives(p.acc) {
		return // it turns no earlier than it did, and is looked at then
	}
	p.moved = false
	turns := w.scorer.Turns(p.fit, p.acc, p.adjustments, w.now, p.stands.Band)
	if turns.IsZero() || turns.Equal(p.turns) || !turns.Before(w.End()) {
		p.turns = turns
		return
	}
	p.turns = turns
	w.at(turns, func() {
		if p.turns.Equal(turns) {
			w.turned(p)
		}
	})
}

// turned is a score that time alone has moved.
func (w *world) turned(p *person) {
	w.stirs(p)
	p.moved, p.turns = true, time.Time{}
	l := hearing.Lead{Stage: p.lead.Stage, Band: p.stands.Band, Wanted: p.wanted}
	p.stands = w.scorer.EvaluateFit(p.fit, p.acc, p.adjustments, w.now, l.Band)
	var kinds []string
	if p.stands.Band != l.Band && l.Awaits(p.stands.Band) && hearing.Hears(l.Stage, lifecycle.TriggerFirstTouch) {
		p.wanted, kinds = nil, []string{lifecycle.TriggerFirstTouch}
	}
	if l.Tells(kinds, p.stands.Band) {
		w.hear(p, kinds)
		return
	}
	w.turn(p)
}
