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
	// Whom nobody ever identified goes when what it did has gone; who is here at this moment is passed over. seen_at is kept
	// to the day.
	sqlSweepVisitors = `DELETE FROM visitors WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM visitors WHERE lead_id IS NULL AND seen_at < now() - @retention::interval - interval '1 day'
		LIMIT 5000 FOR UPDATE SKIP LOCKED))`
	sqlSweepAnswers = `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours' LIMIT 5000))`
	sqlSweepHookTokens = `DELETE FROM hook_tokens WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM hook_tokens WHERE at < now() - interval '24 hours' LIMIT 5000))`
	sqlSweepReturns = `DELETE FROM mail_returns WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM mail_returns WHERE received_at < now() - @retention::interval LIMIT 5000))`
	// Rows of an upload that broke off are people's data of an import that will never be.
	sqlSweepUploads = `UPDATE imports SET state = 'failed', error = 'upload_interrupted', finished_at = now()
	WHERE state = 'queued' AND NOT ready AND coalesce(claimed_until, created_at + interval '1 day') < now()`
	sqlSweepUploadRows = `DELETE FROM import_rows WHERE (import_id, row) IN (
		SELECT r.import_id, r.row FROM import_rows r JOIN imports i ON i.id = r.import_id
		WHERE r.state = 'pending' AND i.state NOT IN ('queued', 'running') LIMIT 5000)`
	sqlSweepBulks = `DELETE FROM bulk_leads WHERE (bulk_id, lead_id) IN (
		SELECT l.bulk_id, l.lead_id FROM bulk_leads l JOIN bulks b ON b.id = l.bulk_id
		WHERE @bulks::interval > '0' AND b.finished_at < now() - @bulks::interval LIMIT 5000)`
	// What a shadow said at each call stays; where leads stood under it is of no use for long.
	sqlSweepShadows = `DELETE FROM shadow_scores WHERE (shadow_id, lead_id) IN (
		SELECT x.shadow_id, x.lead_id FROM shadow_scores x JOIN shadows h ON h.id = x.shadow_id
		WHERE h.ended_at < now() - interval '90 days' LIMIT 5000)`
	// What nobody can undo any more need not be remembered.
	sqlSweepBefore = `UPDATE import_rows SET before = NULL WHERE (import_id, row) IN (
		SELECT r.import_id, r.row FROM import_rows r JOIN imports i ON i.id = r.import_id
		WHERE r.before IS NOT NULL AND i.state <> 'undoing' AND i.finished_at < now() - interval '1 hour' LIMIT 5000)`
)

// Sweep throws away what has had its time, keeps the partitions of the events, and sees to it that everybody is scored by
// the published model. Any number may sweep at once.
func (s *Store) Sweep(ctx context.Context) error {
	return errors.Join(s.KeepEvents(ctx), s.exec(ctx, "sweep", sqlReopenRescoring, nil), s.exec(ctx, "sweep", sqlSweepUnknown, nil), s.sweep(ctx), s.thinMails(ctx))
}

func (s *Store) sweep(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, sqlSweepUploads); err != nil {
		return masked("sweep", err)
	}
	for _, sql := range []string{sqlSweepVisitors, sqlSweepAnswers, sqlSweepHookTokens, sqlSweepReturns, sqlSweepUploadRows, sqlSweepBefore, sqlSweepAccounts, sqlSweepBulks, sqlSweepShadows} {
		for {
			tag, err := s.pool.Exec(ctx, sql, pgx.NamedArgs{"retention": s.retention, "bulks": s.keepBulks})
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
