package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// led gives an event that names a merged lead to the lead that goes on, where that is known from the try before.
func (i *item) led(known detour) {
	if into := known[i.LeadID]; into != "" {
		i.named, i.LeadID = i.LeadID, into
	}
}

// led finds those of the owners that were merged, and puts in their place who goes on for them. Who was merged is found by an
// address, or by an id that was named for the first time: then the transaction begins anew, and locks both in their order.
func (o owners) led(ctx context.Context, q querier, known *detour) error {
	var erased []string
	for key, l := range o.leads {
		if key == l.ID && l.Stage == lifecycle.StageErased {
			erased = append(erased, key)
		}
	}
	if len(erased) > 0 {
		if err := known.learn(ctx, q, erased); err != nil {
			return err
		}
	}
	for id, into := range *known {
		goesOn := o.leads[into]
		if goesOn == nil || goesOn.Stage == lifecycle.StageErased {
			return known.forget()
		}
		if was := o.leads[id]; was != nil && was.Email != nil {
			o.leads[*was.Email] = goesOn
			o.named[*was.Email] = id
		}
	}
	return nil
}

// For an undo: what came for a lead since it was merged is its own.
const sqlNoteLed = `INSERT INTO merge_events (merge_id, event_id, received_at)
SELECT m.id, e.id, now() FROM unnest(@ids::uuid[], @named::uuid[]) AS e (id, named)
JOIN merges m ON m.lead_id = e.named AND m.undone_at IS NULL ON CONFLICT DO NOTHING`

func queueLed(b *pgx.Batch, items []item) {
	var ids, named []string
	for _, i := range items {
		if i.named != "" && i.kept() {
			ids, named = append(ids, i.id), append(named, i.named)
		}
	}
	if len(ids) > 0 {
		b.Queue(sqlNoteLed, pgx.NamedArgs{"ids": ids, "named": named})
	}
}
