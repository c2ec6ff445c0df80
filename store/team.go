package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const repColumns = `id, name, email, team_id, time_zone, calendar_id, capacity, active, weight, per_day, tags, languages, territories`

const sqlReps = `SELECT ` + repColumns + ` FROM reps WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Reps lists all reps, newest first.
func (s *Store) Reps(ctx context.Context, cursor string, limit int) (record.Page[record.Rep], error) {
	return list(ctx, s, "list reps", sqlReps, cursor, limit, func(r record.Rep) string { return r.ID })
}

const sqlRep = `SELECT ` + repColumns + ` FROM reps WHERE id = @id`

// Rep reads one; record.ErrNotFound when there is none.
func (s *Store) Rep(ctx context.Context, id string) (record.Rep, error) {
	return byID[record.Rep](ctx, s, "read rep", sqlRep, id)
}

const sqlCreateRep = `INSERT INTO reps (id, name, email, team_id, time_zone, calendar_id, capacity, active, weight, per_day, tags,
	languages, territories)
VALUES (@id, @name, @email, @team, @zone, @calendar, @capacity, @active, coalesce(@weight, 1), @per_day, coalesce(@tags::text[], '{}'),
	coalesce(@languages::text[], '{}'), coalesce(@territories::text[], '{}')) RETURNING ` + repColumns

// CreateRep hires one; record.ErrConflict for a taken address. Leads that wait in the team queue hear of it.
func (s *Store) CreateRep(ctx context.Context, r record.Rep) (record.Rep, error) {
	r.ID = newID()
	return s.saveRep(ctx, "create rep", sqlCreateRep, r)
}

const sqlUpdateRep = `UPDATE reps SET name = @name, email = @email, team_id = @team, time_zone = @zone, calendar_id = @calendar,
	capacity = @capacity, active = @active, weight = coalesce(@weight, weight), per_day = @per_day, tags = coalesce(@tags::text[], '{}'),
	languages = coalesce(@languages::text[], '{}'), territories = coalesce(@territories::text[], '{}'), updated_at = now()
WHERE id = @id RETURNING ` + repColumns

// UpdateRep replaces one; record.ErrNotFound, or record.ErrConflict for a taken address. Leads that wait in the team
// queue hear of it: the rep may be free for them now.
func (s *Store) UpdateRep(ctx context.Context, r record.Rep) (record.Rep, error) {
	if !isID(r.ID) {
		return record.Rep{}, record.ErrNotFound
	}
	return s.saveRep(ctx, "update rep", sqlUpdateRep, r)
}

const sqlQueuedLeads = `SELECT l.id, coalesce(s.score, 0), coalesce(s.band, '') FROM leads l LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.stage = 'qualified' AND (@leads::uuid[] IS NULL OR l.id = ANY(@leads::uuid[])) ORDER BY l.id FOR NO KEY UPDATE OF l`

// saveRep writes a rep while nobody chooses: who was sent home is offered nothing any more once that was answered. Whom it
// concerns is told in a second transaction, for it takes locks that come before that one. Where it fails the run looks again by
// itself, and Reroute does.
func (s *Store) saveRep(ctx context.Context, op, sql string, r record.Rep) (record.Rep, error) {
	var out record.Rep
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		// Leads before the lock of choices, as in an offer.
		if err := termsChanged(ctx, tx, sqlClocksOfRep, pgx.NamedArgs{"id": r.ID, "calendar": r.CalendarID, "team": r.TeamID}); err != nil {
			return err
		}
		if err := lockPeople(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sql, pgx.NamedArgs{
			"id": r.ID, "name": r.Name, "email": r.Email, "team": r.TeamID, "zone": r.TimeZone, "calendar": r.CalendarID,
			"capacity": r.Capacity, "active": r.Active, "weight": r.Weight, "per_day": r.PerDay, "tags": r.Tags,
			"languages": r.Languages, "territories": r.Territories,
		})
		var err error
		out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Rep])
		return err
	})
	if err != nil {
		return out, err
	}
	return out, s.peopleChanged(ctx, out.Active)
}

// nudgeQueue makes the runs of these queued leads, or of all, look for a rep again: a row without triggers is a nudge.
func nudgeQueue(ctx context.Context, tx pgx.Tx, leads ...string) error {
	rows, _ := tx.Query(ctx, sqlQueuedLeads, pgx.NamedArgs{"leads": leads})
	var tells []told
	var t told
	if _, err := pgx.ForEachRow(rows, []any{&t.lead, &t.score, &t.band}, func() error {
		tells = append(tells, t)
		return nil
	}); err != nil || len(tells) == 0 {
		return err
	}
	b := &pgx.Batch{}
	tell(b, tells...)
	return tx.SendBatch(ctx, b).Close()
}

// byID reads one row.
func byID[T any](ctx context.Context, s *Store, op, sql, id string) (T, error) {
	if !isID(id) {
		var none T
		return none, record.ErrNotFound
	}
	rows, _ := s.pool.Query(ctx, sql, pgx.NamedArgs{"id": id})
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	return out, masked(op, err)
}
