package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/fitting"
	"github.com/leadflow-dev/leadflow/domain/person"
)

// Leads that were imported without being offered to anybody live other lives, and came all at once: they are counted.
const (
	ofObserved = `stage <> 'erased' AND created_at >= @from AND created_at < @to`

	sqlCountObserved = `SELECT count(*) FILTER (WHERE alert)::int, count(*) FILTER (WHERE NOT alert)::int, now() FROM leads WHERE ` + ofObserved

	// Of a lead what it did is bounded, and of an event what models look at.
	sqlObserved = `SELECT l.source_code AS source, l.created_at AS at, l.profile,
	coalesce((SELECT jsonb_agg(jsonb_build_object('type', e.type, 'at', e.occurred_at, 'properties', e.properties) ORDER BY e.occurred_at, e.id) FROM (
		SELECT v.id, v.type, v.occurred_at, (SELECT jsonb_object_agg(k, v.properties -> k) FROM unnest(@properties::text[]) AS k WHERE v.properties ? k) AS properties
		FROM events v WHERE v.lead_id = l.id AND v.voided_at IS NULL ORDER BY v.occurred_at, v.id LIMIT 1000
	) AS e), '[]') AS events,
	coalesce((SELECT jsonb_agg(jsonb_build_object('stage', t.to_stage, 'cycle', t.cycle, 'at', t.at) ORDER BY t.at, t.id)
		FROM timeline t WHERE t.lead_id = l.id AND t.to_stage <> coalesce(t.from_stage, '')), '[]') AS moves,
	coalesce((SELECT jsonb_agg(d.sent_at ORDER BY d.sent_at) FROM deliveries d WHERE d.lead_id = l.id AND d.kind = 'nurture' AND d.sent_at IS NOT NULL), '[]') AS mails,
	coalesce((SELECT jsonb_agg(jsonb_build_object('cycle', a.cycle, 'rep', a.rep_id, 'at', a.offered_at, 'decided', a.decided_at,
			'state', CASE WHEN ` + offerAccepted + ` THEN 'accepted' ELSE a.state END, 'reason', a.reason, 'claimed', a.due_at IS NULL) ORDER BY a.offered_at, a.id)
		FROM assignments a WHERE a.lead_id = l.id), '[]') AS offers,
	coalesce((SELECT jsonb_agg(jsonb_build_object('kind', o.kind, 'cycle', o.cycle, 'reason', o.reason, 'at', o.at) ORDER BY o.at, o.id)
		FROM outcomes o WHERE o.lead_id = l.id), '[]') AS ends
FROM (SELECT * FROM leads WHERE alert AND ` + ofObserved + ` ORDER BY created_at DESC, id DESC LIMIT @most) AS l`
)

// Observe reads what is known of the newest leads that were captured in a period, at most so many: of their profiles and events only these fields and
// properties.
func (s *Store) Observe(ctx context.Context, from, to time.Time, fields, properties []string, most int) (fitting.Observed, error) {
	const op = "observe leads"
	out := fitting.Observed{From: from, To: to}
	args := pgx.NamedArgs{"from": from, "to": to, "properties": properties, "most": most}
	if err := s.pool.QueryRow(ctx, sqlCountObserved, args).Scan(&out.Captured, &out.Imported, &out.Until); err != nil {
		return out, masked(op, err)
	}
	rows, _ := s.pool.Query(ctx, sqlObserved, args)
	var l fitting.Lead
	_, err := pgx.ForEachRow(rows, []any{&l.Source, &l.At, &l.Profile, &l.Events, &l.Moves, &l.Mails, &l.Offers, &l.Ends}, func() error {
		known := map[string]any{}
		for _, field := range fields {
			if v, there := person.Profile(l.Profile).Get(field); there {
				known[field] = v
			}
		}
		l.Profile = known
		out.Leads = append(out.Leads, l)
		l = fitting.Lead{}
		return nil
	})
	return out, masked(op, err)
}
