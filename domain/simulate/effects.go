package simulate

import (
	"fmt"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/deadline"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// carryOut grants a wish. The answer is the event that it is for the lead; none where nothing comes back.
func (w *world) carryOut(p *person, c lifecycle.Command) lifecycle.Event {
	var e lifecycle.Event
	done := Done{Command: c}
	switch c.Kind {
	case lifecycle.CommandOffer, lifecycle.CommandClaim, lifecycle.CommandAssign:
		done.Granted = w.grant(p, c)
		e = done.Granted.Event(c)
	case lifecycle.CommandBegin:
		done.Begun = w.beginCycle(p, c)
		e = lifecycle.Event{Kind: lifecycle.CycleBegun, Score: done.Begun.Score, Band: done.Begun.Band, Move: lifecycle.Move{Position: done.Begun.Position}}
	case lifecycle.CommandMail:
		done.Move = w.goOn(p, c)
		e = lifecycle.Event{Kind: lifecycle.Moved, Move: done.Move}
	case lifecycle.CommandCheck:
		done.Activity = p.activity()
		e = lifecycle.Event{Kind: lifecycle.Checked, Clock: c.Clock, Engaged: done.Activity.Engaged, Worked: done.Activity.Worked}
	case lifecycle.CommandPlan:
		var err error
		if done.Clocks, err = deadline.Plan(c, w.of(c.Rep, c.Team), w.Policy, w.terms(p, c)); err != nil {
			w.fail(p, err)
		}
		e = lifecycle.Event{Kind: lifecycle.Planned, Clocks: done.Clocks}
	case lifecycle.CommandAlert:
		w.alerted(p, c)
	}
	if p.life != nil {
		p.life.Done = append(p.life.Done, done)
	}
	return e
}

// beginCycle applies the score policy of a recycled lead, and chooses its sequence.
func (w *world) beginCycle(p *person, c lifecycle.Command) record.Begun {
	policy := string(c.Policy)
	if policy == "" {
		policy = scoring.PolicyKeep
	}
	p.adjustments = append(p.adjustments, scoring.Adjustment{At: c.At, Policy: policy, Cycle: c.Cycle})
	if p.acc.Stale(p.adjustments) {
		p.acc = w.scorer.Recompute(p.adjustments, p.events)
	}
	if w.scorer.Engaging() {
		p.fit = w.fitOf(p)
	}
	p.stands = w.scorer.EvaluateFit(p.fit, p.acc, p.adjustments, w.now, p.stands.Band)
	p.moved, p.turns = true, time.Time{}
	return record.Begun{Score: p.stands.Score, Band: p.stands.Band, Position: w.choose(p, c)}
}

// activity is when a lead was last engaged, and last worked since its owner took it over.
func (p *person) activity() record.Activity {
	out := record.Activity{Engaged: p.born.UTC()}
	if p.engaged != nil {
		out.Engaged = p.engaged.UTC()
	}
	o := p.offers[p.lead.Assignment]
	if p.worked != nil && (o == nil || p.worked.After(o.taken())) {
		out.Worked = p.worked.UTC()
	}
	return out
}

// decision is the id of the newest one.
func (p *person) decision() string { return fmt.Sprintf("%s-%d", p.id, p.dealt) }

// assignment is the id of what a command asks for.
func assignment(c lifecycle.Command) string { return strings.ReplaceAll(c.ID, "/", "-") }
