package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// sweepRows bounds one statement of a sweep, so that no lock is held for long.
const sweepRows = 5000

// Swept: what has had its time, in pieces.
const (
	// The contract's promise is 35 days: an id that comes again later is a new event.
	sqlSweepEventIDs = `DELETE FROM event_ids WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM event_ids WHERE received_at < now() - interval '35 days' LIMIT 5000))`
	sqlSweepAnswers = `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours' LIMIT 5000))`
	// Rows of an upload that broke off are people's data of an import that will never be.
	sqlSweepUploads = `UPDATE imports SET state = 'failed', error = 'upload_interrupted', finished_at = now()
	WHERE state = 'queued' AND NOT ready AND coalesce(claimed_until, created_at + interval '1 day') < now()`
	sqlSweepUploadRows = `DELETE FROM import_rows WHERE (import_id, row) IN (
		SELECT r.import_id, r.row FROM import_rows r JOIN imports i ON i.id = r.import_id
		WHERE r.state = 'pending' AND i.state NOT IN ('queued', 'running') LIMIT 5000)`
	// What nobody can undo any more need not be remembered.
	sqlSweepBefore = `UPDATE import_rows SET before = NULL WHERE (import_id, row) IN (
		SELECT r.import_id, r.row FROM import_rows r JOIN imports i ON i.id = r.import_id
		WHERE r.before IS NOT NULL AND i.state <> 'undoing' AND i.finished_at < now() - interval '1 hour' LIMIT 5000)`
)

// Sweep throws away what has had its time. Any number may sweep at once.
func (s *Store) Sweep(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, sqlSweepUploads); err != nil {
		return masked("sweep", err)
	}
	for _, sql := range []string{sqlSweepEventIDs, sqlSweepAnswers, sqlSweepUploadRows, sqlSweepBefore} {
		for {
			tag, err := s.pool.Exec(ctx, sql)
			if err != nil {
				return masked("sweep", err)
			}
			if tag.RowsAffected() < sweepRows {
				break
			}
		}
	}
	return nil
}

// staleLeads bounds how many leads one transaction folds anew.
const staleLeads = 200

const sqlStaleLeads = `SELECT lead_id FROM scores WHERE model_version <> @version ORDER BY lead_id LIMIT 200`

// Rescore folds anew whom another model than the published one scored, until there is nobody left. Runs hear of
// bands that were crossed; a new model alone makes nobody an MQL.
func (s *Store) Rescore(ctx context.Context) error {
	for {
		var n int
		err := s.tx(ctx, "rescore", func(tx pgx.Tx) error {
			w, err := s.enter(ctx, tx)
			if err != nil {
				return err
			}
			rows, _ := tx.Query(ctx, sqlStaleLeads, pgx.NamedArgs{"version": w.version})
			ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			rows, _ = tx.Query(ctx, sqlLockPeople, pgx.NamedArgs{"ids": ids, "emails": []string{}})
			leads, err := pgx.CollectRows(rows, pgx.RowToStructByName[leadRow])
			if err != nil {
				return err
			}
			subjects := make([]*subject, len(leads))
			for i, l := range leads {
				subjects[i] = &subject{lead: l, profile: l.Profile, address: l.email()}
			}
			b := &pgx.Batch{}
			if err := s.rescore(ctx, tx, b, w, subjects); err != nil {
				return err
			}
			return tx.SendBatch(ctx, b).Close()
		})
		if errors.Is(err, ErrNoModel) || err == nil && n < staleLeads {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
