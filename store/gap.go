package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// How many events of which months (UTC) the default partition holds.
const sqlInDefault = `SELECT date_trunc('month', received_at, 'UTC') AS month, count(*) AS events FROM events_default GROUP BY 1 ORDER BY 1`

type month struct {
	Month  time.Time
	Events int
}

// The constraint proves to ATTACH what it would otherwise read every row for, under a lock. It is checked under a lock that
// lets others write. Should this process die between, the next round begins by replacing it; until the gap's end, a month
// away at least, it refuses nothing.
const (
	dropProof = `ALTER TABLE %s DROP CONSTRAINT IF EXISTS events_of_the_gap`
	addProof  = `ALTER TABLE events_default ADD CONSTRAINT events_of_the_gap CHECK (%s) NOT VALID`
	prove     = `ALTER TABLE events_default VALIDATE CONSTRAINT events_of_the_gap`
	detach    = `ALTER TABLE events DETACH PARTITION events_default`
	rename    = `ALTER TABLE events_default RENAME TO %s`
	move      = `WITH away AS (DELETE FROM events_default WHERE received_at >= %s AND received_at < %s RETURNING *) INSERT INTO %s SELECT * FROM away`
)

// takeIn makes the default partition, when anything is in it, the partition of the gap in which most of that lies, and a new
// default. What lies elsewhere (a clock that was ahead or behind for a moment) is moved first, into months of its own.
func (k *keeper) takeIn(ctx context.Context) error {
	rows, _ := k.conn.Query(ctx, sqlInDefault)
	in, err := pgx.CollectRows(rows, pgx.RowToStructByName[month])
	if err != nil || len(in) == 0 {
		return err
	}
	gap := k.gapOfMost(in)
	for _, m := range in {
		if !gap.has(m.Month) {
			if err := k.moveMonth(ctx, m.Month); err != nil {
				return err
			}
		}
	}
	if gap.Name == "" {
		return nil
	}
	within := "received_at < " + moment(&gap.Until)
	if gap.Since != nil {
		within += " AND received_at >= " + moment(gap.Since)
	}
	if err := briefly(ctx, k.conn, fmt.Sprintf(dropProof, "events_default"), fmt.Sprintf(addProof, within)); err != nil {
		return err
	}
	if _, err := k.conn.Exec(ctx, prove); err != nil {
		return err
	}
	return briefly(ctx, k.conn,
		detach, fmt.Sprintf(rename, gap.Name), fmt.Sprintf(makePartition, "events_default"), attachDefault,
		fmt.Sprintf(attachPartition, gap.Name, moment(gap.Since), moment(&gap.Until)), fmt.Sprintf(dropProof, gap.Name))
}

// gapOfMost is the gap in which most of the events lie; without a name when all of them are ahead of time.
func (k *keeper) gapOfMost(in []month) (most partition) {
	var events int
	for _, m := range in {
		gap, n := k.gap(m.Month), 0
		for _, other := range in {
			if gap.has(other.Month) {
				n += other.Events
			}
		}
		if n > events {
			most, events = gap, n
		}
	}
	return most
}

// moveMonth makes a partition of what the default one holds of a month.
func (k *keeper) moveMonth(ctx context.Context, from time.Time) error {
	name, until := monthName(from), monthOf(from).AddDate(0, 1, 0)
	return briefly(ctx, k.conn, fmt.Sprintf(makePartition, name), fmt.Sprintf(move, moment(&from), moment(&until), name),
		fmt.Sprintf(attachPartition, name, moment(&from), moment(&until)))
}

// gap is the range without a partition in which a moment lies. The last one ends where nothing was received yet for a month.
func (k *keeper) gap(at time.Time) partition {
	gap := partition{Until: monthOf(k.now).AddDate(0, 2, 0)}
	for _, p := range k.have {
		switch {
		case !p.Until.After(at) && (gap.Since == nil || gap.Since.Before(p.Until)):
			gap.Since = &p.Until
		case p.Since != nil && p.Since.After(at) && p.Since.Before(gap.Until):
			gap.Until = *p.Since
		}
	}
	gap.Name = "events_to_" + gap.Until.UTC().Format("2006_01")
	return gap
}
