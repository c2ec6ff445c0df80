package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

const sqlUnknownLeads = `SELECT given.id FROM unnest(@ids::uuid[]) AS given (id) WHERE NOT EXISTS (SELECT FROM leads l WHERE l.id = given.id)`

// UnknownLeads are those of the ids that no lead has, erased ones included. What is no id is left out.
func (s *Store) UnknownLeads(ctx context.Context, ids []string) ([]string, error) {
	rows, _ := s.pool.Query(ctx, sqlUnknownLeads, pgx.NamedArgs{"ids": onlyIDs(ids)})
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return out, masked("unknown leads", err)
}

// onlyIDs leaves out what is no id.
func onlyIDs(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), notID)
}

const sqlCountLeads = `SELECT count(*) FROM leads WHERE stage = ANY(@stages::text[])`

// CountLeads counts the leads in some stages.
func (s *Store) CountLeads(ctx context.Context, stages []string) (int, error) {
	rows, _ := s.pool.Query(ctx, sqlCountLeads, pgx.NamedArgs{"stages": stages})
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	return n, masked("count leads", err)
}
