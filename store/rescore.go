package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// rescoreLanes is how many pieces one process works at: while Postgres writes one, the next is read and folded.
const rescoreLanes = 2

// Rescore scores by the published model whom another one scored, until there is nobody left. Any number may do so at
// once, ingest goes on, and what is broken off is taken up again. Runs hear once of a band that was crossed; a new model
// alone makes nobody an MQL.
func (s *Store) Rescore(ctx context.Context) error {
	for {
		job, running, err := s.beginRescoring(ctx)
		if err != nil || !running {
			return err
		}
		var work []func(context.Context) error
		if job.Total == nil {
			work = append(work, func(ctx context.Context) error { return s.countRescoring(ctx, job.ID) })
		}
		for range rescoreLanes {
			work = append(work, s.rescoreLane)
		}
		if err := sideBySide(ctx, work); err != nil {
			return err
		}
		if err := s.exec(ctx, "finish rescoring", sqlFinishRescoring, pgx.NamedArgs{"id": job.ID}); err != nil {
			return err
		}
		select { // whoever still folds by the model before has a moment to end
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rescorePause):
		}
	}
}

// sideBySide does all of it at once and answers with the errors of all.
func sideBySide(ctx context.Context, work []func(context.Context) error) error {
	var all sync.WaitGroup
	failed := make([]error, len(work))
	for i, do := range work {
		all.Go(func() { failed[i] = do(ctx) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// rescorePause lies between two walks over the scores.
const rescorePause = 20 * time.Millisecond

func (s *Store) rescoreLane(ctx context.Context) error {
	for {
		p, more, err := s.claimRescoring(ctx)
		if err != nil || !more {
			return err
		}
		late, err := s.rescorePiece(ctx, p)
		if err == nil && len(late) > 0 {
			err = s.rescoreLate(ctx, late)
		}
		if err != nil {
			return err
		}
	}
}

// rescoring is a publication on its way to everybody.
type rescoring struct {
	ID    int64
	Total *int
}

const sqlBeginRescoring = `UPDATE rescorings SET began_at = coalesce(began_at, clock_timestamp())
WHERE state = 'running' RETURNING id, total`

func (s *Store) beginRescoring(ctx context.Context) (rescoring, bool, error) {
	rows, _ := s.pool.Query(ctx, sqlBeginRescoring)
	job, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[rescoring])
	if errors.Is(err, pgx.ErrNoRows) {
		return job, false, nil
	}
	return job, true, masked("begin rescoring", err)
}

const (
	sqlCountStale     = `SELECT r.done + (SELECT count(*) FROM scores WHERE model_version <> r.model_version) FROM rescorings r WHERE r.id = @id`
	sqlCountRescoring = `UPDATE rescorings SET total = @n WHERE id = @id AND total IS NULL`
)

// countRescoring counts whom the publication has reached, and whom it has not, as one moment saw them: who is reached is noted by the
// transaction that does. The two statements are not one: it would hold the row for as long as it counts.
func (s *Store) countRescoring(ctx context.Context, id int64) error {
	var n int
	if err := s.pool.QueryRow(ctx, sqlCountStale, pgx.NamedArgs{"id": id}).Scan(&n); err != nil {
		return masked("count scores", err)
	}
	return s.exec(ctx, "count scores", sqlCountRescoring, pgx.NamedArgs{"id": id, "n": n})
}

// The row is locked first: its newest version says from where to take. Each takes what nobody has taken; what was taken
// and never done is found by the next walk. A piece is of leads whoever scored them, in the order of the primary key: were
// they chosen by their model, the planner would now and then prefer to sort all of them for each piece.
const sqlClaimRescoring = `WITH job AS (
	SELECT id, claimed_to, (SELECT lead_id FROM (
		SELECT lead_id FROM scores WHERE lead_id > r.claimed_to ORDER BY lead_id LIMIT 2000
	) AS next ORDER BY lead_id DESC LIMIT 1) AS up_to
	FROM (SELECT id, claimed_to FROM rescorings WHERE state = 'running' FOR UPDATE) AS r
)
UPDATE rescorings r SET claimed_to = job.up_to FROM job WHERE r.id = job.id AND job.up_to IS NOT NULL
RETURNING job.claimed_to::text AS after, job.up_to::text AS up_to`

// piece is some leads in the order of their ids.
type piece struct{ After, UpTo string }

// claimRescoring takes the next leads, and answers whether there were any left to take.
func (s *Store) claimRescoring(ctx context.Context) (piece, bool, error) {
	rows, _ := s.pool.Query(ctx, sqlClaimRescoring)
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[piece])
	if errors.Is(err, pgx.ErrNoRows) {
		return p, false, nil
	}
	return p, true, masked("claim rescoring", err)
}

// It is done when nobody is left, and nobody will be: who began to fold before the publication was known folds by the
// model before. A transaction that stays open for a minute is no fold; should it be one all the same, the next sweep of
// the house finds its leads. Else all are walked over once more.
const sqlFinishRescoring = `WITH rest AS (
	SELECT r.id, EXISTS (SELECT FROM scores WHERE model_version <> r.model_version)
		OR EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
			AND pid <> pg_backend_pid() AND xact_start < r.began_at AND xact_start > now() - interval '1 minute') AS left
	FROM rescorings r WHERE id = @id AND state = 'running' FOR UPDATE
)
UPDATE rescorings r SET claimed_to = '00000000-0000-0000-0000-000000000000',
	state = CASE WHEN rest.left THEN 'running' ELSE 'done' END,
	done = CASE WHEN rest.left THEN done ELSE coalesce(total, done) END,
	finished_at = CASE WHEN rest.left THEN NULL ELSE clock_timestamp() END
FROM rest WHERE r.id = rest.id`

// Publications that were not followed to the end, or by a release that kept no account of it.
const sqlReopenRescoring = `WITH opened AS (
	INSERT INTO rescorings (model_version) SELECT version FROM models m
	WHERE state = 'published' AND EXISTS (SELECT FROM scores WHERE model_version <> m.version)
	ON CONFLICT DO NOTHING RETURNING 1
)
SELECT pg_notify('model', '') FROM opened`

func (s *Store) exec(ctx context.Context, op, sql string, args pgx.NamedArgs) error {
	_, err := s.pool.Exec(ctx, sql, args)
	return masked(op, err)
}
