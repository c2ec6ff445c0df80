package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// An offer that was accepted and then given back for want of a first touch or of work was decided all the same.
const (
	offerDecided  = `(a.state IN ('accepted', 'rejected') OR a.state = 'missed' AND a.reason ~ '^(first_touch|idle)')`
	offerAccepted = `(a.state = 'accepted' OR a.state = 'missed' AND a.reason ~ '^(first_touch|idle)')`
)

// One row an offer, with the moments between which somebody is answerable. Crossed is when the house knew that sales must hear: the crossing of the
// score or the trigger, and of a later offer of the cycle the end of the one before. Of who was erased much is gone: moments that were
// known before stay.
const offersTimed = `SELECT a.id AS assignment_id, a.lead_id, a.offered_at, a.due_at, a.decided_at, a.state, ` + offerDecided + ` AS decided, ` + offerAccepted + ` AS accepted,
	CASE WHEN gone AND k.assignment_id IS NOT NULL THEN k.source_code ELSE l.source_code END AS source_code,
	CASE WHEN gone AND k.assignment_id IS NOT NULL THEN k.campaign ELSE coalesce(l.source ->> 'campaign', '') END AS campaign,
	coalesce(t.band, '') AS band, a.model_version, a.team_id, a.rep_id,
	CASE WHEN gone THEN k.crossed_at ELSE coalesce(before.decided_at, crossing.at) END AS crossed_at,
	CASE WHEN gone THEN k.delivered_at ELSE (
		SELECT min(d.sent_at) FROM deliveries d WHERE d.lead_id = a.lead_id AND d.assignment_id = a.id AND d.kind = 'offer' AND d.state = 'sent') END AS delivered_at,
	t.seen_at,
	CASE WHEN gone THEN k.touched_at WHEN a.state <> 'rejected' THEN (
		SELECT min(w.at) FROM (
			SELECT min(e.occurred_at) AS at FROM events e
			WHERE e.lead_id = a.lead_id AND e.type = ANY(@works::text[]) AND e.occurred_at > a.decided_at AND e.voided_at IS NULL
			UNION ALL
			SELECT min(n.at) FROM notes n WHERE n.lead_id = a.lead_id AND n.rep_id IS NOT NULL AND n.at > a.decided_at
		) AS w) END AS touched_at,
	CASE WHEN gone THEN coalesce(k.untouched, false) ELSE
		EXISTS (SELECT FROM timeline b WHERE b.lead_id = a.lead_id AND b.assignment_id = a.id AND b.kind = 'checked' AND b.why ~ '^first_touch_(missed|owner|escalate|reassign|final)') END AS untouched,
	CASE WHEN gone THEN k.told_late ELSE (SELECT max(extract(epoch FROM b.at - (b.data ->> 'due_at')::timestamptz))::float8 FROM timeline b
		WHERE b.lead_id = a.lead_id AND b.assignment_id = a.id AND b.data ? 'late_by') END AS told_late
FROM assignments a JOIN (SELECT *, stage = 'erased' AND merged_into IS NULL AS gone FROM leads) AS l ON l.id = a.lead_id
LEFT JOIN assignment_terms t ON t.assignment_id = a.id LEFT JOIN scores s ON s.lead_id = a.lead_id LEFT JOIN offer_times k ON k.assignment_id = a.id
LEFT JOIN LATERAL (
	SELECT p.decided_at FROM assignments p WHERE p.lead_id = a.lead_id AND p.cycle = a.cycle AND p.offered_at < a.offered_at ORDER BY p.offered_at DESC LIMIT 1
) AS before ON true
LEFT JOIN LATERAL (
	SELECT coalesce(CASE WHEN s.mql_cycle = a.cycle AND s.mql_at <= a.offered_at THEN s.mql_at END, min(q.at)) AS at FROM timeline q
	WHERE q.lead_id = a.lead_id AND q.cycle = a.cycle AND q.to_stage = 'qualified'
) AS crossing ON true
WHERE a.lead_id = ANY(@leads::uuid[])`

const (
	offerTimeColumns = `assignment_id, lead_id, offered_at, due_at, decided_at, state, decided, accepted, source_code, campaign, band, model_version, team_id, rep_id,
	crossed_at, delivered_at, seen_at, touched_at, untouched, told_late`

	sqlFoldOffers = `INSERT INTO offer_times (` + offerTimeColumns + `) ` + offersTimed + ` ORDER BY a.id
ON CONFLICT (assignment_id) DO UPDATE SET (` + offerTimeColumns + `) = (EXCLUDED.assignment_id, EXCLUDED.lead_id, EXCLUDED.offered_at, EXCLUDED.due_at, EXCLUDED.decided_at,
	EXCLUDED.state, EXCLUDED.decided, EXCLUDED.accepted, EXCLUDED.source_code, EXCLUDED.campaign, EXCLUDED.band, EXCLUDED.model_version, EXCLUDED.team_id, EXCLUDED.rep_id,
	EXCLUDED.crossed_at, EXCLUDED.delivered_at, EXCLUDED.seen_at, EXCLUDED.touched_at, EXCLUDED.untouched, EXCLUDED.told_late)
WHERE offer_times.* IS DISTINCT FROM EXCLUDED.*`

	sqlOffersDiffer = `SELECT n.lead_id::text AS lead_id, a.cycle, 'offer' AS what FROM (` + offersTimed + `) AS n JOIN assignments a ON a.id = n.assignment_id
LEFT JOIN offer_times o ON o.assignment_id = n.assignment_id
WHERE o.assignment_id IS NULL OR (` + offersAsStored + `) IS DISTINCT FROM (` + offersAnew + `) ORDER BY 1, 2`

	offersAsStored = `o.lead_id, o.offered_at, o.due_at, o.decided_at, o.state, o.decided, o.accepted, o.source_code, o.campaign, o.band, o.model_version, o.team_id, o.rep_id,
	o.crossed_at, o.delivered_at, o.seen_at, o.touched_at, o.untouched, o.told_late`
	offersAnew = `n.lead_id, n.offered_at, n.due_at, n.decided_at, n.state, n.decided, n.accepted, n.source_code, n.campaign, n.band, n.model_version, n.team_id, n.rep_id,
	n.crossed_at, n.delivered_at, n.seen_at, n.touched_at, n.untouched, n.told_late`
)

func offerArgs(leads []string) pgx.NamedArgs {
	return pgx.NamedArgs{"leads": leads, "works": person.WorkTypes}
}

// foldOffers tells anew how the offers of so many leads went.
func foldOffers(ctx context.Context, tx pgx.Tx, leads []string) error {
	_, err := tx.Exec(ctx, sqlFoldOffers, offerArgs(leads))
	return err
}
