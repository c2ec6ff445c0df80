package store

import (
	"context"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const healthColumns = `id, predictor, at, state, leads, young, alarms, coalesce(health, 'null') AS health`

const (
	sqlKeepHealth = `INSERT INTO predictor_health (predictor, state, leads, young, alarms, health)
VALUES (@predictor, @state, @leads, @young, @alarms, @health)`

	sqlHealths = `SELECT ` + healthColumns + ` FROM predictor_health WHERE id < @after AND (@predictor = 0 OR predictor = @predictor) ORDER BY id DESC LIMIT @rows`

	// Of each version, what was found last; versions are few.
	sqlNewestHealth = `SELECT h.* FROM predictors p CROSS JOIN LATERAL (
	SELECT ` + healthColumns + ` FROM predictor_health h WHERE h.predictor = p.version ORDER BY id DESC LIMIT 1) AS h ` + usedBy + ` WHERE ` + inUse
)

// KeepHealth keeps what was found of a predictor.
func (s *Store) KeepHealth(ctx context.Context, h record.PredictorHealth) error {
	args := pgx.NamedArgs{"predictor": h.Predictor, "state": h.State, "leads": h.Leads, "young": h.Young, "alarms": h.Alarms, "health": h.Health}
	if len(h.Health) == 0 {
		args["health"] = nil
	}
	return s.exec(ctx, "keep health", sqlKeepHealth, args)
}

// Healths lists what was found, newest first; of one predictor, or of all (0).
func (s *Store) Healths(ctx context.Context, predictor int, cursor string, limit int) (record.Page[record.PredictorHealth], error) {
	const op = "list health"
	place, err := unsealed(op, cursor, strconv.Itoa(math.MaxInt))
	after, numErr := strconv.ParseInt(place, 10, 64)
	if err != nil || numErr != nil {
		return record.Page[record.PredictorHealth]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlHealths, pgx.NamedArgs{"after": after, "predictor": predictor, "rows": pageSize(limit) + 1})
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.PredictorHealth])
	return pageOf(all, limit, func(h record.PredictorHealth) string { return sealed(op, strconv.FormatInt(h.ID, 10)) }), masked(op, err)
}

// NewestHealth is what was found last of each predictor in use.
func (s *Store) NewestHealth(ctx context.Context) ([]record.PredictorHealth, error) {
	rows, _ := s.pool.Query(ctx, sqlNewestHealth)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.PredictorHealth])
	return all, masked("read health", err)
}
