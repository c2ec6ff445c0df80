package store

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

const routedColumns = `id, at, document, rule, pool, strategy, turn, rep_id, why, candidates, input`

const sqlRouted = `SELECT ` + routedColumns + ` FROM routings WHERE lead_id = @lead AND id < @after ORDER BY id DESC LIMIT @rows`

// Routed lists the decisions about who gets a lead, newest first, in words and as the ledger has them.
func (s *Store) Routed(ctx context.Context, leadID, cursor string, limit int) (record.Page[record.Routed], error) {
	const op = "list routings"
	if err := s.stageOf(ctx, leadID); err != nil {
		return record.Page[record.Routed]{}, err
	}
	place, err := unsealed(op, cursor, "9223372036854775807")
	after, numErr := strconv.ParseInt(place, 10, 64)
	if err != nil || numErr != nil {
		return record.Page[record.Routed]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlRouted, pgx.NamedArgs{"lead": leadID, "after": after, "rows": pageSize(limit) + 1})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[record.Routed])
	if err != nil {
		return record.Page[record.Routed]{}, masked(op, err)
	}
	names, err := s.namesOf(ctx, found)
	for i := range found {
		found[i].At = found[i].At.UTC()
		found[i].Words = inWords(found[i], names)
	}
	return pageOf(found, limit, func(r record.Routed) string { return sealed(op, strconv.FormatInt(r.ID, 10)) }), masked(op, err)
}

const sqlNames = `SELECT id, name FROM reps WHERE id = ANY(@ids::uuid[]) UNION ALL SELECT id, name FROM teams WHERE id = ANY(@ids::uuid[])`

// namesOf are the names of all reps that some decisions are about.
func (s *Store) namesOf(ctx context.Context, decisions []record.Routed) (map[string]string, error) {
	var ids []string
	for _, d := range decisions {
		for _, c := range d.Candidates {
			ids = append(ids, c.RepID)
		}
	}
	return s.names(ctx, ids)
}

func (s *Store) names(ctx context.Context, ids []string) (map[string]string, error) {
	slices.Sort(ids)
	rows, _ := s.pool.Query(ctx, sqlNames, pgx.NamedArgs{"ids": slices.DeleteFunc(slices.Compact(ids), notID)})
	out := map[string]string{}
	var id, name string
	_, err := pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		out[id] = name
		return nil
	})
	return out, err
}

const sqlRoutedWithInput = `SELECT ` + routedColumns + ` FROM routings WHERE input IS NOT NULL AND id < @after ORDER BY id DESC LIMIT @rows`

// RoutingReplayed decides the newest decisions of the ledger again, from what it kept of them, and tells which come out otherwise:
// none does, unless somebody changed the ledger or this program decides otherwise than the one before it.
func (s *Store) RoutingReplayed(ctx context.Context, last int) (looked int, differ []int64, err error) {
	rows, _ := s.pool.Query(ctx, sqlRoutedWithInput, pgx.NamedArgs{"after": int64(9223372036854775807), "rows": last})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[record.Routed])
	if err != nil {
		return 0, nil, masked("replay routings", err)
	}
	for _, r := range found {
		again, err := s.again(ctx, r)
		if err != nil {
			return looked, differ, masked("replay routings", err)
		}
		looked++
		if !again {
			differ = append(differ, r.ID)
		}
	}
	return looked, differ, nil
}

// again reports whether a decision of the ledger comes out as it did.
func (s *Store) again(ctx context.Context, r record.Routed) (bool, error) {
	doc := routing.Default()
	var err error
	switch {
	case r.Document != nil:
		doc, err = s.routeDocument(ctx, s.pool, *r.Document)
	case r.Rule == routing.RuleTeam:
		doc = routing.OfTeam(routing.TeamOf(r.Pool))
	}
	if err != nil {
		return false, err
	}
	in := *r.Input
	in.Candidates = r.Candidates
	d, was := routing.Decide(doc, in), decided(r)
	same := d.Need == nil && d.Rep == was.Rep && d.Rule == was.Rule && d.Pool == was.Pool && d.Strategy == was.Strategy && len(d.Ledger) == len(was.Ledger)
	for i := range d.Ledger {
		same = same && d.Ledger[i].Excluded == r.Candidates[i].Excluded
	}
	return same, nil
}

// decided is a row of the ledger as the decision it keeps.
func decided(r record.Routed) routing.Decision {
	d := routing.Decision{Rule: r.Rule, Pool: r.Pool, Strategy: routing.Strategy(r.Strategy), Ledger: r.Candidates}
	if r.RepID != nil {
		d.Rep = *r.RepID
	}
	return d
}

func inWords(r record.Routed, names map[string]string) []string {
	version := 0
	if r.Document != nil {
		version = *r.Document
	}
	d := decided(r)
	if d.Rule == "" { // from before rules were kept: everybody went in turn
		d.Rule, d.Strategy = "everybody", routing.RoundRobin
	}
	return routing.Words(version, r.Input, d, names)
}
