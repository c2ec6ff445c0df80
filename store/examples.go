package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// A refusal is the end of a cycle only where nobody else was asked and it goes on no more. Of erased leads nothing is known, and
// a duplicate says nothing of who it is of. An event counts from when it was received, or came with a visitor, until it was taken
// back: as it did for the score.
const sqlExamples = `WITH ended AS (
	SELECT o.lead_id, o.cycle, bool_or(o.kind = 'won') AS won, min(o.at) AS at, l.source_code, least(l.created_at, l.known_since) AS known_since
	FROM outcomes o JOIN leads l ON l.id = o.lead_id
	WHERE l.stage <> 'erased' AND o.duplicate_of IS NULL
		AND (o.kind <> 'rejected' OR l.cycle > o.cycle OR l.stage IN ('won', 'lost', 'dormant', 'disqualified'))
	GROUP BY o.lead_id, o.cycle, l.id
), decided AS (
	SELECT e.*, least(e.at, (
		SELECT min(a.offered_at) FROM assignments a WHERE a.lead_id = e.lead_id AND a.cycle = e.cycle)) AS decided_at
	FROM ended e
	ORDER BY decided_at DESC, e.lead_id DESC, e.cycle DESC LIMIT @newest
)
SELECT d.lead_id::text, d.cycle, d.won, d.decided_at, d.at AS ended_at, d.source_code AS source, coalesce(before.known, '{}') AS values,
	coalesce(later.fields, '{}') AS later, CASE WHEN d.known_since >= k.since THEN coalesce(done.counts, '{}') END AS events
FROM decided d CROSS JOIN events_kept k
LEFT JOIN LATERAL (
	SELECT jsonb_object_agg(v.field, v.value #>> '{}') AS known FROM (
		SELECT DISTINCT ON (p.field) p.field, p.value FROM profile_values p
		WHERE p.lead_id = d.lead_id AND p.learned_at <= d.decided_at ORDER BY p.field, p.id DESC
	) AS v WHERE jsonb_typeof(v.value) IN ('string', 'number', 'boolean')
) AS before ON true
LEFT JOIN LATERAL (
	SELECT array_agg(DISTINCT p.field ORDER BY p.field) AS fields FROM profile_values p
	WHERE p.lead_id = d.lead_id AND p.learned_at > d.decided_at AND jsonb_typeof(p.value) <> 'null' AND NOT coalesce(before.known ? p.field, false)
) AS later ON true
LEFT JOIN LATERAL (
	SELECT jsonb_object_agg(c.type, c.n) AS counts FROM (
		SELECT e.type, count(*) AS n FROM events e
		WHERE e.lead_id = d.lead_id AND coalesce(e.inherited_at, e.received_at) <= d.decided_at AND (e.voided_at IS NULL OR e.voided_at > d.decided_at)
		GROUP BY e.type
	) AS c
) AS done ON true
ORDER BY d.decided_at, d.lead_id, d.cycle`

const sqlOpenLeads = `SELECT count(*)::int FROM leads WHERE stage IN ('captured', 'nurturing', 'qualified', 'handoff', 'working', 'opportunity')`

// Examples reads the cycles that came to an end, so many of the newest by their decision, the oldest of them first, with what was known of the lead
// then. All of it is in memory at once: some two kilobytes each.
func (s *Store) Examples(ctx context.Context, newest int) (record.Examples, error) {
	const op = "read examples"
	var out record.Examples
	rows, _ := s.pool.Query(ctx, sqlExamples, pgx.NamedArgs{"newest": newest})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Example])
	if err != nil {
		return out, masked(op, err)
	}
	out.Items = items
	return out, masked(op, s.pool.QueryRow(ctx, sqlOpenLeads).Scan(&out.Open))
}
