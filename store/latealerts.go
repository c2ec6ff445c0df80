package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	// gathersFrom is how late an alert is at least that is told in its order. Less is a wait behind others, and no outage.
	gathersFrom = 10 * time.Second

	// gatheredMost is how long a late alert waits at most for those that were due before it, once it is written.
	gatheredMost = 30 * time.Second

	// gatheredLeast is longer than it takes from the projection that says that a clock has passed to what is told of it: both are
	// written at once, in no order.
	gatheredLeast = time.Second

	// gatheringGoes is when its pool takes it all the same, where nobody tells what is late.
	gatheringGoes = 10 * time.Minute

	// lateAtOnce is to how many late alerts are told at once, one after the other to each.
	lateAtOnce = 4

	// lateTurn is how long one of them is told without a break: then it is looked anew for whom something waits.
	lateTurn = 2 * time.Second

	// lateRest is how long whoever has to wait is left alone, while others are told.
	lateRest = time.Second
)

const (
	sqlTellLateAlone = `SELECT pg_try_advisory_lock(hashtextextended('late ' || @lane, 0))`
	sqlToldLate      = `SELECT pg_advisory_unlock(hashtextextended('late ' || @lane, 0))`

	// The first clock that has passed and whose run has not woken up yet. Nothing is read of leads while nothing is gathered.
	sqlGathered = `WITH asleep AS (
	SELECT min(next_at) AS since FROM leads WHERE stage IN ('handoff', 'qualified', 'working', 'opportunity') AND next_at < now()
		AND EXISTS (SELECT FROM deliveries WHERE gathering AND open AND lane = @lane)
)
SELECT coalesce(webhook_id, rep_id)::text AS whom, coalesce((SELECT since FROM asleep), now()) AS until
FROM deliveries WHERE gathering AND open AND lane = @lane GROUP BY 1 ORDER BY min(due_at)`

	// The first of them in the order of their moments, and no other: where it has to wait, those after it wait as well.
	sqlClaimLate = `UPDATE deliveries d SET state = 'claimed', gathering = false, claimed_until = now() + @lease::interval, attempts = attempts + 1
FROM (SELECT id, due_at, created_at FROM deliveries WHERE gathering AND open AND lane = @lane AND coalesce(webhook_id, rep_id) = @whom
	ORDER BY due_at, id LIMIT 1 FOR UPDATE) AS first
WHERE d.id = first.id AND d.state = 'queued' AND first.created_at < now() - @least::interval
	AND (first.due_at < @until OR first.created_at < now() - @most::interval)
	AND (SELECT held_at IS NULL FROM lanes WHERE lane = @lane)
RETURNING ` + claimColumns
)

// gathered is to whom something late is to be told: what was due until then, all of which is written by now.
type gathered struct {
	Whom  string
	Until time.Time
}

// TellLate has carry tell what is late in a lane, to each whom it is for in the order in which it was due: the reminders of an
// outage, and offers that a deadline made. It waits until the runs of all leads with sooner deadlines have woken up, but half a minute at
// most. One process does it at a time, the others leave.
func (s *Store) TellLate(ctx context.Context, lane string, lease time.Duration, carry func(context.Context, record.Delivery) error) error {
	err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		var alone bool
		args := pgx.NamedArgs{"lane": lane}
		if err := c.QueryRow(ctx, sqlTellLateAlone, args).Scan(&alone); err != nil || !alone {
			return err
		}
		defer func() {
			if _, err := c.Exec(context.WithoutCancel(ctx), sqlToldLate, args); err != nil {
				_ = c.Conn().Close(context.WithoutCancel(ctx)) // the lock goes with the session
			}
		}()
		return tellBeside(func() ([]gathered, error) {
			rows, _ := c.Query(ctx, sqlGathered, args)
			return pgx.CollectRows(rows, pgx.RowToStructByName[gathered])
		}, func(to gathered) (bool, error) { return s.tellLateTo(ctx, lane, lease, to, carry) })
	})
	return masked("tell what is late", err)
}

// tellBeside tells each beside the others, whoever had the fewest turns first: who is slow holds up nobody. It returns when nobody is
// left but those who have to wait.
func tellBeside(list func() ([]gathered, error), tell func(gathered) (more bool, err error)) error {
	type told struct {
		whom string
		more bool
		err  error
	}
	busy, rests, turns, ends := map[string]bool{}, map[string]bool{}, map[string]int{}, make(chan told)
	var failed error
	for {
		if failed == nil {
			var all []gathered
			all, failed = list()
			slices.SortStableFunc(all, func(a, b gathered) int { return cmp.Compare(turns[a.Whom], turns[b.Whom]) })
			for _, to := range all {
				if len(busy) == lateAtOnce || busy[to.Whom] || rests[to.Whom] {
					continue
				}
				busy[to.Whom] = true
				turns[to.Whom]++
				go func() {
					more, err := tell(to)
					ends <- told{to.Whom, more, err}
				}()
			}
		}
		if len(busy) == 0 {
			return failed
		}
		select {
		case one := <-ends:
			delete(busy, one.whom)
			rests[one.whom] = !one.more
			failed = errors.Join(failed, one.err)
		case <-time.After(lateRest):
			clear(rests)
		}
	}
}

// tellLateTo tells one of them, until there is nothing, or the next has to wait; true: its turn was over before.
func (s *Store) tellLateTo(ctx context.Context, lane string, lease time.Duration, to gathered, carry func(context.Context, record.Delivery) error) (more bool, err error) {
	args := pgx.NamedArgs{"lane": lane, "whom": to.Whom, "until": to.Until, "lease": lease, "least": gatheredLeast, "most": gatheredMost}
	for began := time.Now(); time.Since(began) < lateTurn; {
		if ctx.Err() != nil {
			return false, nil
		}
		rows, _ := s.pool.Query(ctx, sqlClaimLate, args)
		claimed, err := pgx.CollectRows(rows, pgx.RowToStructByName[claimedRow])
		if err != nil || len(claimed) == 0 {
			return false, err
		}
		next, err := s.equip(ctx, claimed...)
		if err != nil {
			return false, err
		}
		if err := carry(ctx, next[0]); err != nil {
			return false, err
		}
	}
	return true, nil
}

// What a run said last of the offer that is handed on: the deadline that took it away.
const sqlHandedOn = `SELECT (data ->> 'due_at')::timestamptz FROM timeline WHERE lead_id = @lead
	AND assignment_id = (SELECT id FROM assignments WHERE lead_id = @lead ORDER BY offered_at DESC LIMIT 1)
	AND why IN ('accept_reassign', 'first_touch_reassign', 'idle_reassign') AND data ? 'due_at' LIMIT 1`

// handedOn finds out by which deadline the lead is handed on to another rep: where that is late, who gets it now hears so, and in
// the order of those deadlines.
func (ch *choice) handedOn(ctx context.Context, x *exchange) error {
	if ch.c.N < 2 || ch.c.Kind == lifecycle.CommandClaim || ch.c.Decision != "" {
		return nil
	}
	rows, _ := x.Query(ctx, sqlHandedOn, pgx.NamedArgs{"lead": ch.leadID})
	due, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err == nil && len(due) > 0 {
		ch.was = due[0]
	}
	return err
}

// of notes the moment of the clock that an alert is about, where it is told late: that puts it in its order, and from a minute on it says
// so.
func (a *alert) of(due, told time.Time) {
	due = due.UTC()
	late := told.Sub(due)
	if due.IsZero() || late <= gathersFrom {
		return
	}
	if a.due = &due; late > tellsLate {
		a.WasDue, a.LateBy = &due, late.Truncate(time.Second).String()
	}
}
