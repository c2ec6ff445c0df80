package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const absenceColumns = `id, rep_id, from_at AS "from", until_at AS "until", kind`

const sqlAbsences = `SELECT ` + absenceColumns + ` FROM absences WHERE rep_id = @rep AND (@past OR until_at > now()) ORDER BY from_at, id LIMIT 1000`

// Absences lists those of a rep in their order, with those that are over only where asked; record.ErrNotFound for nobody.
func (s *Store) Absences(ctx context.Context, repID string, past bool) ([]record.Absence, error) {
	if _, err := s.Rep(ctx, repID); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, sqlAbsences, pgx.NamedArgs{"rep": repID, "past": past})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Absence])
	for i := range out {
		out[i].From, out[i].Until = out[i].From.UTC(), out[i].Until.UTC()
	}
	return out, masked("list absences", err)
}

const sqlAddAbsence = `INSERT INTO absences (id, rep_id, from_at, until_at, kind) SELECT @id, id, @from, @until, @kind FROM reps WHERE id = @rep
RETURNING ` + absenceColumns

// AddAbsence keeps one; record.ErrNotFound for nobody's. From its beginning on the rep is offered nothing, and what they were
// offered before goes to somebody else.
func (s *Store) AddAbsence(ctx context.Context, a record.Absence) (record.Absence, error) {
	if !isID(a.RepID) {
		return a, record.ErrNotFound
	}
	out, err := s.absence(ctx, "add absence", sqlAddAbsence, pgx.NamedArgs{"id": newID(), "rep": a.RepID, "from": a.From, "until": a.Until, "kind": a.Kind})
	if err != nil {
		return out, err
	}
	if out.From.After(time.Now()) {
		return out, nil // Reroute comes by when it begins
	}
	return out, s.peopleChanged(ctx, false)
}

const sqlRemoveAbsence = `DELETE FROM absences WHERE id = @id AND rep_id = @rep RETURNING ` + absenceColumns

// RemoveAbsence takes one back; record.ErrNotFound. Leads that wait in the team queue hear of it.
func (s *Store) RemoveAbsence(ctx context.Context, repID, id string) error {
	if !isID(repID) || !isID(id) {
		return record.ErrNotFound
	}
	if _, err := s.absence(ctx, "remove absence", sqlRemoveAbsence, pgx.NamedArgs{"id": id, "rep": repID}); err != nil {
		return err
	}
	return s.peopleChanged(ctx, true)
}

// absence changes who is there while nobody chooses.
func (s *Store) absence(ctx context.Context, op, sql string, args pgx.NamedArgs) (record.Absence, error) {
	var out record.Absence
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		if err := lockPeople(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sql, args)
		var err error
		out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Absence])
		return err
	})
	out.From, out.Until = out.From.UTC(), out.Until.UTC()
	return out, err
}
