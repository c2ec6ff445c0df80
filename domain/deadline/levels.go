package deadline

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// reminders and escalations are fractions of the clock's time.
func (p *plan) reminders(within time.Duration, fractions []float64) {
	for i, f := range fractions {
		p.add(lifecycle.Clock{Level: lifecycle.LevelRemind, N: i}, fraction(within, f))
	}
}

func (p *plan) escalations(within time.Duration, chain []lifecycle.Escalation) {
	for i, e := range chain {
		p.add(lifecycle.Clock{Level: lifecycle.LevelEscalate, N: i}, fraction(within, e.At))
	}
}

// farthest is as far as a clock may be set: two centuries. A policy may name one, and a hundred times that; what ran over would be due at
// once.
const farthest = 200 * 366 * 24 * time.Hour

func fraction(of time.Duration, f float64) time.Duration {
	return time.Duration(min(f*float64(of), float64(farthest)))
}

// more is both together.
func more(a, b time.Duration) time.Duration {
	return min(a, farthest) + min(b, farthest-min(a, farthest))
}

// accept are the deadlines of an offer.
func (p *plan) accept(sla lifecycle.AcceptSLA) {
	p.kind = lifecycle.ClockAccept
	within := sla.Within.Duration()
	p.reminders(within, sla.RemindAt)
	p.add(lifecycle.Clock{Level: lifecycle.LevelDue}, within)
	if sla.EscalateAt > 0 {
		p.add(lifecycle.Clock{Level: lifecycle.LevelEscalate}, fraction(within, sla.EscalateAt))
	}
	p.escalations(within, sla.Escalate)
	p.add(lifecycle.Clock{Level: lifecycle.LevelReassign}, more(within, sla.ReassignAfter.Duration()))
}

// touch are the deadlines between acceptance and the first logged activity.
func (p *plan) touch(sla lifecycle.TouchSLA, handed int) {
	within := sla.Within.Duration()
	if within <= 0 {
		return
	}
	p.kind = lifecycle.ClockTouch
	p.reminders(within, sla.RemindAt)
	p.add(lifecycle.Clock{Level: lifecycle.LevelOwner}, within)
	p.escalations(within, sla.Escalate)
	p.handOn(within, sla.Chase, handed, sla.Then)
}

// idle are the deadlines of a lead that nobody works, in the stage it is in.
func (p *plan) idle(i lifecycle.Idle, stage lifecycle.Stage, handed int) {
	within, after := i.Working.Duration(), i.AfterManager.Duration()
	if stage == lifecycle.StageOpportunity {
		within = i.Opportunity.Duration()
	}
	if within <= 0 {
		return
	}
	p.kind = lifecycle.ClockIdle
	p.reminders(within, i.RemindAt)
	p.add(lifecycle.Clock{Level: lifecycle.LevelOwner}, within)
	if after > 0 {
		p.add(lifecycle.Clock{Level: lifecycle.LevelManager}, more(within, after))
	}
	p.escalations(within, i.Escalate)
	if i.ReassignAfter > 0 && handed < i.MaxReassign {
		p.handOn(within, i.Chase, handed, string(i.Finally))
		return
	}
	if after > 0 && i.Finally != "" {
		p.add(lifecycle.Clock{Level: lifecycle.LevelFinal, To: string(i.Finally)}, more(within, fraction(after, 2)))
	}
}

// queueTold is at how many times its length a stay in the queue of a team is told: more and more seldom.
var queueTold = []float64{1, 2, 4, 8}

// queue is when the manager hears of a lead in the queue of the team.
func (p *plan) queue(within time.Duration) {
	p.kind = lifecycle.ClockQueue
	for i, n := range queueTold {
		p.add(lifecycle.Clock{Level: lifecycle.LevelManager, N: i}, fraction(within, n))
	}
}

// handOn is when the lead goes to another rep, or ends where the policy says once it did so as often as it may.
func (p *plan) handOn(within time.Duration, c lifecycle.Chase, handed int, then string) {
	switch after := more(within, c.ReassignAfter.Duration()); {
	case c.ReassignAfter <= 0:
	case handed < c.MaxReassign:
		p.add(lifecycle.Clock{Level: lifecycle.LevelReassign, To: then}, after)
	case then != "":
		p.add(lifecycle.Clock{Level: lifecycle.LevelFinal, To: then}, after)
	}
}
