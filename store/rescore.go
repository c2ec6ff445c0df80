package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// rescoreLanes is how many chunks one process works at: while Postgres writes one, the next is read and folded.
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
		leads, more, err := s.claimRescoring(ctx)
		if err != nil || !more {
			return err
		}
		if len(leads) == 0 {
			continue
		}
		if err := s.rescoreChunk(ctx, leads); err != nil {
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
	sqlCountStale     = `SELECT count(*) FROM scores WHERE model_version <> (SELECT model_version FROM rescorings WHERE id = @id)`
	sqlCountRescoring = `UPDATE rescorings SET total = done + @n WHERE id = @id AND total IS NULL`
)

// countRescoring counts whom the publication has not reached. The two statements are not one: it would hold the row for
// as long as it counts.
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
	SELECT id, model_version, claimed_to FROM rescorings WHERE state = 'running' FOR UPDATE
), piece AS (
	SELECT job.id, s.lead_id, s.model_version <> job.model_version AS stale
	FROM job CROSS JOIN LATERAL (SELECT lead_id, model_version FROM scores WHERE lead_id > job.claimed_to ORDER BY lead_id LIMIT 1000) AS s
), chunk AS (
	SELECT id, array_agg(lead_id ORDER BY lead_id) AS leads, array_agg(lead_id ORDER BY lead_id) FILTER (WHERE stale) AS stale FROM piece GROUP BY id
)
UPDATE rescorings r SET claimed_to = leads[cardinality(leads)] FROM chunk WHERE r.id = chunk.id RETURNING coalesce(stale, '{}')`

// claimRescoring takes the next leads, in order of their ids, and answers whether there were any left to take; of those it
// took, it gives the ones another model scored.
func (s *Store) claimRescoring(ctx context.Context) ([]string, bool, error) {
	rows, _ := s.pool.Query(ctx, sqlClaimRescoring)
	stale, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]string])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return stale, true, masked("claim rescoring", err)
}

const sqlLockStages = `SELECT id, stage FROM leads WHERE id = ANY(@leads::uuid[]) ORDER BY id FOR NO KEY UPDATE`

// What is lost with the last moments before a crash is lost as a whole, and done again: nobody waits for the disk. Nobody
// has heard of it either, since the relay's own claim of an outbox row waits.
const sqlUnhurried = `SET LOCAL synchronous_commit = off`

const sqlRescored = `UPDATE rescorings SET done = done + @n WHERE state = 'running' AND model_version = @version`

// rescoreChunk scores some leads in one transaction. Who was brought up meanwhile is left alone.
func (s *Store) rescoreChunk(ctx context.Context, leads []string) error {
	return s.tx(ctx, "rescore", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlUnhurried); err != nil {
			return err
		}
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlLockStages, pgx.NamedArgs{"leads": leads})
		locked, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[leadRow])
		if err != nil {
			return err
		}
		stood, err := stood(ctx, tx, leads)
		if err != nil {
			return err
		}
		var subjects []*subject
		for _, l := range locked {
			if v := stood[l.ID].ModelVersion; v != 0 && v != w.version {
				subjects = append(subjects, &subject{lead: l, bare: true})
			}
		}
		b := &pgx.Batch{}
		if err := s.fold(ctx, tx, b, w, subjects, stood); err != nil {
			return err
		}
		b.Queue(sqlRescored, pgx.NamedArgs{"n": len(subjects), "version": w.version})
		return tx.SendBatch(ctx, b).Close()
	})
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
