package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

const sqlCalendarOf = `SELECT c.id, c.revision FROM calendars c
LEFT JOIN reps r ON r.id = @rep::uuid AND r.calendar_id = c.id
LEFT JOIN teams t ON t.calendar_id = c.id AND t.id = coalesce(@team::uuid, (SELECT team_id FROM reps WHERE id = @rep::uuid))
WHERE r.id IS NOT NULL OR t.id IS NOT NULL OR c.name = @name
ORDER BY (r.id IS NOT NULL) DESC, (t.id IS NOT NULL) DESC LIMIT 1`

// hours is a calendar made ready, as of a revision. Making one takes a millisecond, and every offer needs one.
type hours struct {
	revision int64
	calendar *calendar.Calendar
}

// calendarOf is the business time of a rep: their own calendar, else their team's, else the policy's. A calendar that
// is not there, or that cannot be used, is always open: a clock that runs too early is seen, one that never runs is not.
func (s *Store) calendarOf(ctx context.Context, q querier, p lifecycle.Policy, rep, team string) (*calendar.Calendar, error) {
	rows, _ := q.Query(ctx, sqlCalendarOf, pgx.NamedArgs{"rep": assignmentID(rep), "team": assignmentID(team), "name": p.Calendar})
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		ID       string
		Revision int64
	}])
	if errors.Is(err, pgx.ErrNoRows) {
		return calendar.Always, nil
	}
	if err != nil {
		return nil, err
	}
	return s.hoursOfCalendar(ctx, q, found.ID, found.Revision)
}

// hoursOfCalendar is a calendar as of a revision, from what is kept or as it is read now.
func (s *Store) hoursOfCalendar(ctx context.Context, q querier, id string, revision int64) (*calendar.Calendar, error) {
	if kept, ok := s.hours.Load(id); ok && kept.(hours).revision == revision {
		return kept.(hours).calendar, nil
	}
	made, err := readHours(ctx, q, id)
	if err == nil {
		s.hours.Store(id, made)
	}
	return made.calendar, err
}

const sqlHours = `SELECT spec, revision FROM calendars WHERE id = @calendar`

// readHours reads the revision before the days: what changes between the two is read again by whoever comes next.
func readHours(ctx context.Context, q querier, id string) (hours, error) {
	var spec calendar.Spec
	made := hours{calendar: calendar.Always}
	rows, _ := q.Query(ctx, sqlHours, pgx.NamedArgs{"calendar": id})
	if _, err := pgx.ForEachRow(rows, []any{&spec, &made.revision}, func() error { return nil }); err != nil {
		return made, err
	}
	days, err := daysOf(ctx, q, id)
	if err != nil {
		return made, err
	}
	made.calendar = compiled(spec, days)
	return made, nil
}

// compiled is a stored calendar with its days. One that cannot be used is always open.
func compiled(spec calendar.Spec, days []calendar.Exception) *calendar.Calendar {
	loc, err := time.LoadLocation(spec.TimeZone)
	if err != nil {
		return calendar.Always
	}
	c, err := calendar.New(spec.With(days), loc)
	if err != nil {
		return calendar.Always
	}
	return c
}
