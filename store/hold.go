package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/span"
)

const (
	sqlHold = `INSERT INTO sequence_holds (name, version, by) SELECT name, version, @by FROM sequences WHERE name = @name AND version = @version
ON CONFLICT (name, version) WHERE ended_at IS NULL DO NOTHING`

	sqlEndHold = `UPDATE sequence_holds SET ended_at = now(), catch_up = @catch_up, spread = @spread WHERE name = @name AND version = @version AND ended_at IS NULL`

	sqlLastHold = `SELECT h.began_at, h.ended_at, h.catch_up, h.spread,
	(SELECT count(*) FROM sequence_runs r WHERE r.held_up_at IS NOT NULL AND r.sequence = h.name AND r.version = h.version)::int AS held_up
FROM sequence_holds h WHERE h.name = @name AND h.version = @version ORDER BY h.id DESC LIMIT 1`
)

const sqlRingHeld = `SELECT pg_notify('held', '')`

// PauseSequence holds a version: who comes to go on in it waits. Held already is no error. record.ErrNotFound.
func (s *Store) PauseSequence(ctx context.Context, name string, version int, by string) (record.SequenceHold, error) {
	return s.holding(ctx, "pause sequence", name, version, sqlHold, pgx.NamedArgs{"by": by})
}

// ResumeSequence ends the hold of a version. What became of its time is said now: see sequence.CatchUp; those who were held
// up come back over spread. Workers tell them (ReleaseHeldUp). Not held is no error: the last hold stays as it was.
// record.ErrNotFound where it was never held.
func (s *Store) ResumeSequence(ctx context.Context, name string, version int, c sequence.CatchUp, spread span.Span) (record.SequenceHold, error) {
	return s.holding(ctx, "resume sequence", name, version, sqlEndHold, pgx.NamedArgs{"catch_up": c, "spread": spread.Duration()})
}

func (s *Store) holding(ctx context.Context, op, name string, version int, sql string, args pgx.NamedArgs) (record.SequenceHold, error) {
	out := record.SequenceHold{Name: name, Version: version}
	args["name"], args["version"] = name, version
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlRingHeld); err != nil {
			return err
		}
		var spread time.Duration
		if err := tx.QueryRow(ctx, sqlLastHold, args).Scan(&out.BeganAt, &out.EndedAt, &out.CatchUp, &spread, &out.HeldUp); err != nil {
			return err
		}
		if out.Spread = span.Span(spread).String(); out.EndedAt == nil {
			out.CatchUp, out.Spread = "", "" // said when it ends
		}
		return nil
	})
	return out, err
}

// Holds of the version a lead is in, and those of its own that a person ended with a word on how to catch up: what else
// holds a lead stops its clocks, so nothing falls due meanwhile.
const sqlHolds = `SELECT began_at, ended_at, catch_up, spread FROM sequence_holds
WHERE name = @sequence AND version = @version AND (ended_at IS NULL OR ended_at > @since)
UNION ALL
SELECT (SELECT max(p.created_at) FROM decisions p WHERE p.lead_id = r.lead_id AND p.kind = 'pause' AND p.state = 'applied' AND p.created_at < r.created_at),
	r.created_at, r.body ->> 'catch_up', interval '0'
FROM decisions r WHERE r.lead_id = @id AND r.kind = 'resume' AND r.state = 'applied' AND r.body ->> 'catch_up' IN ('keep', 'drop') AND r.created_at > @since
	AND EXISTS (SELECT FROM decisions p WHERE p.lead_id = r.lead_id AND p.kind = 'pause' AND p.state = 'applied' AND p.created_at < r.created_at)
ORDER BY 1`

func collectHolds(rows pgx.Rows) (sequence.Holds, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h sequence.Hold, err error) {
		var to *time.Time
		var spread time.Duration
		if err := row.Scan(&h.From, &to, &h.Policy, &spread); err != nil {
			return h, err
		}
		if to != nil {
			h.To = *to
		}
		h.Spread = span.Span(spread)
		return h, nil
	})
}

// heldUpPiece is how many leads are told in one transaction that they may go on.
const heldUpPiece = 1000

const sqlLockHeldUp = `SELECT l.id, h.ended_at, h.spread FROM sequence_runs r JOIN leads l ON l.id = r.lead_id
LEFT JOIN LATERAL (SELECT ended_at, spread FROM sequence_holds h WHERE h.name = r.sequence AND h.version = r.version ORDER BY h.id DESC LIMIT 1) AS h ON true
WHERE r.held_up_at IS NOT NULL AND l.id > @after
	AND NOT EXISTS (SELECT FROM sequence_holds o WHERE o.name = r.sequence AND o.version = r.version AND o.ended_at IS NULL)
ORDER BY l.id LIMIT @rows FOR NO KEY UPDATE OF l SKIP LOCKED`

// Whoever was faster to the lock has told them already. The run of each is told to look at its step; its score goes with it, as in every row.
const sqlNotHeldUp = `WITH free AS (
	UPDATE sequence_runs SET held_up_at = NULL WHERE lead_id = ANY(@leads::uuid[]) AND held_up_at IS NOT NULL RETURNING lead_id
)
SELECT l.lead_id::text, coalesce(s.score, 0), coalesce(s.band, '') FROM (SELECT DISTINCT lead_id FROM free) AS l LEFT JOIN scores s USING (lead_id)`

// ReleaseHeldUp tells the runs that were held up and are not any more, each at its moment where they come back over a time.
// It may be killed, and run twice at once: who is told is marked in the same transaction.
func (s *Store) ReleaseHeldUp(ctx context.Context) (released int, err error) {
	after := "00000000-0000-0000-0000-000000000000"
	for {
		n, last := 0, ""
		err := s.tx(ctx, "release who is held up", func(tx pgx.Tx) (err error) {
			n, last, err = releasePiece(ctx, tx, after)
			return err
		})
		if err != nil || last == "" {
			return released, err
		}
		released, after = released+n, last
	}
}

// releasePiece tells so many of those behind a lead; last is empty when there is nobody.
func releasePiece(ctx context.Context, tx pgx.Tx, after string) (n int, last string, err error) {
	rows, _ := tx.Query(ctx, sqlLockHeldUp, pgx.NamedArgs{"after": after, "rows": heldUpPiece})
	moments := map[string]time.Time{}
	var id string
	var to *time.Time
	var spread *time.Duration
	_, err = pgx.ForEachRow(rows, []any{&id, &to, &spread}, func() error {
		h := sequence.Hold{}
		if to != nil {
			h.To, h.Spread = *to, span.Span(*spread)
		}
		moments[id], last = h.Release(id), id
		return nil
	})
	if err != nil || last == "" {
		return 0, "", err
	}
	rows, _ = tx.Query(ctx, sqlNotHeldUp, pgx.NamedArgs{"leads": slices.Collect(maps.Keys(moments))})
	tells, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t told, err error) {
		err = row.Scan(&t.lead, &t.score, &t.band)
		t.kinds, t.at = []string{"first_touch"}, moments[t.lead]
		return t, err
	})
	if err != nil || len(tells) == 0 {
		return 0, last, err
	}
	wake := &pgx.Batch{}
	tell(wake, tells...)
	return len(tells), last, tx.SendBatch(ctx, wake).Close()
}

// The pause of a lead that ended with a word on how to catch up: its step looks again at once, since the wait ran on.
const sqlWakeResumed = `INSERT INTO outbox AS o (lead_id, seq, score, band, triggers)
SELECT l.id, w.seq, coalesce(s.score, 0), coalesce(s.band, ''), jsonb_build_object('first_touch', w.seq)
FROM decisions d JOIN leads l ON l.id = d.lead_id LEFT JOIN scores s ON s.lead_id = l.id, LATERAL (SELECT nextval('outbox_seq') AS seq) AS w
WHERE d.id = @decision AND d.lead_id = @id AND d.body ->> 'catch_up' IN ('keep', 'drop')
ON CONFLICT (lead_id) DO UPDATE SET seq = EXCLUDED.seq, score = EXCLUDED.score, band = EXCLUDED.band,
	triggers = o.triggers || EXCLUDED.triggers, not_before = least(o.not_before, EXCLUDED.not_before)`

// queueWakeResumed wakes whoever a person resumed so.
func queueWakeResumed(b *pgx.Batch, lead string, e lifecycle.Entry) {
	if e.Kind == lifecycle.Resumed && isID(e.Decision) {
		b.Queue(sqlWakeResumed, pgx.NamedArgs{"id": lead, "decision": e.Decision})
	}
}
