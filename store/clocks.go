package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

const sqlCalendarOf = `SELECT c.name, c.spec FROM calendars c
LEFT JOIN reps r ON r.id = @rep::uuid AND r.calendar_id = c.id
LEFT JOIN teams t ON t.calendar_id = c.id AND t.id = coalesce(@team::uuid, (SELECT team_id FROM reps WHERE id = @rep::uuid))
WHERE r.id IS NOT NULL OR t.id IS NOT NULL OR c.name = @name
ORDER BY (r.id IS NOT NULL) DESC, (t.id IS NOT NULL) DESC LIMIT 1`

// calendarOf is the business time of a rep: their own calendar, else their team's, else the policy's. A calendar that
// is not there, or that cannot be used, is always open: a clock that runs too early is seen, one that never runs is not.
func calendarOf(ctx context.Context, q querier, p lifecycle.Policy, rep, team string) (*calendar.Calendar, error) {
	rows, _ := q.Query(ctx, sqlCalendarOf, pgx.NamedArgs{"rep": assignmentID(rep), "team": assignmentID(team), "name": p.Calendar})
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		Name string
		Spec calendar.Spec
	}])
	if errors.Is(err, pgx.ErrNoRows) {
		return calendar.Always, nil
	}
	if err != nil {
		return nil, err
	}
	loc, err := time.LoadLocation(found.Spec.TimeZone)
	if err != nil {
		return calendar.Always, nil
	}
	c, err := calendar.New(found.Spec, loc)
	if err != nil {
		return calendar.Always, nil
	}
	return c, nil
}

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
	c, err := calendarOf(ctx, q, p, rep, "")
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
	hours, err := calendarOf(ctx, s.pool, p, c.Rep, c.Team)
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
