package store

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

const modelColumns = `m.version, m.state, m.note, m.author, m.document, m.source, m.created_at, m.published_at, (
	SELECT jsonb_build_object('state', r.state, 'done', r.done, 'total', r.total, 'rate', r.rate, 'started_at', r.began_at,
		'finished_at', r.finished_at, 'eta', CASE WHEN r.state = 'running' AND r.rate > 0 AND r.total >= r.done
			THEN now() + (r.total - r.done) / r.rate * interval '1 second' END)
	FROM (SELECT *, coalesce(done / nullif(extract(epoch FROM coalesce(finished_at, clock_timestamp()) - began_at), 0), 0)::float8 AS rate
		FROM rescorings WHERE model_version = m.version ORDER BY id DESC LIMIT 1) AS r) AS rescoring`

const sqlModels = `SELECT ` + modelColumns + ` FROM models m WHERE version < @after ORDER BY version DESC LIMIT @rows`

const sqlModel = `SELECT ` + modelColumns + ` FROM models m WHERE version = @version`

// Model reads one version; record.ErrNotFound.
func (s *Store) Model(ctx context.Context, version int) (record.Model, error) {
	rows, _ := s.pool.Query(ctx, sqlModel, pgx.NamedArgs{"version": version})
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Model])
	return m, masked("read model", err)
}

// Models lists the versions of the scoring model, newest first.
func (s *Store) Models(ctx context.Context, cursor string, limit int) (record.Page[record.Model], error) {
	const op = "list models"
	place, err := unsealed(op, cursor, strconv.Itoa(math.MaxInt32))
	after, numErr := numberOf(place)
	if err != nil || numErr != nil {
		return record.Page[record.Model]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlModels, pgx.NamedArgs{"after": after, "rows": pageSize(limit) + 1})
	models, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Model])
	return pageOf(models, limit, func(m record.Model) string { return sealed(op, strconv.Itoa(m.Version)) }), masked(op, err)
}

const sqlCreateModel = `INSERT INTO models AS m (source, document, note, author) VALUES (@source, @document, @note, @author)
RETURNING ` + modelColumns

// CreateModel keeps a draft under the next version.
func (s *Store) CreateModel(ctx context.Context, m record.Model) (record.Model, error) {
	rows, _ := s.pool.Query(ctx, sqlCreateModel, pgx.NamedArgs{
		"source": m.Source, "document": m.Document, "note": m.Note, "author": m.Author,
	})
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Model])
	return out, masked("create model", err)
}

// Publications wait for each other, readers and drafts for none of them.
const sqlLockModels = `LOCK TABLE models IN SHARE ROW EXCLUSIVE MODE`

const sqlRetireModel = `UPDATE models SET state = 'retired', shadows = '{}' WHERE state = 'published' AND version <> @version`

const sqlPublishModel = `UPDATE models SET state = 'published',
	published_at = CASE WHEN state = 'published' THEN published_at ELSE now() END
WHERE version = @version`

const (
	sqlSupersedeRescoring = `UPDATE rescorings SET state = 'superseded', finished_at = now() WHERE state = 'running' AND model_version <> @version`
	sqlOpenRescoring      = `INSERT INTO rescorings (model_version) SELECT version FROM models WHERE version = @version ON CONFLICT DO NOTHING`
)

// PublishModel makes a version the one everybody is scored by; a retired one may come back. Workers score everybody by
// it in the background (Rescore); a version that scored along as a shadow does not any more; whoever something happens to first is brought up with it.
func (s *Store) PublishModel(ctx context.Context, version int) (record.Model, error) {
	return s.publishModel(ctx, version, 0)
}

// PublishModelInstead is PublishModel of a version that was made of the published one: record.ErrConflict where that is no more published,
// or what another had published meanwhile would quietly be gone.
func (s *Store) PublishModelInstead(ctx context.Context, version, of int) (record.Model, error) {
	return s.publishModel(ctx, version, of)
}

const sqlStillPublished = `SELECT state = 'published' FROM models WHERE version = @of`

func (s *Store) publishModel(ctx context.Context, version, of int) (record.Model, error) {
	var out record.Model
	err := s.tx(ctx, "publish model", func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"version": version, "why": "published"}
		if _, err := tx.Exec(ctx, sqlLockModels); err != nil {
			return err
		}
		if of != 0 {
			var still bool
			if err := tx.QueryRow(ctx, sqlStillPublished, pgx.NamedArgs{"of": of}).Scan(&still); err != nil {
				return err
			}
			if !still {
				return record.ErrConflict
			}
		}
		for _, sql := range []string{sqlRetireModel, sqlPublishModel, sqlEndShadow, sqlShadowsOfPublished, sqlSupersedeRescoring, sqlOpenRescoring} {
			if _, err := tx.Exec(ctx, sql, args); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, sqlTellModel); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlModel, args)
		var err error
		out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Model])
		return err
	})
	return out, err
}

const sqlTellModel = `SELECT pg_notify('model', '')`

const sequenceColumns = `name, version, state, is_default AS "default", document, source, created_at, published_at`

const sqlSequences = `SELECT ` + sequenceColumns + ` FROM sequences
WHERE (name, version) > (@name, @version) ORDER BY name, version LIMIT @rows`

// Sequences lists all versions of all sequences, by name and version.
func (s *Store) Sequences(ctx context.Context, cursor string, limit int) (record.Page[record.Sequence], error) {
	const op = "list sequences"
	place, err := unsealed(op, cursor, "@0")
	name, number, _ := strings.Cut(place, "@")
	version, numErr := numberOf(number)
	if err != nil || numErr != nil || strings.ContainsRune(name, 0) || !utf8.ValidString(name) {
		return record.Page[record.Sequence]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlSequences, pgx.NamedArgs{"name": name, "version": version, "rows": pageSize(limit) + 1})
	sequences, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Sequence])
	return pageOf(sequences, limit, func(q record.Sequence) string {
		return sealed(op, q.Name+"@"+strconv.Itoa(q.Version))
	}), masked(op, err)
}

const sqlCreateSequence = `INSERT INTO sequences (name, version, is_default, source, document)
SELECT @name::text, coalesce(max(version), 0) + 1, @default, @source, @document FROM sequences WHERE name = @name
RETURNING ` + sequenceColumns

// Versions of one name are counted one after the other.
const sqlLockSequences = `LOCK TABLE sequences IN SHARE ROW EXCLUSIVE MODE`

// CreateSequence keeps a draft under the name's next version.
func (s *Store) CreateSequence(ctx context.Context, q record.Sequence) (record.Sequence, error) {
	return s.sequence(ctx, "create sequence", func(tx pgx.Tx) (pgx.Rows, error) {
		return tx.Query(ctx, sqlCreateSequence, pgx.NamedArgs{
			"name": q.Name, "default": q.Default, "source": q.Source, "document": q.Document,
		})
	})
}

// A new version of the default sequence is the default: else new leads would quietly get no mail at all.
const sqlInheritDefault = `UPDATE sequences SET is_default = true WHERE name = @name AND version = @version
AND EXISTS (SELECT 1 FROM sequences d WHERE d.name = @name AND d.state = 'published' AND d.is_default)`

const sqlRetireSequence = `UPDATE sequences SET state = 'retired' WHERE name = @name AND state = 'published' AND version <> @version`

const sqlYieldDefault = `UPDATE sequences SET is_default = false WHERE is_default AND state = 'published'
AND EXISTS (SELECT 1 FROM sequences d WHERE d.name = @name AND d.version = @version AND d.is_default)
AND (name, version) <> (@name::text, @version::int)`

const sqlPublishSequence = `UPDATE sequences SET state = 'published',
	published_at = CASE WHEN state = 'published' THEN published_at ELSE now() END
WHERE name = @name AND version = @version RETURNING ` + sequenceColumns

// PublishSequence makes a version the one that leads enter from now on. Who is in another stays there, goes on in this one
// when next it would go on, or begins it. The default sequence that is published takes the place of the one before it.
func (s *Store) PublishSequence(ctx context.Context, p record.Publication) (record.Sequence, error) {
	args := pgx.NamedArgs{"name": p.Name, "version": p.Version, "inside": cmp.Or(p.Inside, sequence.Stay)}
	return s.sequence(ctx, "publish sequence", func(tx pgx.Tx) (pgx.Rows, error) {
		for _, sql := range []string{sqlInheritDefault, sqlRetireSequence, sqlYieldDefault, sqlPublication} {
			if _, err := tx.Exec(ctx, sql, args); err != nil {
				return nil, err
			}
		}
		return tx.Query(ctx, sqlPublishSequence, args)
	})
}

// sequence runs what makes or changes one sequence, one after the other.
func (s *Store) sequence(ctx context.Context, op string, fn func(tx pgx.Tx) (pgx.Rows, error)) (record.Sequence, error) {
	var out record.Sequence
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlLockSequences); err != nil {
			return err
		}
		rows, err := fn(tx)
		if err != nil {
			return err
		}
		out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Sequence])
		return err
	})
	return out, err
}
