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
	sqlFoldingState = `SELECT done, seen, until <= pg_snapshot_xmin(pg_current_snapshot()) AS safe FROM journeys_folded FOR UPDATE SKIP LOCKED`

	sqlFoldNext = `SELECT id, lead_id::text AS lead_id FROM timeline WHERE id > @done AND id <= @seen ORDER BY id LIMIT @rows`

	sqlFoldedTo = `UPDATE journeys_folded SET done = @done, folded_at = now()`

	// What has a number now is visible to all once every transaction has ended that had begun by now.
	sqlFoldSeen = `UPDATE journeys_folded SET seen = greatest(seen, (SELECT coalesce(max(id), 0) FROM timeline)),
	until = pg_snapshot_xmax(pg_current_snapshot()), folded_at = now()`
)

// FoldJourneys folds what the timeline has told since the last time, a piece in a transaction, until there is no more that
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
		var done, seen int64
		var safe bool
		if err := tx.QueryRow(ctx, sqlFoldingState).Scan(&done, &seen, &safe); errors.Is(err, pgx.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		if !safe {
			return nil
		}
		if done == seen {
			_, err := tx.Exec(ctx, sqlFoldSeen)
			return err
		}
		rows, _ := tx.Query(ctx, sqlFoldNext, pgx.NamedArgs{"done": done, "seen": seen, "rows": foldRows})
		touched := map[string]bool{}
		lines, lead := 0, ""
		if _, err := pgx.ForEachRow(rows, []any{&done, &lead}, func() error {
			lines++
			touched[lead] = true
			return nil
		}); err != nil {
			return err
		}
		if lines < foldRows {
			done = seen
		}
		leads, more = len(touched), true
		if err := foldJourneys(ctx, tx, slices.Collect(maps.Keys(touched))); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlFoldedTo, pgx.NamedArgs{"done": done})
		return err
	})
	return leads, more, err
}
