package store

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// foldRows is how many lines of the timeline one transaction looks at.
const foldRows = 2000

const (
	sqlFoldingState = `SELECT done, seen, until <= pg_snapshot_xmin(pg_current_snapshot()) AS safe, again::text AS again, personas FROM journeys_folded FOR UPDATE SKIP LOCKED`

	sqlFoldNext = `SELECT id, lead_id::text AS lead_id FROM timeline WHERE id > @done AND id <= @seen ORDER BY id LIMIT @rows`

	// Once a day those are marked whom reports will soon ask the score of no more, and whoever was missed while nobody folded.
	sqlSweepEngaged = `WITH swept AS (UPDATE journeys_folded SET swept_at = now() WHERE swept_at < now() - interval '1 day' RETURNING true)
INSERT INTO journeys_due SELECT j.lead_id FROM swept CROSS JOIN journeys j JOIN scores s USING (lead_id)
WHERE j.cycle = 0 AND s.engaged_at < ` + engagedLately + ` + interval '2 days' AND s.engaged_at IS DISTINCT FROM j.engaged_at`

	// What marks a lead commits with what has changed of it.
	sqlFoldDue = `DELETE FROM journeys_due WHERE ctid = ANY(ARRAY(SELECT ctid FROM journeys_due LIMIT @rows FOR UPDATE SKIP LOCKED)) RETURNING lead_id::text`

	sqlFoldAgain = `SELECT l.id::text FROM leads l WHERE l.id > @again ORDER BY l.id LIMIT @rows`

	sqlFoldedTo = `UPDATE journeys_folded SET done = @done, again = @again, personas = @personas, folded_at = CASE WHEN @safe THEN now() ELSE folded_at END`

	// What has a number now is visible to all once every transaction has ended that had begun by now.
	sqlFoldSeen = `UPDATE journeys_folded SET seen = greatest(seen, (SELECT coalesce(max(id), 0) FROM timeline)),
	until = pg_snapshot_xmax(pg_current_snapshot()), folded_at = now()`
)

// foldState is how far folding is.
type foldState struct {
	Done, Seen int64
	Safe       bool
	Again      *string
	Personas   string
}

// FoldJourneys folds what has become of leads since the last time, a piece in a transaction, until there is no more that
// every transaction can be sure of. It answers how many leads it folded; whoever comes while another folds has nothing to do.
func (s *Store) FoldJourneys(ctx context.Context) (leads int, err error) {
	for {
		n, more, err := s.foldPiece(ctx)
		leads += n
		if err != nil || !more {
			return leads, err
		}
	}
}

func (s *Store) foldPiece(ctx context.Context) (leads int, more bool, err error) {
	err = s.tx(ctx, "fold journeys", func(tx pgx.Tx) error {
		leads, more = 0, false
		rows, _ := tx.Query(ctx, sqlFoldingState)
		at, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[foldState])
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		of, personas, err := s.personasBy(ctx, tx)
		if err != nil {
			return err
		}
		if personas != at.Personas {
			at.Personas, at.Again = personas, new(noID)
		}
		was, seen := at.Done, at.Safe && at.Done == at.Seen
		touched := map[string]bool{}
		for _, next := range []func(context.Context, pgx.Tx, map[string]bool) error{at.told, due, at.again} {
			if err := next(ctx, tx, touched); err != nil {
				return err
			}
		}
		leads, more = len(touched), len(touched) > 0 || at.Done > was
		if err := foldJourneys(ctx, tx, of, slices.Collect(maps.Keys(touched))); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, sqlFoldedTo, pgx.NamedArgs{"done": at.Done, "again": at.Again, "personas": at.Personas, "safe": at.Safe}); err == nil && seen {
			_, err = tx.Exec(ctx, sqlFoldSeen)
		}
		return err
	})
	return leads, more, err
}

// told adds whom the timeline told of.
func (at *foldState) told(ctx context.Context, tx pgx.Tx, touched map[string]bool) error {
	if !at.Safe || at.Done == at.Seen {
		return nil
	}
	rows, _ := tx.Query(ctx, sqlFoldNext, pgx.NamedArgs{"done": at.Done, "seen": at.Seen, "rows": foldRows})
	lines, lead := 0, ""
	if _, err := pgx.ForEachRow(rows, []any{&at.Done, &lead}, func() error {
		lines++
		touched[lead] = true
		return nil
	}); err != nil {
		return err
	}
	if lines < foldRows {
		at.Done = at.Seen
	}
	return nil
}

// due adds of whom something else changed.
func due(ctx context.Context, tx pgx.Tx, touched map[string]bool) error {
	if _, err := tx.Exec(ctx, sqlSweepEngaged); err != nil {
		return err
	}
	rows, _ := tx.Query(ctx, sqlFoldDue, pgx.NamedArgs{"rows": foldRows})
	leads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, lead := range leads {
		touched[lead] = true
	}
	return err
}

// again adds the next of everybody, while everybody is folded once more.
func (at *foldState) again(ctx context.Context, tx pgx.Tx, touched map[string]bool) error {
	if at.Again == nil {
		return nil
	}
	rows, _ := tx.Query(ctx, sqlFoldAgain, pgx.NamedArgs{"again": at.Again, "rows": foldRows})
	leads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, lead := range leads {
		touched[lead] = true
	}
	if at.Again = nil; len(leads) == foldRows {
		at.Again = new(leads[len(leads)-1])
	}
	return err
}
