package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// thinRows is how many mails are looked at by one transaction.
const thinRows = 500

const (
	sqlThinnedBefore = `SELECT coalesce((SELECT before FROM mail_thinned), '1970-01-01') AS after, now() - @keep::interval AS before`

	// By the index of states, from the oldest on.
	sqlThinnable = `SELECT id, kind, created_at, CASE WHEN message IS NOT NULL THEN substring(message FROM 1 FOR 16384) END AS message
FROM deliveries WHERE state = @state AND channel = 'mail' AND (created_at, id) > (@at::timestamptz, @id::uuid) AND created_at < @before
ORDER BY created_at, id LIMIT @rows`

	sqlThinnableLater = `SELECT d.id, d.kind, d.created_at, CASE WHEN d.message IS NOT NULL THEN substring(d.message FROM 1 FOR 16384) END AS message
FROM mail_thin_later l JOIN deliveries d ON d.id = l.delivery_id WHERE d.state = ANY(@ended) LIMIT @rows`

	// One that is to be tried again meanwhile keeps its bytes until the next time.
	sqlThinMails = `UPDATE deliveries d SET message = NULL, mailed = coalesce(t.mailed, d.mailed)
FROM unnest(@ids::uuid[], @mailed::bytea[]) AS t (id, mailed) WHERE d.id = t.id AND d.state = ANY(@ended) AND d.message IS NOT NULL`

	sqlThinnedLater = `DELETE FROM mail_thin_later l USING deliveries d WHERE l.delivery_id = ANY(@ids::uuid[]) AND d.id = l.delivery_id AND d.message IS NULL`

	sqlThinLater = `INSERT INTO mail_thin_later (delivery_id)
SELECT id FROM deliveries WHERE state IN ('queued', 'claimed', 'sending', 'unknown') AND channel = 'mail' AND created_at >= @after AND created_at < @before
ON CONFLICT DO NOTHING`

	// One that is to be sent after all gets bytes again.
	sqlThinAgain = `INSERT INTO mail_thin_later (delivery_id)
SELECT d.id FROM deliveries d, mail_thinned t WHERE d.id = @id AND d.created_at < t.before ON CONFLICT DO NOTHING`

	sqlNoteThinned = `INSERT INTO mail_thinned (before) VALUES (@before) ON CONFLICT (one) DO UPDATE SET before = greatest(mail_thinned.before, EXCLUDED.before)`
)

// endedStates are those in which nothing is sent any more, unless somebody decides so: then the mail is composed anew.
var endedStates = []string{"sent", "failed", "suppressed", "expired"}

// thinnable is one mail whose bytes have had their time.
type thinnable struct {
	ID        string
	Kind      string
	CreatedAt time.Time
	Message   []byte
}

// thinMails throws the bytes away of mails that were made longer ago than they are kept and have come to their end; the ledger
// stays. What has not is noted, so that all the rest is never looked at again. Any number may do so at once.
func (s *Store) thinMails(ctx context.Context) error {
	if s.keepMails <= 0 {
		return nil
	}
	return s.retried(ctx, "thin mails", func() error {
		rows, _ := s.pool.Query(ctx, sqlThinnedBefore, pgx.NamedArgs{"keep": s.keepMails})
		w, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[window])
		if err != nil {
			return err
		}
		// Twice: what came to its end before it was noted is found the second time.
		args := pgx.NamedArgs{"after": w.After, "before": w.Before}
		if err := s.thinWindow(ctx, w); err != nil {
			return err
		}
		if _, err := s.pool.Exec(ctx, sqlThinLater, args); err != nil {
			return err
		}
		if err := s.thinWindow(ctx, w); err != nil {
			return err
		}
		if _, err := s.pool.Exec(ctx, sqlNoteThinned, args); err != nil {
			return err
		}
		return s.thinLater(ctx)
	})
}

// window is a time in which mails were made.
type window struct{ After, Before time.Time }

// thinWindow thins what was made in a time, by states and in pieces.
func (s *Store) thinWindow(ctx context.Context, w window) error {
	for _, state := range endedStates {
		at, id := w.After, uuid.Nil.String()
		for {
			rows, _ := s.pool.Query(ctx, sqlThinnable, pgx.NamedArgs{"state": state, "at": at, "id": id, "before": w.Before, "rows": thinRows})
			found, err := s.thinThese(ctx, rows)
			if err != nil {
				return err
			}
			if len(found) < thinRows {
				break
			}
			last := found[len(found)-1]
			at, id = last.CreatedAt, last.ID
		}
	}
	return nil
}

// thinLater thins what had not come to its end when its time was over, and has by now.
func (s *Store) thinLater(ctx context.Context) error {
	for {
		rows, _ := s.pool.Query(ctx, sqlThinnableLater, pgx.NamedArgs{"ended": endedStates, "rows": thinRows})
		found, err := s.thinThese(ctx, rows)
		if err != nil || len(found) == 0 {
			return err
		}
		ids := make([]string, len(found))
		for i, m := range found {
			ids[i] = m.ID
		}
		tag, err := s.pool.Exec(ctx, sqlThinnedLater, pgx.NamedArgs{"ids": ids})
		if err != nil || tag.RowsAffected() == 0 || len(found) < thinRows {
			return err
		}
	}
}

// thinThese throws the bytes away of those that have any.
func (s *Store) thinThese(ctx context.Context, rows pgx.Rows) ([]thinnable, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[thinnable])
	if err != nil {
		return nil, err
	}
	var ids []string
	var mailed [][]byte
	for _, m := range found {
		if m.Message == nil {
			continue
		}
		var hash []byte
		if to := addressee(m.Message); to != "" && (m.Kind == kindNurture || m.Kind == kindConfirmation) {
			hash = s.suppressionHash(to)
		}
		ids, mailed = append(ids, m.ID), append(mailed, hash)
	}
	if len(ids) > 0 {
		_, err = s.pool.Exec(ctx, sqlThinMails, pgx.NamedArgs{"ids": ids, "mailed": mailed, "ended": endedStates})
	}
	return found, err
}
