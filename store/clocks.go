package store

import (
	"context"
	"errors"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// dueAfter is when so much business time has passed. Where the calendar has not that much left, time itself counts: an
// offer that could not be made, or a clock that stood still, would be noticed by nobody.
func dueAfter(c *calendar.Calendar, at time.Time, after time.Duration) (time.Time, error) {
	due, err := c.Add(at, after)
	if errors.Is(err, calendar.ErrNoMoreTime) {
		return calendar.Always.Add(at, after)
	}
	return due, err
}

// plan collects the clocks of one kind: how much of a calendar's time after a moment, of which some was used before.
type plan struct {
	hours  *calendar.Calendar
	since  time.Time
	used   time.Duration
	kind   lifecycle.ClockKind
	clocks []lifecycle.Clock
	err    error
}

func (p *plan) add(k lifecycle.Clock, after time.Duration) {
	due, err := dueAfter(p.hours, p.since, max(0, after-p.used))
	if err != nil {
		p.err = err
		return
	}
	k.Kind, k.At = p.kind, due.UTC()
	p.clocks = append(p.clocks, k)
}

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

func fraction(of time.Duration, f float64) time.Duration { return time.Duration(f * float64(of)) }

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
	p.add(lifecycle.Clock{Level: lifecycle.LevelReassign}, within+sla.ReassignAfter.Duration())
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
	if !i.Business {
		p.hours = calendar.Always
	}
	p.reminders(within, i.RemindAt)
	p.add(lifecycle.Clock{Level: lifecycle.LevelOwner}, within)
	if after > 0 {
		p.add(lifecycle.Clock{Level: lifecycle.LevelManager}, within+after)
	}
	p.escalations(within, i.Escalate)
	if i.ReassignAfter > 0 && handed < i.MaxReassign {
		p.handOn(within, i.Chase, handed, string(i.Finally))
		return
	}
	if after > 0 && i.Finally != "" {
		p.add(lifecycle.Clock{Level: lifecycle.LevelFinal, To: string(i.Finally)}, within+2*after)
	}
}

// queueTold is at how many times its length a stay in the queue of a team is told: more and more seldom.
var queueTold = []time.Duration{1, 2, 4, 8}

// queue is when the manager hears of a lead in the queue of the team.
func (p *plan) queue(within time.Duration) {
	p.kind = lifecycle.ClockQueue
	for i, n := range queueTold {
		p.add(lifecycle.Clock{Level: lifecycle.LevelManager, N: i}, n*within)
	}
}

// handOn is when the lead goes to another rep, or ends where the policy says once it did so as often as it may.
func (p *plan) handOn(within time.Duration, c lifecycle.Chase, handed int, then string) {
	switch after := within + c.ReassignAfter.Duration(); {
	case c.ReassignAfter <= 0:
	case handed < c.MaxReassign:
		p.add(lifecycle.Clock{Level: lifecycle.LevelReassign, To: then}, after)
	case then != "":
		p.add(lifecycle.Clock{Level: lifecycle.LevelFinal, To: then}, after)
	}
}

// acceptClocks are the deadlines of an offer, in business time of the rep, by the terms of the lead.
func acceptClocks(hours *calendar.Calendar, p lifecycle.Policy, t terms, at time.Time) ([]lifecycle.Clock, time.Time, error) {
	made := plan{hours: hours, since: at}
	made.accept(t.sla.Accept)
	var due time.Time
	for i, k := range made.clocks {
		switch k.Level {
		case lifecycle.LevelDue:
			due = k.At
		case lifecycle.LevelReassign:
			if t.sla.Accept.MaxOffers != p.SLA.Accept.MaxOffers {
				made.clocks[i].N = t.sla.Accept.MaxOffers
			}
		}
	}
	return made.clocks, due, made.err
}

// Plan computes when deadlines fall due. Clocks that were held come back with what was left of them: what lay between Was and
// From, in business time. Those with Left fall due so much business time after the command. Those that name a kind only are
// planned by the policy, the terms of the lead and the calendar of its rep, all levels of them.
func (s *Store) Plan(ctx context.Context, c lifecycle.Command) ([]lifecycle.Clock, error) {
	p, err := s.ActivePolicy(ctx)
	if err != nil {
		return nil, err
	}
	hours, err := s.calendarOf(ctx, s.pool, p, c.Rep, c.Team)
	if err != nil {
		return nil, masked("plan", err)
	}
	out := make([]lifecycle.Clock, 0, len(c.Clocks))
	for _, k := range c.Clocks {
		if k.Level == "" && k.Was.IsZero() && k.Left == 0 && !c.Since.IsZero() {
			planned, err := s.planKind(ctx, p, hours, c, k.Kind)
			if err != nil {
				return nil, masked("plan", err)
			}
			out = append(out, planned...)
			continue
		}
		due, err := s.planOne(ctx, p, hours, c, &k)
		if err != nil {
			return nil, masked("plan", err)
		}
		out = append(out, lifecycle.Clock{Kind: k.Kind, Level: k.Level, N: k.N, To: k.To, At: due.UTC(), Since: k.Since, Used: k.Used})
	}
	return out, nil
}
