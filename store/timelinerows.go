package store

import (
	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

const sqlTimelineOfMany = `INSERT INTO timeline (lead_id, at, kind, actor_type, actor_id, why, cycle, version, data)
SELECT lead_id, now(), kind, @actor_type, @actor_id, @why, cycle, version, data::jsonb
FROM unnest(@leads::uuid[], @kinds::text[], @cycles::int[], @versions::bigint[], @data_of::text[]) AS e (lead_id, kind, cycle, version, data)`

// timelineRows are lines that one actor writes for one reason, column by column: entry, of many.
type timelineRows struct {
	leads, kinds, data []string
	cycles             []int
	versions           []int64
}

// add takes a line about a lead; nil fields are none.
func (r *timelineRows) add(p leadRow, kind string, fields []string) {
	data := "{}"
	if fields != nil {
		data = jsonOf(map[string]any{"fields": fields})
	}
	r.leads, r.kinds, r.data = append(r.leads, p.ID), append(r.kinds, kind), append(r.data, data)
	r.cycles, r.versions = append(r.cycles, p.Cycle), append(r.versions, p.Version)
}

func (r *timelineRows) queue(b *pgx.Batch, actor lifecycle.Actor, why string) {
	if len(r.leads) == 0 {
		return
	}
	args := entry(leadRow{}, "", actor, why, nil)
	args["leads"], args["kinds"], args["data_of"], args["cycles"], args["versions"] = r.leads, r.kinds, r.data, r.cycles, r.versions
	b.Queue(sqlTimelineOfMany, args)
}
