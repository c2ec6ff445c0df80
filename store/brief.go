package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// brief runs a transaction in two trips to Postgres, where tx takes one for each statement and two more to begin and to
// commit: first the locks and what is read under them (each statement sees what those before it waited for), then what
// write makes of it, and the commit. What is written is written whole or, when write has an error, not at all. Lost races
// begin again from the start, as in tx; write may ask more through q.
func (s *Store) brief(ctx context.Context, op string, read func(b *pgx.Batch), write func(q querier, b *pgx.Batch) error) error {
	return s.retried(ctx, op, func() error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		first, second := &pgx.Batch{}, &pgx.Batch{}
		first.Queue("begin")
		first.Queue(sqlPlainPlans)
		read(first)
		if err = conn.SendBatch(ctx, first).Close(); err == nil {
			err = write(conn, second)
		}
		if err == nil {
			second.Queue("commit")
			err = conn.SendBatch(ctx, second).Close()
		}
		if err != nil {
			rollback(ctx, conn)
		}
		return err
	})
}

// Statements by key have one plan whatever their values are. Postgres would think it over anew each time that a value is
// null or an array is long, and that takes longer than the statement.
const sqlPlainPlans = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`

// rollback ends what was begun. A connection that cannot even do that is closed by its pool.
func rollback(ctx context.Context, conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() || conn.Conn().PgConn().TxStatus() == 'I' {
		return
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = conn.Exec(ending, "rollback")
}
