package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// What is told gently does nothing by itself: runs look again at what they know. It waits behind everything that acts, and a row that must act for
// another reason takes it along at once.
const sqlTellGently = `INSERT INTO outbox AS o (lead_id, seq, score, band, triggers, not_before)
SELECT t.lead_id, t.seq, t.score, t.band, jsonb_build_object(@kind::text, t.seq), now() + (t.place - 1) / @pace::int * interval '1 second'
FROM (
	SELECT u.*, nextval('outbox_seq') AS seq FROM unnest(@leads::uuid[], @scores::int[], @bands::text[]) WITH ORDINALITY AS u (lead_id, score, band, place)
) AS t ORDER BY t.lead_id
ON CONFLICT (lead_id) DO UPDATE SET ` + grows + `, not_before = least(o.not_before, EXCLUDED.not_before)`

const (
	triggerTerms = "terms" // wire.TriggerTerms
	triggerLook  = "look"  // wire.TriggerLook

	// gentlePace is how many runs a second are told: less than the smallest house can take, so that whoever becomes hot meanwhile is
	// handed over as on any other day. A thousand take forty seconds.
	gentlePace = 25
)

// gently tells many runs of one change that concerns each of them a little, those first whose moment comes first. sql locks the leads
// in their order, and answers their ids, scores, bands and moments.
func gently(ctx context.Context, tx pgx.Tx, kind, sql string, args pgx.NamedArgs) error {
	type concerned struct {
		Lead   string
		Score  int
		Band   string
		Moment time.Time
	}
	rows, _ := tx.Query(ctx, sql, args)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[concerned])
	if err != nil || len(all) == 0 {
		return err
	}
	slices.SortStableFunc(all, func(a, b concerned) int { return a.Moment.Compare(b.Moment) })
	leads, scores, bands := make([]string, len(all)), make([]int, len(all)), make([]string, len(all))
	for i, c := range all {
		leads[i], scores[i], bands[i] = c.Lead, c.Score, c.Band
	}
	_, err = tx.Exec(ctx, sqlTellGently, pgx.NamedArgs{"leads": leads, "scores": scores, "bands": bands, "kind": kind, "pace": gentlePace})
	return err
}
