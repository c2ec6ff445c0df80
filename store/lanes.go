package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlLanes = `SELECT lane, held_at, why FROM lanes ORDER BY array_position(ARRAY['outbox', 'alert', 'bulk', 'webhook'], lane)`

const sqlOutboxWaiting = `SELECT (ARRAY['urgent', 'begin', 'terms', 'score'])[urgency + 1] AS kind, count(*)::int AS n, min(created_at) AS oldest
FROM outbox GROUP BY urgency ORDER BY urgency`

const sqlDeliveriesWaiting = `SELECT kind, count(*)::int AS n, min(created_at) AS oldest FROM deliveries
WHERE lane = @lane AND open GROUP BY kind ORDER BY kind`

// Lanes tells of each lane whether it is held, why, and what waits in it.
func (s *Store) Lanes(ctx context.Context) ([]record.Lane, error) {
	rows, _ := s.pool.Query(ctx, sqlLanes)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[record.Lane])
	for i := range out {
		if err == nil {
			out[i].Waiting, err = waiting(ctx, s.pool, out[i].Lane)
		}
	}
	return out, masked("lanes", err)
}

func waiting(ctx context.Context, q querier, lane string) ([]record.LaneWaiting, error) {
	sql := sqlDeliveriesWaiting
	if lane == record.LaneOutbox {
		sql = sqlOutboxWaiting
	}
	return counted(q.Query(ctx, sql, pgx.NamedArgs{"lane": lane}))
}

func counted(rows pgx.Rows, _ error) ([]record.LaneWaiting, error) {
	return pgx.CollectRows(rows, pgx.RowToStructByName[record.LaneWaiting])
}

const sqlHoldLanes = `UPDATE lanes SET held_at = now(), why = 'operator' WHERE lane = ANY(@lanes) AND held_at IS NULL`

// HoldLanes lets nothing more out of the lanes, for all workers at once. What is being sent at this moment is finished.
func (s *Store) HoldLanes(ctx context.Context, lanes []string) error {
	_, err := s.pool.Exec(ctx, sqlHoldLanes, pgx.NamedArgs{"lanes": lanes})
	return masked("hold lanes", err)
}

const (
	sqlLockLanes = `SELECT lane FROM lanes WHERE lane = ANY(@lanes) AND held_at IS NOT NULL AND why = 'restored' ORDER BY lane FOR UPDATE`

	// Nurture mail is sent at most once: what the backup has waiting and fell due before the restore may have been sent since
	// the backup, and is parked for somebody to decide. What falls due later was not.
	sqlParkRestored = `WITH parked AS (
	UPDATE deliveries d SET state = 'unknown', code = 'restored', claimed_until = NULL FROM house
	WHERE d.lane = @lane AND d.open AND NOT d.at_least_once AND d.kind = 'nurture'
		AND d.created_at < house.restored_at AND d.not_before <= coalesce(@until::timestamptz, house.restored_at)
	RETURNING d.kind, d.created_at)
SELECT kind, count(*)::int AS n, min(created_at) AS oldest FROM parked GROUP BY kind`

	sqlReleaseLane = `UPDATE lanes SET held_at = NULL, why = '' WHERE lane = @lane`

	sqlRingLane = `SELECT pg_notify(@lane, '')`
)

// ReleaseLanes lets what waits out again. Of lanes that are held because of a restore, nurture mail that may have been
// sent since the backup is parked as unknown, unless it is to be sent again. A dry run changes nothing and answers the same.
func (s *Store) ReleaseLanes(ctx context.Context, r record.LaneRelease) (out []record.LaneReleased, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		restored, err := pgx.CollectRows(query(ctx, tx, sqlLockLanes, pgx.NamedArgs{"lanes": r.Lanes}), pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, lane := range r.Lanes {
			released := record.LaneReleased{Lane: lane, Parked: []record.LaneWaiting{}}
			if slices.Contains(restored, lane) && !r.Resend {
				released.Parked, err = counted(tx.Query(ctx, sqlParkRestored, pgx.NamedArgs{"lane": lane, "until": timeOrNull(r.SentUntil)}))
			}
			if err == nil {
				released.Goes, err = waiting(ctx, tx, lane)
			}
			for _, sql := range []string{sqlReleaseLane, sqlRingLane} {
				if err == nil {
					_, err = tx.Exec(ctx, sql, pgx.NamedArgs{"lane": lane})
				}
			}
			if err != nil {
				return err
			}
			out = append(out, released)
		}
		if r.DryRun {
			return errDry
		}
		return nil
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return out, masked("release lanes", err)
}

// errDry ends a transaction that was only to show what it would do.
var errDry = errors.New("a dry run")

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
