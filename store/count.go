package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

const sqlCountLeads = `SELECT count(*) FROM leads WHERE stage = ANY(@stages::text[])`

// CountLeads counts the leads in some stages.
func (s *Store) CountLeads(ctx context.Context, stages []string) (int, error) {
	rows, _ := s.pool.Query(ctx, sqlCountLeads, pgx.NamedArgs{"stages": stages})
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	return n, masked("count leads", err)
}
