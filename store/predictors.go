package store

import (
	"context"
	"encoding/json"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// alongOf are the models that score along and name a predictor.
const alongOf = `ARRAY(SELECT v.version FROM models v JOIN shadows x ON x.model_version = v.version AND x.ended_at IS NULL
	WHERE (v.document #>> '{predictive,version}')::int = p.version AND v.document #>> '{predictive,use}' IN ('axis', 'shadow') ORDER BY 1)`

// inUse holds for what the published model uses, and what one that scores along does.
const inUse = `(m.use IN ('axis', 'shadow') OR cardinality(` + alongOf + `) > 0)`

const predictorColumns = `p.version, coalesce(m.use, 'off') AS use, m.model, ` + alongOf + ` AS along, p.origin, p.note, p.author, (p.predictor ->> 'outcomes')::int AS outcomes,
	(p.predictor ->> 'positive')::int AS positive, coalesce(p.card #> '{cross_validation,auc}', 'null') AS auc, p.created_at,
	(SELECT h.state FROM predictor_health h WHERE h.predictor = p.version ORDER BY h.id DESC LIMIT 1) AS state`

// usedBy is what the published model does with which predictor.
const usedBy = `LEFT JOIN (SELECT version AS model, document #>> '{predictive,use}' AS use, (document #>> '{predictive,version}')::int AS version
	FROM models WHERE state = 'published') AS m ON m.version = p.version`

const (
	sqlPredictors = `SELECT ` + predictorColumns + `, NULL::jsonb AS predictor, NULL::jsonb AS card FROM predictors p ` + usedBy + `
WHERE p.version < @after ORDER BY p.version DESC LIMIT @rows`

	sqlPredictor = `SELECT ` + predictorColumns + `, p.predictor, p.card FROM predictors p ` + usedBy + ` WHERE p.version = @version`

	sqlPredictorsInUse = `SELECT ` + predictorColumns + `, p.predictor, p.card FROM predictors p ` + usedBy + ` WHERE ` + inUse + ` ORDER BY p.version`

	sqlKeepPredictor = `INSERT INTO predictors (origin, note, author, predictor, card) VALUES (@origin, @note, @author, @predictor, @card) RETURNING version`
)

// Predictors lists the versions, newest first, without what is large of them.
func (s *Store) Predictors(ctx context.Context, cursor string, limit int) (record.Page[record.KeptPredictor], error) {
	const op = "list predictors"
	place, err := unsealed(op, cursor, strconv.Itoa(math.MaxInt32))
	after, numErr := numberOf(place)
	if err != nil || numErr != nil {
		return record.Page[record.KeptPredictor]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlPredictors, pgx.NamedArgs{"after": after, "rows": pageSize(limit) + 1})
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.KeptPredictor])
	return pageOf(all, limit, func(p record.KeptPredictor) string { return sealed(op, strconv.Itoa(p.Version)) }), masked(op, err)
}

// Predictor reads one version with its card; record.ErrNotFound.
func (s *Store) Predictor(ctx context.Context, version int) (record.KeptPredictor, error) {
	rows, _ := s.pool.Query(ctx, sqlPredictor, pgx.NamedArgs{"version": version})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.KeptPredictor])
	return p, masked("read predictor", err)
}

// StoredPredictor reads one version as a model holds it; record.ErrNotFound.
func (s *Store) StoredPredictor(ctx context.Context, version int) (scoring.Predictor, error) {
	var out scoring.Predictor
	p, err := s.Predictor(ctx, version)
	if err == nil && json.Unmarshal(p.Predictor, &out) != nil {
		err = &Error{Op: "read predictor", Code: "what is stored is no predictor"}
	}
	return out, err
}

// PredictorsInUse are those that the published model or one that scores along names, as an axis or as a shadow, with their cards.
func (s *Store) PredictorsInUse(ctx context.Context) ([]record.KeptPredictor, error) {
	rows, _ := s.pool.Query(ctx, sqlPredictorsInUse)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.KeptPredictor])
	return all, masked("read predictors", err)
}

// KeepPredictor keeps what was learned under the next version.
func (s *Store) KeepPredictor(ctx context.Context, p record.KeptPredictor) (record.KeptPredictor, error) {
	const op = "keep predictor"
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, sqlKeepPredictor, pgx.NamedArgs{
			"origin": p.Origin, "note": p.Note, "author": p.Author, "predictor": p.Predictor, "card": p.Card,
		})
		version, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
		if err != nil {
			return err
		}
		rows, _ = tx.Query(ctx, sqlPredictor, pgx.NamedArgs{"version": version})
		p, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.KeptPredictor])
		return err
	})
	return p, err
}

const sqlPublishedWhole = `SELECT ` + modelColumns + ` FROM models m WHERE state = 'published'`

// PublishedModel is the version everybody is scored by; record.ErrNotFound where there is none.
func (s *Store) PublishedModel(ctx context.Context) (record.Model, error) {
	rows, _ := s.pool.Query(ctx, sqlPublishedWhole)
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Model])
	return m, masked("read published model", err)
}
