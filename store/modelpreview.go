package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const previewColumns = `id, model_version AS version, against, state, at, weeks, done, total, result, created_at, started_at, finished_at, claim, claimed_to::text AS claimed_to,
	coalesce(done / nullif(extract(epoch FROM coalesce(finished_at, now()) - started_at), 0), 0)::float8 AS rate,
	CASE WHEN state = 'running' AND done > 0 AND total >= done THEN now() + (now() - started_at) * ((total - done)::float8 / done) END AS eta`

// One of a version at a time: who asks while it is counted gets the one that is under way.
const sqlBeginPreview = `INSERT INTO model_previews (model_version, against, weeks)
SELECT m.version, p.version, @weeks FROM models m, models p WHERE m.version = @version AND p.state = 'published'
ON CONFLICT (model_version) WHERE state IN ('queued', 'running') DO NOTHING`

// BeginModelPreview has workers count what a version would make of everybody, with so many weeks played. record.ErrNotFound;
// ErrNoModel where nothing is published to compare it with.
func (s *Store) BeginModelPreview(ctx context.Context, version, weeks int) (record.ModelPreview, error) {
	if _, err := s.Model(ctx, version); err != nil {
		return record.ModelPreview{}, err
	}
	if _, err := s.pool.Exec(ctx, sqlBeginPreview, pgx.NamedArgs{"version": version, "weeks": weeks}); err != nil {
		return record.ModelPreview{}, masked("begin preview", err)
	}
	p, err := s.ModelPreview(ctx, version)
	if errors.Is(err, record.ErrNotFound) {
		err = ErrNoModel
	}
	return p, err
}

const sqlModelPreview = `SELECT ` + previewColumns + ` FROM model_previews WHERE model_version = @version ORDER BY id DESC LIMIT 1`

// ModelPreview is the newest preview of a version; record.ErrNotFound.
func (s *Store) ModelPreview(ctx context.Context, version int) (record.ModelPreview, error) {
	rows, _ := s.pool.Query(ctx, sqlModelPreview, pgx.NamedArgs{"version": version})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.ModelPreview])
	return p, masked("read preview", err)
}

const sqlCancelPreview = `UPDATE model_previews SET state = 'cancelled', finished_at = now(), claimed_until = NULL
WHERE model_version = @version AND state IN ('queued', 'running')`

// CancelModelPreview stops the preview of a version. record.ErrNotFound; record.ErrConflict, with the newest, where none is
// under way.
func (s *Store) CancelModelPreview(ctx context.Context, version int) (record.ModelPreview, error) {
	tag, err := s.pool.Exec(ctx, sqlCancelPreview, pgx.NamedArgs{"version": version})
	if err != nil {
		return record.ModelPreview{}, masked("cancel preview", err)
	}
	p, err := s.ModelPreview(ctx, version)
	if err == nil && tag.RowsAffected() == 0 {
		err = record.ErrConflict
	}
	return p, err
}

// previewLease is for how long a preview is left to who counts; each piece extends it.
const previewLease = 30 * time.Second

const sqlClaimPreview = `UPDATE model_previews SET state = 'running', claim = claim + 1, started_at = coalesce(started_at, now()), claimed_until = now() + @lease::interval
WHERE id = (SELECT id FROM model_previews WHERE state IN ('queued', 'running') AND coalesce(claimed_until, '-infinity') <= now()
	ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING ` + previewColumns

const (
	sqlCountPreview = `SELECT count(*) FROM scores`
	sqlTotalPreview = `UPDATE model_previews SET total = @n WHERE id = @id AND total IS NULL`
)

// Place and counts move together, and only for who holds the newest claim of one that nobody has cancelled.
const sqlCountedPreview = `UPDATE model_previews SET claimed_to = @up_to, done = done + @n, result = @result, claimed_until = now() + @lease::interval
WHERE id = @id AND claim = @claim AND state = 'running'`

const sqlFinishPreview = `UPDATE model_previews SET state = 'done', result = @result, total = done, finished_at = now(), claimed_until = NULL
WHERE id = @id AND claim = @claim AND state = 'running'`

// PreviewModel counts one preview to its end, and answers whether there was one. What is broken off is taken up by the next,
// where the last piece ended.
func (s *Store) PreviewModel(ctx context.Context) (bool, error) {
	rows, _ := s.pool.Query(ctx, sqlClaimPreview, pgx.NamedArgs{"lease": previewLease})
	claimed, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.ModelPreview])
	if err != nil || len(claimed) == 0 {
		return false, masked("claim preview", err)
	}
	p := &claimed[0]
	if p.Total == nil {
		var n int
		if err := s.pool.QueryRow(ctx, sqlCountPreview).Scan(&n); err != nil {
			return true, masked("count scores", err)
		}
		if err := s.exec(ctx, "count scores", sqlTotalPreview, pgx.NamedArgs{"id": p.ID, "n": n}); err != nil {
			return true, err
		}
	}
	v, err := s.viewing(ctx, p)
	if err != nil {
		return true, err
	}
	for {
		var n int
		err := s.paced(ctx, func() (err error) {
			n, err = v.piece(ctx)
			return err
		})
		if err != nil || n == 0 {
			if errors.Is(err, errNotMine) {
				return true, nil
			}
			if err == nil {
				err = v.finish(ctx)
			}
			return true, err
		}
	}
}

// errNotMine ends who counts a preview that was cancelled, or that somebody else has taken up.
var errNotMine = errors.New("the preview is somebody else's, or was cancelled")

// mine runs what only the newest claim may.
func (s *Store) mine(ctx context.Context, op, sql string, args pgx.NamedArgs) error {
	tag, err := s.pool.Exec(ctx, sql, args)
	if err == nil && tag.RowsAffected() == 0 {
		return errNotMine
	}
	return masked(op, err)
}
