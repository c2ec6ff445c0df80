package store

import (
	"context"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const routeColumns = `version, state, note, author, document, source, created_at, published_at`

const sqlRoutes = `SELECT ` + routeColumns + ` FROM routes WHERE version < @after ORDER BY version DESC LIMIT @rows`

// Routes lists the versions of the routing document, newest first.
func (s *Store) Routes(ctx context.Context, cursor string, limit int) (record.Page[record.Route], error) {
	const op = "list routes"
	place, err := unsealed(op, cursor, strconv.Itoa(math.MaxInt32))
	after, numErr := numberOf(place)
	if err != nil || numErr != nil {
		return record.Page[record.Route]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlRoutes, pgx.NamedArgs{"after": after, "rows": pageSize(limit) + 1})
	routes, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Route])
	return pageOf(routes, limit, func(r record.Route) string { return sealed(op, strconv.Itoa(r.Version)) }), masked(op, err)
}

const sqlRoute = `SELECT ` + routeColumns + ` FROM routes WHERE version = @version`

// Route reads one version; record.ErrNotFound.
func (s *Store) Route(ctx context.Context, version int) (record.Route, error) {
	rows, _ := s.pool.Query(ctx, sqlRoute, pgx.NamedArgs{"version": version})
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Route])
	return r, masked("read route", err)
}

const sqlCreateRoute = `INSERT INTO routes (source, document, note, author) VALUES (@source, @document, @note, @author) RETURNING ` + routeColumns

// CreateRoute keeps a draft under the next version. Its document names teams and reps by id.
func (s *Store) CreateRoute(ctx context.Context, r record.Route) (record.Route, error) {
	rows, _ := s.pool.Query(ctx, sqlCreateRoute, pgx.NamedArgs{"source": r.Source, "document": r.Document, "note": r.Note, "author": r.Author})
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Route])
	return out, masked("create route", err)
}

// Publications wait for each other, readers and drafts for none of them.
const sqlLockRoutes = `LOCK TABLE routes IN SHARE ROW EXCLUSIVE MODE`

const (
	sqlRetireOtherRoutes = `UPDATE routes SET state = 'retired' WHERE state = 'published' AND version <> @version`
	sqlPublishRoute      = `UPDATE routes SET state = 'published', published_at = CASE WHEN state = 'published' THEN published_at ELSE now() END
WHERE version = @version RETURNING ` + routeColumns
	sqlRetireRoute = `UPDATE routes SET state = 'retired' WHERE version = @version AND state <> 'draft' RETURNING ` + routeColumns
)

// PublishRoute makes a version the one that leads are routed by from now on; a retired one may come back. Offers that are open
// stay. Leads that wait in a queue are looked at again: somebody may be there for them now.
func (s *Store) PublishRoute(ctx context.Context, version int) (record.Route, error) {
	return s.turnRoute(ctx, "publish route", sqlPublishRoute, version)
}

// RetireRoute takes a version out of use; record.ErrNotFound for a draft as well. Where it was the published one, everybody goes
// in turn again.
func (s *Store) RetireRoute(ctx context.Context, version int) (record.Route, error) {
	return s.turnRoute(ctx, "retire route", sqlRetireRoute, version)
}

func (s *Store) turnRoute(ctx context.Context, op, sql string, version int) (record.Route, error) {
	var out record.Route
	args := pgx.NamedArgs{"version": version}
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlLockRoutes); err != nil {
			return err
		}
		if sql == sqlPublishRoute {
			if _, err := tx.Exec(ctx, sqlRetireOtherRoutes, args); err != nil {
				return err
			}
		}
		rows, _ := tx.Query(ctx, sql, args)
		var err error
		out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Route])
		return err
	})
	if err != nil {
		return out, err
	}
	return out, s.peopleChanged(ctx, true)
}

const (
	sqlTeamNames = `SELECT n.name, t.id FROM unnest(@names::text[]) AS n (name) JOIN teams t ON t.name = n.name OR t.id::text = n.name`
	sqlRepNames  = `SELECT n.name, r.id FROM unnest(@names::text[]) AS n (name) JOIN reps r ON r.email = lower(n.name) OR r.id::text = n.name`
)

// Named finds teams by name or id, and reps by address or id. What is not there is not in the answer.
func (s *Store) Named(ctx context.Context, teams, reps []string) (teamIDs, repIDs map[string]string, err error) {
	find := func(sql string, names []string) (map[string]string, error) {
		out := map[string]string{}
		rows, _ := s.pool.Query(ctx, sql, pgx.NamedArgs{"names": names})
		var name, id string
		_, err := pgx.ForEachRow(rows, []any{&name, &id}, func() error {
			out[name] = id
			return nil
		})
		return out, masked("find by name", err)
	}
	if teamIDs, err = find(sqlTeamNames, teams); err != nil {
		return nil, nil, err
	}
	repIDs, err = find(sqlRepNames, reps)
	return teamIDs, repIDs, err
}
