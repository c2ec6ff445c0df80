package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Whoever lets go what imports park sleeps while there are none.
const sqlPaceStarts = `WITH paced AS (INSERT INTO import_starts (import_id, rate) VALUES (@id, @rate) ON CONFLICT DO NOTHING)
SELECT pg_notify('starts', '')`

// How far an import is with what it parked, from its row of imports. Started is what was let go and is not under way any
// more. The pace is that of the last ten to twenty seconds. When it will be over is told once there are three seconds to judge by, and
// while the file is read its rows that are left are taken to park as those before did: so it does not run away. What
// waits is counted in an index that holds nothing else.
const importStarts = `(
	SELECT jsonb_build_object('waiting', n.waiting, 'started', n.started, 'rate', r.rate,
		'eta', CASE WHEN n.waiting > 0 AND r.rate > 0 AND p.begun_at < now() - interval '3 seconds' THEN now() + (n.waiting + n.come) / r.rate * interval '1 second' END)
	FROM import_starts p, LATERAL (
		SELECT count(*) AS waiting, count(*) FILTER (WHERE o.not_before < 'infinity') AS under_way, imports.created + updated + unchanged + failed AS decided
		FROM outbox o WHERE p.parked AND o.import_id = p.import_id
	) AS w, LATERAL (
		SELECT w.waiting, greatest(0, p.gone - w.under_way) AS started, CASE WHEN state = 'running' AND w.decided > 0
			THEN (imports.rows - w.decided) * least(1, (greatest(0, p.gone - w.under_way) + w.waiting)::float8 / w.decided) ELSE 0 END AS come
	) AS n, LATERAL (
		SELECT (CASE WHEN p.parked THEN greatest(0, n.started - p.mark_started) ELSE p.gone END
			/ greatest(1, extract(epoch FROM CASE WHEN p.parked THEN now() - p.mark_at ELSE p.paced_at - p.begun_at END)))::float8 AS rate
	) AS r
	WHERE p.import_id = imports.id
)`

// What was not let go for want of room is made up for by two seconds at most.
const sqlParkedImports = `SELECT p.import_id, p.rate, least(extract(epoch FROM now() - p.paced_at), 2)::float8 AS seconds,
	i.state IN ('queued', 'running') AS open, p.next_at < now() - interval '10 seconds' AS old
FROM import_starts p JOIN imports i ON i.id = p.import_id WHERE p.parked ORDER BY p.import_id FOR UPDATE OF p SKIP LOCKED`

const sqlUnderWay = `SELECT p.import_id, count(*)::int FROM import_starts p JOIN outbox o ON o.import_id = p.import_id AND o.not_before < 'infinity'
WHERE p.parked GROUP BY p.import_id`

// What is let go is told of and counted, and the pace goes on from what the time allowed beyond it.
const sqlLetGo = `WITH parked AS (
	SELECT lead_id FROM outbox WHERE import_id = @id AND not_before = 'infinity' ORDER BY seq LIMIT @rows FOR UPDATE SKIP LOCKED
), let_go AS (
	UPDATE outbox o SET not_before = now() FROM parked WHERE o.lead_id = parked.lead_id RETURNING 1
), n AS (
	SELECT count(*)::int AS gone FROM let_go
), paced AS (
	UPDATE import_starts p SET gone = p.gone + n.gone,
		paced_at = now() - CASE WHEN @rate::float8 > 0 THEN @seconds::float8 - n.gone / @rate ELSE 0 END * interval '1 second'
	FROM n WHERE p.import_id = @id AND n.gone > 0
)
SELECT gone, CASE WHEN gone > 0 THEN pg_notify('outbox', '') END FROM n`

const (
	sqlMark = `UPDATE import_starts SET mark_at = next_at, mark_started = next_started, next_at = now(), next_started = gone - @under_way
	WHERE import_id = @id`
	sqlAllGone = `UPDATE import_starts SET parked = false WHERE import_id = @id
	AND NOT EXISTS (SELECT 1 FROM outbox WHERE import_id = @id)`
)

// parkedImport is an import whose starts wait, or may come.
type parkedImport struct {
	ImportID string
	Rate     float64
	Seconds  float64 // that were not made use of
	Open     bool    // more may come
	Old      bool    // the mark of its pace
	UnderWay int     `db:"-"` // counted after it was locked
}

// ReleaseStarts lets go what imports parked: of each as many as its rate allows for the time that passed, or that of the
// house where it has none (0: no limit), and never more than window at once under way, which they share. So whatever else
// a run must hear waits behind window starts at most, however many there are and whether Temporal answers or not. It
// answers how many it let go, and whether any are left or may come.
func (s *Store) ReleaseStarts(ctx context.Context, rate float64, window int) (n int, more bool, err error) {
	var all []parkedImport
	underWay := map[string]int{}
	err = s.brief(ctx, "release starts", func(b *pgx.Batch) {
		b.Queue(sqlParkedImports).Query(func(rows pgx.Rows) (err error) {
			all, err = pgx.CollectRows(rows, pgx.RowToStructByName[parkedImport])
			return err
		})
		clear(underWay)
		b.Queue(sqlUnderWay).Query(func(rows pgx.Rows) error {
			var id string
			var n int
			_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error {
				underWay[id] = n
				return nil
			})
			return err
		})
	}, func(q querier, b *pgx.Batch) error {
		n, more = 0, len(all) > 0
		room := window
		for _, imp := range all {
			room -= underWay[imp.ImportID]
		}
		for i, imp := range all {
			if imp.UnderWay = underWay[imp.ImportID]; imp.Rate == 0 {
				imp.Rate = rate
			}
			gone, err := letGo(ctx, q, b, imp, share(room, len(all)-i))
			if err != nil {
				return err
			}
			room -= gone
			n += gone
		}
		return nil
	})
	return n, more, err
}

// share is the part of one of so many, rounded up: nothing stays over for ever.
func share(room, of int) int { return max(0, room+of-1) / of }

// letGo lets go as many as are due of one import, room at most.
func letGo(ctx context.Context, q querier, b *pgx.Batch, imp parkedImport, room int) (gone int, err error) {
	due := room // without a rate, as many as are taken
	if imp.Rate > 0 {
		due = min(room, int(imp.Rate*imp.Seconds))
	}
	if imp.Old {
		mark := &pgx.Batch{}
		mark.Queue(sqlMark, pgx.NamedArgs{"id": imp.ImportID, "under_way": imp.UnderWay})
		if err := q.SendBatch(ctx, mark).Close(); err != nil { // before what is let go now
			return 0, err
		}
	}
	rows, _ := q.Query(ctx, sqlLetGo, pgx.NamedArgs{"id": imp.ImportID, "rows": max(0, due), "rate": imp.Rate, "seconds": imp.Seconds})
	if _, err := pgx.ForEachRow(rows, []any{&gone, nil}, func() error { return nil }); err != nil {
		return 0, err
	}
	if gone == 0 && due > 0 && imp.UnderWay == 0 && !imp.Open {
		b.Queue(sqlAllGone, pgx.NamedArgs{"id": imp.ImportID})
	}
	return gone, nil
}
