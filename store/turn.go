package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Who is locked is being scored right now, or looked at by another worker: they are passed over before it is counted how many
// there are, or those behind them would wait as well. Nobody is waited for, so it is no matter in which order they are locked.
const sqlLockTurning = `SELECT l.id, l.stage, coalesce(l.touch_wanted, '{}') AS touch_wanted FROM scores s JOIN leads l ON l.id = s.lead_id
WHERE s.turns_at <= now() ORDER BY s.turns_at LIMIT 500 FOR NO KEY UPDATE OF l SKIP LOCKED`

// Turn brings heirs what is left for them (inheritRows), piece by piece, and looks again at the scores whose moment has come, the longest overdue first, until none is left, and tells runs of
// bands that time alone has crossed. It answers how long it is until the next moment, at most for. Any number may do so
// at once.
func (s *Store) Turn(ctx context.Context, most time.Duration) (time.Duration, error) {
	var failed error
	for {
		left := 0
		if failed == nil {
			left, failed = s.inherit(ctx)
		}
		var n int
		err := s.tx(ctx, "turn scores", func(tx pgx.Tx) (err error) {
			n, err = s.turnSome(ctx, tx)
			return err
		})
		if errors.Is(err, ErrNoModel) {
			return most, nil
		}
		if err != nil {
			return most, err
		}
		if n == 0 && left == 0 {
			after, err := s.nextTurn(ctx, most)
			return after, errors.Join(failed, err)
		}
	}
}

// turnSome answers how many it looked at.
func (s *Store) turnSome(ctx context.Context, tx pgx.Tx) (int, error) {
	w, err := s.enter(ctx, tx)
	if err != nil {
		return 0, err
	}
	rows, _ := tx.Query(ctx, sqlLockTurning)
	locked, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[leadRow])
	if err != nil || len(locked) == 0 {
		return 0, err
	}
	ids := make([]string, len(locked))
	for i, l := range locked {
		ids[i] = l.ID
	}
	stood, err := stood(ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	var subjects []*subject
	for _, l := range locked {
		// Whoever was faster to the lock may have looked already.
		if at := stood[l.ID].TurnsAt; at != nil && !at.After(w.now) {
			subjects = append(subjects, &subject{lead: l, bare: true})
		}
	}
	b := &pgx.Batch{}
	if err := s.fold(ctx, tx, b, w, subjects, stood); err != nil {
		return 0, err
	}
	return len(subjects), tx.SendBatch(ctx, b).Close()
}

const sqlNextTurn = `SELECT extract(epoch FROM turns_at - clock_timestamp())::float8 FROM scores
WHERE turns_at IS NOT NULL ORDER BY turns_at LIMIT 1`

// soonest keeps a look at what somebody else has locked from becoming a loop.
const soonest = 50 * time.Millisecond

func (s *Store) nextTurn(ctx context.Context, most time.Duration) (time.Duration, error) {
	rows, _ := s.pool.Query(ctx, sqlNextTurn)
	after, err := pgx.CollectRows(rows, pgx.RowTo[float64])
	if err != nil || len(after) == 0 {
		return most, masked("next turn", err)
	}
	return min(most, max(soonest, seconds(after[0]))), nil
}
