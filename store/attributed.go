package store

import (
	"context"
	"strconv"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// What was won in the period and was touched by a source or campaign before, or was brought by it where nothing is known of touches.
const sqlAttributed = `SELECT lead_id::text AS lead_id, cycle, ` + touchesBefore + ` FROM ` + wonInPeriod + ` AND (won_at, lead_id, cycle) < (@at, @lead::uuid, @after::int)
	AND CASE WHEN touched_at IS NULL THEN @key::text = CASE @by WHEN 'campaign' THEN campaign ELSE source_code END
		ELSE @key = ANY(CASE @by WHEN 'campaign' THEN touch_campaigns ELSE touch_sources END) END
ORDER BY won_at DESC, lead_id DESC, cycle DESC LIMIT @rows`

type wonBy struct {
	LeadID string
	Cycle  int
	wonAfter
}

// Attributed lists what the attributed revenue of a source or campaign is made of, what was won last first, with the share of each way.
func (s *Store) Attributed(ctx context.Context, f record.FunnelFilter, key, cursor string, limit int) (record.Page[record.Attributed], error) {
	const op = "list attributed"
	none := record.Page[record.Attributed]{}
	args, err := journeyPage(op, f, cursor, limit)
	if err != nil {
		return none, err
	}
	args["key"] = key
	won, err := reported[wonBy](ctx, s, sqlAttributed, args)
	if err != nil {
		return none, masked(op, err)
	}
	items := make([]record.Attributed, len(won))
	for i, w := range won {
		items[i] = record.Attributed{
			LeadID: w.LeadID, Cycle: w.Cycle, WonAt: w.WonAt.UTC(), Amount: decimal(w.Cents), Currency: w.Currency, Touches: len(w.At), Shares: w.shares(f.By, key),
		}
	}
	return pageOf(items, limit, func(a record.Attributed) string {
		return sealed(op, mark{a.WonAt, a.LeadID + "/" + strconv.Itoa(a.Cycle)}.text())
	}), nil
}

// shares are, by way of attribution, what of it is the source's or campaign's.
func (w wonAfter) shares(by, key string) map[string]float64 {
	at, keys := w.touches(by)
	out := map[string]float64{}
	for _, way := range funnel.Attributions {
		out[way] = 0
		for i, share := range funnel.Shares(way, at) {
			if keys[i] == key {
				out[way] += share
			}
		}
	}
	return out
}
