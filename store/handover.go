package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// taking is who takes the deliveries of a lane in this process.
type taking struct {
	record.Taker
	lease time.Duration
}

// HandOver has deliveries of a lane that this store makes from now on carried out by a worker of the taker, where one is
// free: they are born claimed, with this lease, and given over as soon as they are committed. All others wait to be
// claimed, and so does one whose process dies in between, when its lease is over. It lasts until stop.
func (s *Store) HandOver(lane string, lease time.Duration, t record.Taker) (stop func()) {
	mine := &taking{t, lease}
	s.takers.Store(lane, mine)
	return func() { s.takers.CompareAndDelete(lane, mine) }
}

// handing is what one transaction hands over. Each of its tries begins with none.
type handing struct {
	s     *Store
	lanes map[string]*handed
}

type handed struct {
	*taking
	workers int // that are kept
	rows    []claimedRow
}

func (s *Store) handing() *handing { return &handing{s, map[string]*handed{}} }

// again forgets what a try that failed has made; its workers are kept for the next.
func (h *handing) again() {
	for _, l := range h.lanes {
		l.rows = nil
	}
}

// claim adds to the arguments of an insert how many of its rows are born claimed, at most so many, and for how long. Of a nil
// handing none are.
func (h *handing) claim(args pgx.NamedArgs, lane string, most int) pgx.NamedArgs {
	args["claims"], args["lease"] = 0, time.Duration(0)
	if h == nil {
		return args
	}
	l := h.lanes[lane]
	if l == nil {
		found, ok := h.s.takers.Load(lane)
		if !ok {
			return args
		}
		l = &handed{taking: found.(*taking)}
		h.lanes[lane] = l
		for l.workers < most && l.Reserve() {
			l.workers++
		}
	}
	args["claims"], args["lease"] = l.workers, l.lease
	return args
}

// made reads what an insert made.
func (h *handing) made(rows pgx.Rows) error {
	made, err := pgx.CollectRows(rows, pgx.RowToStructByName[claimedRow])
	if h == nil {
		return err
	}
	for _, row := range made {
		if l := h.lanes[row.Lane]; l != nil && row.Attempts == 1 {
			l.rows = append(l.rows, row)
		}
	}
	return err
}

// end gives over what was made, if that is committed, and gives back the workers that are left.
func (h *handing) end(err error) {
	for _, l := range h.lanes {
		if err != nil {
			l.rows = nil // also where only the answer to the commit was lost: then the lease runs out
		}
		for _, row := range l.rows {
			l.Take(func(ctx context.Context) (record.Delivery, error) {
				d, err := h.s.equip(ctx, row)
				if err != nil {
					return record.Delivery{}, err
				}
				return d[0], nil
			})
		}
		for range l.workers - len(l.rows) {
			l.Release()
		}
	}
}
