package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// standing of leads as their runs must have it too. The ledger is that of the cycle, and whatever is open.
const runStandings = `SELECT l.id, l.stage, l.cycle, l.version, l.seq, l.paused, coalesce(l.owner::text, '') AS owner,
	coalesce(l.assignment_id::text, '') AS assignment, l.sla_due_at AS due, l.sla_state AS sla, l.next_kind, l.next_at, coalesce(s.band, '') AS band, l.state,
	coalesce((SELECT true FROM outbox o WHERE o.lead_id = l.id), false) AS untold,
	coalesce((SELECT jsonb_agg(jsonb_build_object('id', a.id, 'key', a.key, 'rep_id', a.rep_id, 'state', a.state, 'routed',
			(SELECT r.rep_id FROM routings r WHERE r.lead_id = a.lead_id AND r.key = a.key AND r.rep_id IS NOT NULL ORDER BY r.id DESC LIMIT 1)) ORDER BY a.offered_at, a.n)
		FROM assignments a WHERE a.lead_id = l.id AND (a.cycle = l.cycle OR a.state = 'offered')), '[]') AS ledger
FROM leads l LEFT JOIN scores s ON s.lead_id = l.id `

const (
	sqlOpenStandings = runStandings + `WHERE l.id > @after AND l.stage = ANY(@stages::text[]) ORDER BY l.id LIMIT @rows`
	sqlStandingsOf   = runStandings + `WHERE l.id = ANY(@ids::uuid[])`
)

// OpenStandings reads so many leads of these stages after an id, in the order of ids; empty begins. It locks nobody.
func (s *Store) OpenStandings(ctx context.Context, stages []string, after string, rows int) ([]record.Standing, error) {
	if after == "" {
		after = noID
	}
	return s.standings(ctx, sqlOpenStandings, pgx.NamedArgs{"after": after, "stages": stages, "rows": rows})
}

// StandingsOf reads some leads, in any order. Who is not known is not among them, nor is what is no id.
func (s *Store) StandingsOf(ctx context.Context, ids []string) ([]record.Standing, error) {
	return s.standings(ctx, sqlStandingsOf, pgx.NamedArgs{"ids": onlyIDs(ids)})
}

func (s *Store) standings(ctx context.Context, sql string, args pgx.NamedArgs) ([]record.Standing, error) {
	rows, _ := s.pool.Query(ctx, sql, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Standing])
	return out, masked("read standings", err)
}
