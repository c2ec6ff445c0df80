package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

const sqlUnknownLeads = `SELECT given.id FROM unnest(@ids::text[]) AS given (id)
LEFT JOIN leads l ON l.id = CASE WHEN pg_input_is_valid(given.id, 'uuid') THEN given.id::uuid END WHERE l.id IS NULL`

// UnknownLeads are those of the ids that no lead has, erased ones included.
func (s *Store) UnknownLeads(ctx context.Context, ids []string) ([]string, error) {
	rows, _ := s.pool.Query(ctx, sqlUnknownLeads, pgx.NamedArgs{"ids": ids})
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return out, masked("unknown leads", err)
}

const sqlCountLeads = `SELECT count(*) FROM leads WHERE stage = ANY(@stages::text[])`

// CountLeads counts the leads in some stages.
func (s *Store) CountLeads(ctx context.Context, stages []string) (int, error) {
	rows, _ := s.pool.Query(ctx, sqlCountLeads, pgx.NamedArgs{"stages": stages})
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	return n, masked("count leads", err)
}
