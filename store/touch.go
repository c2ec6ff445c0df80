package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

const sqlTouchSince = `SELECT id::text, touch_since FROM leads WHERE id = ANY(@leads::uuid[]) AND touch_since IS NOT NULL`

// awaited finds since when steps wait for a touch, where an event that came only now (of a visitor who was just identified,
// of a server that was away) may be older than that. What happened just now needs no look.
func awaited(ctx context.Context, q querier, w world, subjects []*subject) error {
	var ids []string
	for _, su := range subjects {
		if len(su.lead.TouchWanted) > 0 && slices.ContainsFunc(su.events, func(h happened) bool { return h.OccurredAt.Before(w.now.Add(-ahead)) }) {
			ids = append(ids, su.lead.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, _ := q.Query(ctx, sqlTouchSince, pgx.NamedArgs{"leads": ids})
	since := map[string]time.Time{}
	var id string
	var at time.Time
	_, err := pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		since[id] = at
		return nil
	})
	for _, su := range subjects {
		su.touchSince = since[su.lead.ID]
	}
	return err
}
