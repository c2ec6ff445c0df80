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

// acceptClocks are the deadlines of an offer, in business time of the rep.
func (s *Store) acceptClocks(ctx context.Context, q querier, p lifecycle.Policy, rep string, at time.Time) ([]lifecycle.Clock, time.Time, error) {
	c, err := s.calendarOf(ctx, q, p, rep, "")
	if err != nil {
		return nil, time.Time{}, err
	}
	sla := p.SLA.Accept
	within := sla.Within.Duration()
	var clocks []lifecycle.Clock
	add := func(level lifecycle.Level, n int, after time.Duration) error {
		due, err := dueAfter(c, at, after)
		if err == nil {
			clocks = append(clocks, lifecycle.Clock{Kind: lifecycle.ClockAccept, Level: level, N: n, At: due.UTC()})
		}
		return err
	}
	for i, fraction := range sla.RemindAt {
		if err := add(lifecycle.LevelRemind, i, time.Duration(fraction*float64(within))); err != nil {
			return nil, time.Time{}, err
		}
	}
	if err := add(lifecycle.LevelDue, 0, within); err != nil {
		return nil, time.Time{}, err
	}
	due := clocks[len(clocks)-1].At
	if sla.EscalateAt > 0 {
		if err := add(lifecycle.LevelEscalate, 0, time.Duration(sla.EscalateAt*float64(within))); err != nil {
			return nil, time.Time{}, err
		}
	}
	return clocks, due, add(lifecycle.LevelReassign, 0, within+sla.ReassignAfter.Duration())
}

// Plan computes when held or wanted business deadlines fall due: Left in business time from the command's At, or what lay
// between Was and From.
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
		left := k.Left.Duration()
		if left == 0 {
			left = hours.Elapsed(k.From, k.Was)
		}
		due, err := dueAfter(hours, c.At, max(0, left))
		if err != nil {
			return nil, masked("plan", err)
		}
		out = append(out, lifecycle.Clock{Kind: k.Kind, Level: k.Level, N: k.N, At: due.UTC()})
	}
	return out, nil
}
