package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// begun is a transaction of pipelined, for what is written for any: its first batch began it, and its last ends it.
type begun struct{ conn }

// conn lets a connection be embedded under a name that is no method of a transaction.
type conn = *pgx.Conn

// Commit, Rollback, LargeObjects and Conn are what a connection lacks to be a transaction; nobody asks for them here.
func (b begun) Commit(context.Context) error   { return pgx.ErrTxClosed }
func (b begun) Rollback(context.Context) error { return pgx.ErrTxClosed }
func (b begun) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }
func (b begun) Conn() *pgx.Conn                { return b.conn }

// pipelined runs fn like tx does, but leaves BEGIN and COMMIT to it: they travel with its first and its last batch. What
// is committed a hundred times a second saves two round trips each time.
func (s *Store) pipelined(ctx context.Context, op string, fn func(conn *pgx.Conn) error) error {
	return s.retried(ctx, op, func() error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		err = fn(conn.Conn())
		if err != nil && !conn.Conn().IsClosed() {
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, _ = conn.Exec(leaving, "ROLLBACK") // where this fails too, the pool throws the connection away
		}
		return err
	})
}
