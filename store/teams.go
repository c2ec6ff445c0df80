package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const teamColumns = `id, name, manager_id, calendar_id`

const sqlTeams = `SELECT ` + teamColumns + ` FROM teams WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Teams lists all teams, newest first.
func (s *Store) Teams(ctx context.Context, cursor string, limit int) (record.Page[record.Team], error) {
	return list(ctx, s, "list teams", sqlTeams, cursor, limit, func(t record.Team) string { return t.ID })
}

const sqlTeam = `SELECT ` + teamColumns + ` FROM teams WHERE id = @id`

// Team reads one; record.ErrNotFound when there is none.
func (s *Store) Team(ctx context.Context, id string) (record.Team, error) {
	return byID[record.Team](ctx, s, "read team", sqlTeam, id)
}

const sqlCreateTeam = `INSERT INTO teams (id, name, manager_id, calendar_id) VALUES (@id, @name, @manager, @calendar)
RETURNING ` + teamColumns

// CreateTeam founds one; record.ErrConflict for a taken name.
func (s *Store) CreateTeam(ctx context.Context, t record.Team) (record.Team, error) {
	t.ID = newID()
	return s.saveTeam(ctx, "create team", sqlCreateTeam, t)
}

const sqlUpdateTeam = `UPDATE teams SET name = @name, manager_id = @manager, calendar_id = @calendar, updated_at = now()
WHERE id = @id RETURNING ` + teamColumns

// UpdateTeam replaces one; record.ErrNotFound, or record.ErrConflict for a taken name.
func (s *Store) UpdateTeam(ctx context.Context, t record.Team) (record.Team, error) {
	if !isID(t.ID) {
		return record.Team{}, record.ErrNotFound
	}
	return s.saveTeam(ctx, "update team", sqlUpdateTeam, t)
}

func (s *Store) saveTeam(ctx context.Context, op, sql string, t record.Team) (record.Team, error) {
	var out record.Team
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"id": t.ID, "name": t.Name, "manager": t.ManagerID, "calendar": t.CalendarID}
		if err := termsChanged(ctx, tx, sqlClocksOfTeam, args); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sql, args)
		var err error
		out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Team])
		return err
	})
	return out, err
}

const calendarColumns = `id, name, spec`

const sqlCalendars = `SELECT ` + calendarColumns + ` FROM calendars WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Calendars lists all calendars, newest first.
func (s *Store) Calendars(ctx context.Context, cursor string, limit int) (record.Page[record.Calendar], error) {
	return list(ctx, s, "list calendars", sqlCalendars, cursor, limit, func(c record.Calendar) string { return c.ID })
}

const sqlCalendar = `SELECT ` + calendarColumns + ` FROM calendars WHERE id = @id`

// Calendar reads one; record.ErrNotFound when there is none.
func (s *Store) Calendar(ctx context.Context, id string) (record.Calendar, error) {
	return byID[record.Calendar](ctx, s, "read calendar", sqlCalendar, id)
}

const sqlCreateCalendar = `INSERT INTO calendars (id, name, spec) VALUES (@id, @name, @spec) RETURNING ` + calendarColumns

// CreateCalendar keeps one; record.ErrConflict for a taken name.
func (s *Store) CreateCalendar(ctx context.Context, c record.Calendar) (record.Calendar, error) {
	c.ID = newID()
	return s.saveCalendar(ctx, "create calendar", sqlCreateCalendar, c)
}

const sqlUpdateCalendar = `UPDATE calendars SET name = @name, spec = @spec, revision = revision + 1, updated_at = now() WHERE id = @id
RETURNING ` + calendarColumns

// UpdateCalendar replaces one; record.ErrNotFound, or record.ErrConflict for a taken name. Clocks that run by it
// are planned anew.
func (s *Store) UpdateCalendar(ctx context.Context, c record.Calendar) (record.Calendar, error) {
	if !isID(c.ID) {
		return record.Calendar{}, record.ErrNotFound
	}
	return s.saveCalendar(ctx, "update calendar", sqlUpdateCalendar, c)
}

func (s *Store) saveCalendar(ctx context.Context, op, sql string, c record.Calendar) (record.Calendar, error) {
	var out record.Calendar
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, sql, pgx.NamedArgs{"id": c.ID, "name": c.Name, "spec": c.Spec})
		var err error
		if out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Calendar]); err != nil {
			return err
		}
		return termsChanged(ctx, tx, sqlClocksOfCalendar, pgx.NamedArgs{"id": c.ID})
	})
	return out, err
}
