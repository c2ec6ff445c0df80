package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// brief runs a transaction in two trips to Postgres, where tx takes one for each statement and two more to begin and to
// commit: first the locks and what is read under them (each statement sees what those before it waited for), then what
// write makes of it, and the commit. What is written is written whole or, when write has an error, not at all. Lost races
// begin again from the start, as in tx; write may ask more through q. Statements are constants (exchange keeps them).
func (s *Store) brief(ctx context.Context, op string, read func(b *pgx.Batch), write func(q querier, b *pgx.Batch) error) error {
	return s.exchanged(ctx, op, func(x *exchange) error {
		first, second := &pgx.Batch{}, &pgx.Batch{}
		first.Queue(sqlPlainPlans)
		read(first)
		if err := x.send(first); err != nil {
			return err
		}
		if err := write(x, second); err != nil {
			return err
		}
		return x.commit(second)
	})
}

// Statements by key have one plan whatever their values are. Postgres would think it over anew each time that a value is
// null or an array is long, and that takes longer than the statement.
const sqlPlainPlans = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`
