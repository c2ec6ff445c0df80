package simulate

import (
	"errors"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// fold folds an event into a life at this moment. It answers a refusal; nothing else goes wrong.
func (w *world) fold(p *person, e lifecycle.Event) error {
	w.catchUp(p)
	e.At = w.now.UTC()
	lead, out, err := p.lead.Apply(e, w.Policy)
	if err != nil || out.Same {
		return err
	}
	before := p.lead
	p.lead = lead
	for _, cmd := range out.Commands {
		if !slices.ContainsFunc(p.outbox, func(o lifecycle.Command) bool { return o.ID == cmd.ID }) {
			p.outbox = append(p.outbox, cmd)
		}
	}
	w.note(p, before, out.Entries)
	return nil
}

// must folds what cannot be refused.
func (w *world) must(p *person, e lifecycle.Event) {
	if err := w.fold(p, e); err != nil {
		w.fail(p, err)
	}
}

// note keeps what the timeline says.
func (w *world) note(p *person, before lifecycle.Lead, entries []lifecycle.Entry) {
	for _, e := range entries {
		if e.To != "" && e.To != e.From {
			p.moves = append(p.moves, funnel.Move{Stage: string(e.To), Cycle: e.Cycle, At: e.At})
			p.entered = e.At
			if e.To == lifecycle.StageQualified && e.From == lifecycle.StageNurturing {
				p.crossed = e.At
			}
		}
		if o := p.offers[e.Assignment]; o != nil {
			w.became(o, e)
		}
	}
	w.hold(p, before)
	if p.life != nil {
		p.life.Entries = append(p.life.Entries, entries...)
	}
}

// settle carries out what a life wishes, until it wishes nothing more, then waits for its earliest deadline.
func (w *world) settle(p *person) {
	for len(p.outbox) > 0 && w.failed == nil {
		cmd := p.outbox[0]
		e := w.carryOut(p, cmd)
		p.outbox = p.outbox[1:]
		if e.Kind != "" {
			e.Command = cmd.ID
			w.must(p, e)
		}
	}
	if p.lead.Stage != lifecycle.StageNurturing {
		p.wanted = nil
	}
	due := p.lead.Due()
	if w.sits(p) {
		due = p.dueButRetry()
	}
	w.wait(p, due)
	w.turn(p)
	w.somebody(p)
}

// wait waits for a deadline; zero is none.
func (w *world) wait(p *person, due time.Time) {
	if !due.IsZero() && !due.Equal(p.due) {
		p.due = due
		w.at(due, func() { w.passed(p) })
	}
}

func (p *person) dueButRetry() time.Time {
	var rest lifecycle.Lead
	rest.Clocks = slices.DeleteFunc(slices.Clone(p.lead.Clocks), func(c lifecycle.Clock) bool { return c.Kind == lifecycle.ClockRetry })
	return rest.Due()
}

// passed folds in every deadline that is due now. That it was waited for is a question: what is due may be another by now.
func (w *world) passed(p *person) {
	if !p.due.After(w.now) {
		p.due = time.Time{}
	}
	w.catchUp(p)
	for range maxDeadlines {
		lead, clock, late, ok := p.lead.PopDue(w.now)
		if !ok {
			break
		}
		p.lead = lead
		w.heed(p, w.fold(p, lifecycle.Event{Kind: lifecycle.Passed, Clock: clock, Late: late && lead.Tells(clock.Kind, w.now)}))
	}
	w.settle(p)
}

// maxDeadlines is far above what a lead ever has at once.
const maxDeadlines = 100

// heed takes a refusal for what it is: as to a run, what has no meaning for a lead changes nothing.
func (w *world) heed(p *person, err error) {
	var no *lifecycle.Refusal
	if err != nil && !errors.As(err, &no) {
		w.fail(p, err)
	}
}

// hear is what the outbox tells a run: a score and a band that changed, and what acts at once. A line without triggers is a nudge.
func (w *world) hear(p *person, kinds []string) {
	p.seq++
	if p.life != nil {
		p.life.Told = append(p.life.Told, Told{At: w.now.UTC(), Seq: p.seq, Score: p.stands.Score, Band: p.stands.Band, Kinds: kinds})
	}
	w.heed(p, w.fold(p, lifecycle.Event{Kind: lifecycle.Scored, Score: p.stands.Score, Band: p.stands.Band}))
	for _, kind := range kinds {
		w.heed(p, w.fold(p, lifecycle.Heard(kind)))
	}
	if len(kinds) == 0 {
		w.heed(p, w.fold(p, lifecycle.Event{Kind: lifecycle.Refreshed}))
	}
	p.lead.Seq = p.seq
	w.settle(p)
}

// decides is what a rep decides. What is refused was overtaken by something else.
func (w *world) decides(p *person, kind lifecycle.EventKind, rep, reason string) {
	p.dealt++
	d := lifecycle.Decision{ID: p.decision(), By: rep, Reason: reason}
	err := w.fold(p, lifecycle.Event{Kind: kind, Actor: lifecycle.Actor{Type: "rep", ID: rep}, Decision: d})
	w.heed(p, err)
	if p.life != nil {
		told := Told{At: w.now.UTC(), Kind: kind, Decision: d}
		var no *lifecycle.Refusal
		if errors.As(err, &no) {
			told.Refused = no.Code
		}
		p.life.Told = append(p.life.Told, told)
	}
	w.settle(p)
}
