package deadline

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Offer is the deadlines of an offer that is made at a moment, in business time of the rep, and of them the one by which it is to be accepted.
// The offers that a cycle may have are in the last of them where the terms say otherwise than the policy.
func Offer(hours *calendar.Calendar, p lifecycle.Policy, terms lifecycle.SLA, at time.Time) ([]lifecycle.Clock, time.Time, error) {
	made := plan{hours: hours, since: at}
	made.accept(terms.Accept)
	var due time.Time
	for i, k := range made.clocks {
		switch k.Level {
		case lifecycle.LevelDue:
			due = k.At
		case lifecycle.LevelReassign:
			if terms.Accept.MaxOffers != p.SLA.Accept.MaxOffers {
				made.clocks[i].N = terms.Accept.MaxOffers
			}
		}
	}
	return made.clocks, due, made.err
}

// Plan is when the deadlines of a command fall due. Clocks that were held come back with what was left of them: what lay between Was and
// From, in business time. Those with Left fall due so much business time after the command. Those that name a kind only are
// planned by the terms, all levels of them.
func Plan(c lifecycle.Command, hours *calendar.Calendar, p lifecycle.Policy, terms lifecycle.SLA) ([]lifecycle.Clock, error) {
	out := make([]lifecycle.Clock, 0, len(c.Clocks))
	for _, k := range c.Clocks {
		if k.Level == "" && k.Was.IsZero() && k.Left == 0 {
			planned, err := levels(c, hours, p, terms, k)
			if err != nil {
				return nil, err
			}
			out = append(out, planned...)
			continue
		}
		due, err := one(c, hours, terms, &k)
		if err != nil {
			return nil, err
		}
		out = append(out, lifecycle.Clock{Kind: k.Kind, Level: k.Level, N: k.N, To: k.To, At: due.UTC(), Since: k.Since, Used: k.Used})
	}
	return out, nil
}

// levels are all levels of one kind of clock: from when it runs itself, less the holds, or from when the command says.
func levels(c lifecycle.Command, hours *calendar.Calendar, p lifecycle.Policy, terms lifecycle.SLA, k lifecycle.Clock) ([]lifecycle.Clock, error) {
	made := plan{hours: hours, since: c.Since, used: c.Used}
	if k.Kind == lifecycle.ClockIdle && !terms.Idle.Business {
		made.hours = calendar.Always
	}
	if !k.Since.IsZero() {
		made.since, made.used = k.Since, 0
		made.lessHolds(c.Holds)
	}
	switch k.Kind {
	case lifecycle.ClockQueue:
		made.queue(p.Stale.TeamQueue.Duration())
	case lifecycle.ClockAccept:
		made.accept(terms.Accept)
	case lifecycle.ClockTouch:
		made.touch(terms.FirstTouch, c.N)
	case lifecycle.ClockIdle:
		made.idle(terms.Idle, c.Stage, c.N)
	}
	return made.clocks, made.err
}

// one is when one clock falls due that was held, or that says itself how much time is left. Of one that was held it also
// says from when it runs on and how much of its time was used before: what a change of terms is measured by.
func one(c lifecycle.Command, hours *calendar.Calendar, terms lifecycle.SLA, k *lifecycle.Clock) (time.Time, error) {
	if left := k.Left.Duration(); left > 0 {
		return after(hours, c.At, left)
	}
	if k.Kind == lifecycle.ClockIdle && !terms.Idle.Business {
		hours = calendar.Always
	}
	if !c.Since.IsZero() {
		k.Since, k.Used = c.At, c.Used+max(0, hours.Elapsed(c.Since, k.From))
	}
	return after(hours, c.At, max(0, hours.Elapsed(k.From, k.Was)))
}
