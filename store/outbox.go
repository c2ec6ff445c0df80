package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// The lane is looked at by the claim itself: a hold counts for everybody at once. What imports parked is not in the index
// that this reads; the urgencies are named so that what has its turn later is not gone past either.
const sqlClaimOutbox = `WITH due AS (
	SELECT lead_id FROM outbox
	WHERE urgency IN (0, 1, 2, 3) AND not_before <= now() AND not_before < 'infinity' AND (claimed_until IS NULL OR claimed_until <= now())
		AND (SELECT held_at IS NULL FROM lanes WHERE lane = 'outbox')
	ORDER BY urgency, not_before LIMIT @rows FOR UPDATE SKIP LOCKED
), claimed AS (
	UPDATE outbox o SET claimed_until = now() + @lease::interval, attempts = o.attempts + 1
	FROM due WHERE o.lead_id = due.lead_id
	RETURNING o.*
)
SELECT c.lead_id, c.seq, c.score, c.band, c.triggers, c.attempts, c.claimed_until, l.stage, l.source_code, l.cycle
FROM claimed c JOIN leads l ON l.id = c.lead_id ORDER BY c.urgency, c.not_before, c.seq`

// ClaimOutbox takes due rows by lease, the most urgent first and of these the oldest, at most one in flight per lead.
// Nothing stays locked: a relay that dies is followed by another when its lease is over, and the run's watermark makes the
// second delivery a no-op.
func (s *Store) ClaimOutbox(ctx context.Context, limit int, lease time.Duration) ([]record.OutboxRow, error) {
	rows, _ := s.pool.Query(ctx, sqlClaimOutbox, pgx.NamedArgs{"rows": limit, "lease": lease})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.OutboxRow])
	return out, masked("claim outbox", err)
}

const sqlLockOutbox = `SELECT lead_id FROM outbox WHERE lead_id = ANY(@leads::uuid[]) ORDER BY lead_id FOR UPDATE`

// A row that grew while it was on its way is due at once, and says so: its own insert was heard while it was claimed. A
// row that somebody else has claimed since is left to them.
const sqlSentOutbox = `WITH sent AS (
	SELECT * FROM unnest(@leads::uuid[], @seqs::bigint[], @claims::timestamptz[]) AS s (lead_id, seq, claim)
), gone AS (
	DELETE FROM outbox o USING sent WHERE o.lead_id = sent.lead_id AND o.seq = sent.seq
), grown AS (
	UPDATE outbox o SET claimed_until = NULL, attempts = 0
	FROM sent WHERE o.lead_id = sent.lead_id AND o.seq > sent.seq AND o.claimed_until = sent.claim
	RETURNING 1
)
SELECT pg_notify('outbox', '') FROM (SELECT count(*) AS n FROM grown) AS g WHERE g.n > 0`

// SentOutbox deletes the rows that still are what was sent; a row that grew meanwhile becomes due again.
func (s *Store) SentOutbox(ctx context.Context, sent []record.OutboxRow) error {
	if len(sent) == 0 {
		return nil
	}
	return s.underLock(ctx, "sent outbox", sqlSentOutbox, claims(sent))
}

// underLock changes rows in one trip: first the locks, in the order of everybody, then a statement whose snapshot is younger
// than they are.
func (s *Store) underLock(ctx context.Context, op, sql string, args pgx.NamedArgs) error {
	return s.retried(ctx, op, func() error {
		b := &pgx.Batch{}
		b.Queue(sqlPlainPlans)
		b.Queue(sqlLockOutbox, args)
		b.Queue(sql, args)
		return s.pool.SendBatch(ctx, b).Close()
	})
}

// claims are rows by lead, seq and claim.
func claims(rows []record.OutboxRow) pgx.NamedArgs {
	leads, seqs, until := make([]string, len(rows)), make([]int64, len(rows)), make([]time.Time, len(rows))
	for i, r := range rows {
		leads[i], seqs[i], until[i] = r.LeadID, r.Seq, r.ClaimedUntil
	}
	return pgx.NamedArgs{"leads": leads, "seqs": seqs, "claims": until}
}

const sqlDeferOutbox = `UPDATE outbox SET claimed_until = NULL, not_before = now() + @until::interval
WHERE lead_id = @lead AND claimed_until = @claim`

// DeferOutbox puts a row back until later, unless somebody else has claimed it since.
func (s *Store) DeferOutbox(ctx context.Context, row record.OutboxRow, until time.Duration) error {
	_, err := s.pool.Exec(ctx, sqlDeferOutbox, pgx.NamedArgs{"lead": row.LeadID, "claim": row.ClaimedUntil, "until": until})
	return masked("defer outbox", err)
}

const sqlReleaseOutbox = `UPDATE outbox o SET claimed_until = NULL, attempts = o.attempts - 1
FROM unnest(@leads::uuid[], @claims::timestamptz[]) AS s (lead_id, claim)
WHERE o.lead_id = s.lead_id AND o.claimed_until = s.claim`

// ReleaseOutbox gives back what was claimed and not tried.
func (s *Store) ReleaseOutbox(ctx context.Context, rows []record.OutboxRow) error {
	if len(rows) == 0 {
		return nil
	}
	return s.underLock(ctx, "release outbox", sqlReleaseOutbox, claims(rows))
}

// told is what one run must hear: the newest score, and what acts at once.
type told struct {
	lead  string
	score int
	band  string
	kinds []string

	at       time.Time // its turn, of many who are told the same; zero: at once
	importID string    // an import alone tells it: it goes when the pace of imports allows; empty: at once
}

// The parts of a row grow, they are never overwritten: of each trigger the highest seq stays, and of the two moments
// the earlier. A claim stays: at most one delivery per lead is in flight.
const (
	// A row is as old as its turn: what waits for that is not late.
	sqlTell = `INSERT INTO outbox AS o (lead_id, seq, score, band, triggers, not_before, created_at)
SELECT t.lead_id, t.seq, t.score, t.band, t.triggers, coalesce(t.at, now()), coalesce(t.at, now()) FROM ` + toldColumns + ` ORDER BY t.lead_id
ON CONFLICT (lead_id) DO UPDATE SET ` + grows + `,
	not_before = least(o.not_before, EXCLUDED.not_before), created_at = least(o.created_at, EXCLUDED.created_at)`

	// A row that was there before is somebody else's, and goes when it would have gone.
	sqlPark = `INSERT INTO outbox AS o (lead_id, seq, score, band, triggers, not_before, import_id)
SELECT t.lead_id, t.seq, t.score, t.band, t.triggers, 'infinity', @import FROM ` + toldColumns + ` ORDER BY t.lead_id
ON CONFLICT (lead_id) DO UPDATE SET ` + grows

	toldColumns = `(
	SELECT r.*, (SELECT coalesce(jsonb_object_agg(kind, r.seq), '{}') FROM unnest(string_to_array(r.kinds, ',')) AS kind) AS triggers
	FROM (
		SELECT u.*, nextval('outbox_seq') AS seq
		FROM unnest(@leads::uuid[], @scores::int[], @bands::text[], @kinds::text[], @turns::timestamptz[]) AS u (lead_id, score, band, kinds, at)
	) AS r
) AS t`

	grows = `seq = EXCLUDED.seq, score = EXCLUDED.score, band = EXCLUDED.band, triggers = o.triggers || EXCLUDED.triggers`
)

// tell queues what runs must hear: each at its turn, or at the pace of one import. The caller holds the row locks of the leads, so the seqs of one lead grow in the
// order of their commits, and what is written last is the newest.
func tell(b *pgx.Batch, rows ...told) {
	if len(rows) == 0 {
		return
	}
	n := len(rows)
	leads, scores, bands, kinds, turns := make([]string, n), make([]int, n), make([]string, n), make([]string, n), make([]*time.Time, n)
	for i, r := range rows {
		leads[i], scores[i], bands[i], kinds[i], turns[i] = r.lead, r.score, r.band, strings.Join(r.kinds, ","), timeOrNull(r.at)
	}
	args := pgx.NamedArgs{"leads": leads, "scores": scores, "bands": bands, "kinds": kinds, "turns": turns}
	if rows[0].importID == "" {
		b.Queue(sqlTell, args)
		return
	}
	args["import"] = rows[0].importID
	b.Queue(sqlPark, args)
}
