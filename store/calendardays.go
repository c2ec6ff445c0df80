package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/holiday"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// A closure is its two moments, the others have a date.
const calendarDayColumns = `id, kind, CASE WHEN kind = 'closure' THEN '' ELSE to_char(first_day, 'YYYY-MM-DD') END AS date, from_at AS "from", to_at AS "to",
	name, source, created_at`

const sqlCalendarDays = `SELECT ` + calendarDayColumns + ` FROM calendar_days
WHERE calendar_id = @calendar AND (@kind = '' OR kind = @kind) AND (first_day, id) > (@day::date, @id::uuid)
ORDER BY first_day, id LIMIT @rows`

// CalendarDays lists the table beside a calendar's spec by date, of one kind or all (empty). record.ErrNotFound,
// record.ErrBadCursor.
func (s *Store) CalendarDays(ctx context.Context, calendarID, kind, cursor string, limit int) (record.Page[record.CalendarDay], error) {
	const op, first = "list calendar days", "0001-01-01/00000000-0000-0000-0000-000000000000"
	var none record.Page[record.CalendarDay]
	if _, err := s.Calendar(ctx, calendarID); err != nil {
		return none, err
	}
	place, err := unsealed(op, cursor, first)
	day, id, _ := strings.Cut(place, "/")
	if _, bad := time.Parse(time.DateOnly, day); err != nil || bad != nil || !isID(id) {
		return none, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlCalendarDays, pgx.NamedArgs{"calendar": calendarID, "kind": kind, "day": day, "id": id, "rows": pageSize(limit) + 1})
	days, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.CalendarDay])
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(days, limit, func(d record.CalendarDay) string { return sealed(op, d.First()+"/"+d.ID) }), nil
}

const (
	sqlLockCalendar = `SELECT spec FROM calendars WHERE id = @calendar FOR UPDATE`

	calendarDays = `SELECT kind, CASE WHEN kind = 'closure' THEN '' ELSE to_char(first_day, 'YYYY-MM-DD') END AS date, from_at AS "from", to_at AS "to"
FROM calendar_days`

	sqlAllCalendarDays = calendarDays + ` WHERE calendar_id = @calendar ORDER BY first_day, id`

	sqlAddCalendarDays = `INSERT INTO calendar_days (id, calendar_id, kind, first_day, from_at, to_at, name, source)
SELECT gen_random_uuid(), @calendar::uuid, d.kind, d.first_day, d.from_at, d.to_at, d.name, @source
FROM unnest(@kinds::text[], @days::date[], @froms::text[], @tos::text[], @names::text[]) AS d (kind, first_day, from_at, to_at, name)
ON CONFLICT DO NOTHING`

	sqlRevise = `UPDATE calendars SET revision = revision + 1, updated_at = now() WHERE id = @calendar`
)

// AddCalendarDays adds to the table beside a calendar's spec; what is there already stays as it is. record.ErrNotFound;
// record.ErrFull where the calendar would hold more than it may.
func (s *Store) AddCalendarDays(ctx context.Context, calendarID, source string, days []record.CalendarDay) (record.DaysTaken, error) {
	var taken record.DaysTaken
	err := s.changeDays(ctx, "add calendar days", calendarID, func(tx pgx.Tx, spec calendar.Spec) (bool, error) {
		var err error
		taken, err = addDays(ctx, tx, calendarID, source, spec, days)
		return taken.Added > 0, err
	})
	return taken, err
}

// changeDays locks a calendar, lets its days be changed, and makes the change known where there is one.
func (s *Store) changeDays(ctx context.Context, op, calendarID string, change func(tx pgx.Tx, spec calendar.Spec) (bool, error)) error {
	if !isID(calendarID) {
		return record.ErrNotFound
	}
	return s.tx(ctx, op, func(tx pgx.Tx) error {
		var spec calendar.Spec
		args := pgx.NamedArgs{"calendar": calendarID}
		if err := tx.QueryRow(ctx, sqlLockCalendar, args).Scan(&spec); err != nil {
			return err
		}
		changed, err := change(tx, spec)
		if err != nil || !changed {
			return err
		}
		if _, err = tx.Exec(ctx, sqlRevise, args); err != nil {
			return err
		}
		return termsChanged(ctx, tx, sqlClocksOfCalendar, pgx.NamedArgs{"id": calendarID})
	})
}

func addDays(ctx context.Context, tx pgx.Tx, calendarID, source string, spec calendar.Spec, days []record.CalendarDay) (taken record.DaysTaken, err error) {
	n := len(days)
	kinds, firsts, froms, tos, names := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, d := range days {
		kinds[i], firsts[i], froms[i], tos[i], names[i] = string(d.Kind), d.First(), d.From, d.To, d.Name
	}
	tag, err := tx.Exec(ctx, sqlAddCalendarDays, pgx.NamedArgs{
		"calendar": calendarID, "source": source, "kinds": kinds, "days": firsts, "froms": froms, "tos": tos, "names": names,
	})
	if err != nil {
		return taken, err
	}
	taken.Added = int(tag.RowsAffected())
	taken.Known = n - taken.Added
	all, err := daysOf(ctx, tx, calendarID)
	if err != nil {
		return taken, err
	}
	if wrong := spec.With(all).Validate(); len(wrong) > 0 {
		return taken, record.ErrFull // one by one they were good
	}
	return taken, nil
}

func daysOf(ctx context.Context, q querier, calendarID string) ([]calendar.Exception, error) {
	rows, _ := q.Query(ctx, sqlAllCalendarDays, pgx.NamedArgs{"calendar": calendarID})
	return pgx.CollectRows(rows, pgx.RowToStructByName[calendar.Exception])
}

const sqlRemoveCalendarDay = `DELETE FROM calendar_days WHERE calendar_id = @calendar AND id = @id`

// RemoveCalendarDay takes one out again; record.ErrNotFound where there is none.
func (s *Store) RemoveCalendarDay(ctx context.Context, calendarID, dayID string) error {
	if !isID(dayID) {
		return record.ErrNotFound
	}
	return s.changeDays(ctx, "remove calendar day", calendarID, func(tx pgx.Tx, _ calendar.Spec) (bool, error) {
		tag, err := tx.Exec(ctx, sqlRemoveCalendarDay, pgx.NamedArgs{"calendar": calendarID, "id": dayID})
		if err == nil && tag.RowsAffected() == 0 {
			err = record.ErrNotFound
		}
		return true, err
	})
}

const (
	sqlSeededUntil = `SELECT coalesce(max(until), extract(year FROM now())::int - 1) FROM calendar_seeds WHERE calendar_id = @calendar AND country = @country`

	sqlMarkSeed = `INSERT INTO calendar_seeds (calendar_id, country, until) VALUES (@calendar, @country, @until)
ON CONFLICT (calendar_id, country) DO UPDATE SET until = greatest(calendar_seeds.until, EXCLUDED.until), seeded_at = now()`
)

// SeedCalendar gives a calendar the holidays of a country, from this year, or from where an earlier seed ended, to the end of
// a year: what a house has removed of an earlier one stays removed. record.ErrNotFound, record.ErrFull.
func (s *Store) SeedCalendar(ctx context.Context, calendarID string, c holiday.Country, until int) (record.DaysTaken, error) {
	var taken record.DaysTaken
	err := s.changeDays(ctx, "seed calendar", calendarID, func(tx pgx.Tx, spec calendar.Spec) (bool, error) {
		args := pgx.NamedArgs{"calendar": calendarID, "country": c.Code, "until": until}
		var last int
		if err := tx.QueryRow(ctx, sqlSeededUntil, args).Scan(&last); err != nil {
			return false, err
		}
		var days []record.CalendarDay
		for _, d := range c.Days(last+1, until) {
			days = append(days, record.CalendarDay{Exception: calendar.Exception{Kind: calendar.KindHoliday, Date: d.Date}, Name: d.Name})
		}
		var err error
		if taken, err = addDays(ctx, tx, calendarID, "seed:"+c.Code, spec, days); err != nil {
			return false, err
		}
		_, err = tx.Exec(ctx, sqlMarkSeed, args)
		return taken.Added > 0, err
	})
	return taken, err
}

const sqlCalendarSeeds = `SELECT c.name AS calendar, d.country, d.until, d.seeded_at FROM calendar_seeds d JOIN calendars c ON c.id = d.calendar_id
ORDER BY d.until, c.name, d.country`

// CalendarSeeds lists all, the first to end first.
func (s *Store) CalendarSeeds(ctx context.Context) ([]record.CalendarSeed, error) {
	rows, _ := s.pool.Query(ctx, sqlCalendarSeeds)
	seeds, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.CalendarSeed])
	return seeds, masked("read calendar seeds", err)
}
