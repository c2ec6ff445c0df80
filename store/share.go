package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	sqlShare = `INSERT INTO mail_senders (id, seen_at) VALUES (@id, now()) ON CONFLICT (id) DO UPDATE SET seen_at = now()`

	// Nobody waits here for a process that says so itself at this moment: it is there.
	sqlForgetSenders = `DELETE FROM mail_senders WHERE id IN (
	SELECT id FROM mail_senders WHERE seen_at < now() - @lease::interval FOR UPDATE SKIP LOCKED)`

	sqlSenders = `SELECT count(*) FILTER (WHERE id < @id), count(*) FROM mail_senders`

	sqlUnshare = `DELETE FROM mail_senders WHERE id = @id`
)

// Share says that a process that sends nurture mail is there, forgets those that have not said so for a lease, and answers its
// place among those that are, from 0 in the order of their ids, and how many there are.
func (s *Store) Share(ctx context.Context, id uuid.UUID, lease time.Duration) (place, of int, err error) {
	args := pgx.NamedArgs{"id": id, "lease": lease}
	b := &pgx.Batch{}
	b.Queue(sqlShare, args)
	b.Queue(sqlForgetSenders, args)
	b.Queue(sqlSenders, args).QueryRow(func(row pgx.Row) error { return row.Scan(&place, &of) })
	return place, of, masked("share the mail rates", s.pool.SendBatch(ctx, b).Close())
}

// Unshare forgets a process that sends no more.
func (s *Store) Unshare(ctx context.Context, id uuid.UUID) error {
	_, err := s.pool.Exec(ctx, sqlUnshare, pgx.NamedArgs{"id": id})
	return masked("share the mail rates", err)
}
