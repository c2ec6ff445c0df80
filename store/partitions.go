package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Events are kept by the month they were received in (UTC). A partition is made long before its month begins, so the default
// one is empty; what lands in it all the same (an upgrade, a worker that was away for months) is taken in as it is: the
// default partition becomes the one of the gap, and no row moves.
const (
	monthsAhead      = 2
	defaultRetention = 400 * 24 * time.Hour
	partitionKeeper  = 0x6c66_6576 // of the advisory lock: one process keeps house at a time
)

// partition is a range of events; nil: from the beginning of time.
type partition struct {
	Name  string
	Since *time.Time
	Until time.Time
}

const sqlPartitions = `SELECT c.relname AS name, (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz AS since,
	(regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz AS until
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) AS b
WHERE i.inhparent = 'events'::regclass AND b.bound <> 'DEFAULT' ORDER BY since NULLS FIRST`

const sqlHoldKeeper = `SELECT pg_try_advisory_lock(@key), now()`

const sqlLeaveKeeper = `SELECT pg_advisory_unlock(@key)`

// KeepEvents makes the partitions of this month and the next ones, takes in what the default partition holds, and drops
// whole partitions whose time is over. Any number of processes may call it at once: one works, the others leave. No
// statement of it waits longer than lockPatience for a lock, and none holds one that others wait for while it reads rows.
func (s *Store) KeepEvents(ctx context.Context) error {
	err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		k := keeper{conn: c.Conn()}
		var mine bool
		if err := k.conn.QueryRow(ctx, sqlHoldKeeper, pgx.NamedArgs{"key": partitionKeeper}).Scan(&mine, &k.now); err != nil || !mine {
			return err
		}
		defer func() {
			if _, err := k.conn.Exec(context.WithoutCancel(ctx), sqlLeaveKeeper, pgx.NamedArgs{"key": partitionKeeper}); err != nil {
				_ = k.conn.Close(context.WithoutCancel(ctx)) // the lock goes with the session
			}
		}()
		return k.keep(ctx, s.retention)
	})
	return masked("keep events", err)
}

// keeper is one round of housekeeping.
type keeper struct {
	conn *pgx.Conn
	now  time.Time
	have []partition
}

const sqlNoteKeeping = `UPDATE events_kept SET kept_at = now()`

// keep takes each step, whatever became of the one before, and notes when all of them went well.
func (k *keeper) keep(ctx context.Context, retention time.Duration) error {
	if err := k.look(ctx); err != nil {
		return err
	}
	err := k.takeIn(ctx)
	if again := k.look(ctx); again != nil {
		return errors.Join(err, again)
	}
	if err = errors.Join(err, k.makeAhead(ctx), k.drop(ctx, k.now.Add(-retention))); err != nil {
		return err
	}
	_, err = k.conn.Exec(ctx, sqlNoteKeeping)
	return err
}

func (k *keeper) look(ctx context.Context) (err error) {
	rows, _ := k.conn.Query(ctx, sqlPartitions)
	k.have, err = pgx.CollectRows(rows, pgx.RowToStructByName[partition])
	return err
}

func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func monthName(t time.Time) string { return "events_" + t.UTC().Format("2006_01") }

func (p partition) has(t time.Time) bool {
	return (p.Since == nil || !t.Before(*p.Since)) && t.Before(p.Until)
}

// A row is written once and hardly ever changed: the first vacuum that sees it freezes it, so that no later one has to. The
// table is made beside the others and attached, which locks out nobody who writes.
const (
	makePartition   = `CREATE TABLE %s (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES) WITH (autovacuum_freeze_min_age = 0)`
	attachPartition = `ALTER TABLE events ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)`
	attachDefault   = `ALTER TABLE events ATTACH PARTITION events_default DEFAULT`
)

// makeAhead makes what is missing of this month and the next ones.
func (k *keeper) makeAhead(ctx context.Context) error {
months:
	for n := range monthsAhead + 1 {
		month := monthOf(k.now).AddDate(0, n, 0)
		for _, p := range k.have {
			if p.has(month) {
				continue months
			}
		}
		name := monthName(month)
		err := briefly(ctx, k.conn,
			fmt.Sprintf(makePartition, name), fmt.Sprintf(attachPartition, name, moment(&month), moment(new(month.AddDate(0, 1, 0)))))
		if err != nil {
			return err
		}
	}
	return nil
}

const noteKept = `UPDATE events_kept SET since = greatest(since, %s)`

// drop drops the partitions of which nothing is younger than that, and notes from when on all events are there. Of one that
// is longer than a month, of a gap, it deletes what would be gone by months.
func (k *keeper) drop(ctx context.Context, than time.Time) (failed error) {
	for _, p := range k.have {
		if p.Until.After(than) {
			if from := monthOf(than); p.Since == nil || p.Since.Before(from) {
				failed = errors.Join(failed, k.thin(ctx, p, from))
			}
			continue
		}
		err := briefly(ctx, k.conn, fmt.Sprintf(noteKept, moment(&p.Until)), "DROP TABLE "+pgx.Identifier{p.Name}.Sanitize())
		failed = errors.Join(failed, err)
	}
	return failed
}

// moment is a bound of a partition as a statement has it, which takes no parameters there.
func moment(t *time.Time) string {
	if t == nil {
		return "MINVALUE"
	}
	return "'" + t.UTC().Format(time.RFC3339) + "'"
}

const (
	lockPatience = 300 * time.Millisecond // others queue behind whoever waits for a lock
	lockTries    = 20
)

// briefly runs statements that lock out others in one transaction. It gives up a lock that it does not get soon, and tries
// again: whoever wants to write meanwhile waits no longer than lockPatience.
func briefly(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	var err error
	for n := range lockTries {
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", lockPatience.Milliseconds())); err != nil {
				return err
			}
			for _, sql := range statements {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		})
		var pg *pgconn.PgError
		if err == nil || !errors.As(err, &pg) || pg.Code != "55P03" && pg.Code != "40P01" { // lock_not_available, deadlock_detected
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(n+1) * 100 * time.Millisecond): // those who waited behind us go first
		}
	}
	return err
}
