package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// No index begins with received_at: rows are deleted by where they lie, so many pages at a time, and none is read twice.
const (
	thinPages   = 128
	hasOlder    = `SELECT EXISTS (SELECT FROM %s WHERE received_at < %s)`
	countPages  = `SELECT pg_relation_size('%s') / current_setting('block_size')::int`
	deleteOlder = `DELETE FROM %s WHERE ctid >= '(%d,0)' AND ctid < '(%d,0)' AND received_at < %s`
)

// thin deletes what was received before a moment from a partition that goes on after it, in pieces. That it is gone is noted
// first: nobody may take for all what is some.
func (k *keeper) thin(ctx context.Context, p partition, from time.Time) error {
	name, before := pgx.Identifier{p.Name}.Sanitize(), moment(&from)
	var older bool
	if err := k.conn.QueryRow(ctx, fmt.Sprintf(hasOlder, name, before)).Scan(&older); err != nil || !older {
		return err
	}
	if _, err := k.conn.Exec(ctx, fmt.Sprintf(noteKept, before)); err != nil {
		return err
	}
	var pages int
	if err := k.conn.QueryRow(ctx, fmt.Sprintf(countPages, name)).Scan(&pages); err != nil {
		return err
	}
	for at := 0; at < pages; at += thinPages {
		if _, err := k.conn.Exec(ctx, fmt.Sprintf(deleteOlder, name, at, at+thinPages, before)); err != nil {
			return err
		}
	}
	return nil
}
