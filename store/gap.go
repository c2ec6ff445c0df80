package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// What the default partition holds, oldest and newest; null when it is empty.
const sqlInDefault = `SELECT min(received_at) AS oldest, max(received_at) AS newest FROM events_default`

// The constraint proves to ATTACH what it would otherwise read every row for, under a lock. It is checked under a lock that
// lets others write. Should this process die between, the next round begins by replacing it; until the gap's end, a month
// away at least, it refuses nothing.
const (
	dropProof = `ALTER TABLE %s DROP CONSTRAINT IF EXISTS events_of_the_gap`
	addProof  = `ALTER TABLE events_default ADD CONSTRAINT events_of_the_gap CHECK (%s) NOT VALID`
	prove     = `ALTER TABLE events_default VALIDATE CONSTRAINT events_of_the_gap`
	detach    = `ALTER TABLE events DETACH PARTITION events_default`
	rename    = `ALTER TABLE events_default RENAME TO %s`
)

// takeIn makes the default partition, when anything is in it, the partition of the gap in which that lies, and a new default.
func (k *keeper) takeIn(ctx context.Context) error {
	rows, _ := k.conn.Query(ctx, sqlInDefault)
	in, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[struct{ Oldest, Newest *time.Time }])
	if err != nil || in.Oldest == nil {
		return err
	}
	gap := k.gap(*in.Oldest)
	if !gap.has(*in.Newest) {
		return &Error{Op: "keep events", Code: "events_default holds events of more than one gap between partitions; move those before " + moment(&gap.Until) + " by hand"}
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
