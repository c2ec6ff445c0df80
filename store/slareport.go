package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// An offer that was accepted and then given back for want of a first touch or of work was decided all the same.
const (
	offerDecided  = `(a.state IN ('accepted', 'rejected') OR a.state = 'missed' AND a.reason ~ '^(first_touch|idle)')`
	offerAccepted = `(a.state = 'accepted' OR a.state = 'missed' AND a.reason ~ '^(first_touch|idle)')`
)

// One row an offer of the period that had a deadline, with the moments between which somebody is answerable. Crossed is when the
// house knew that sales must hear: the crossing of the score or the trigger, and of a later offer of the cycle the end of the
// one before. Moments of two clocks (the run's, Postgres') may lie a little wrong:
// no span counts as less than nothing (greatest would make 0 of what is unknown).
const slaOffers = `offers AS (
	SELECT a.id, a.lead_id, a.state, a.offered_at, a.due_at, a.decided_at, t.seen_at,
		coalesce(t.band, '') AS band, l.source_code AS source, coalesce(a.team_id::text, '') AS team, a.rep_id::text AS rep,
		` + offerDecided + ` AS decided, ` + offerAccepted + ` AS accepted,
		a.state = 'offered' AND (l.sla_state = 'held' OR a.due_at > now()) AS running,
		coalesce(before.decided_at, crossing.at) AS crossed_at,
		(SELECT min(d.sent_at) FROM deliveries d WHERE d.lead_id = a.lead_id AND d.assignment_id = a.id AND d.kind = 'offer' AND d.state = 'sent') AS delivered_at,
		CASE WHEN a.state <> 'rejected' THEN (
			SELECT min(w.at) FROM (
				SELECT min(e.occurred_at) AS at FROM events e
				WHERE e.lead_id = a.lead_id AND e.type = ANY(@works::text[]) AND e.occurred_at > a.decided_at AND e.voided_at IS NULL
				UNION ALL
				SELECT min(n.at) FROM notes n WHERE n.lead_id = a.lead_id AND n.rep_id IS NOT NULL AND n.at > a.decided_at
			) AS w) END AS touched_at,
		EXISTS (SELECT FROM timeline b WHERE b.lead_id = a.lead_id AND b.assignment_id = a.id AND b.kind = 'checked' AND b.why ~ '^first_touch_(missed|owner|escalate|reassign|final)') AS untouched,
		(SELECT max(extract(epoch FROM b.at - (b.data ->> 'due_at')::timestamptz))::float8 FROM timeline b
			WHERE b.lead_id = a.lead_id AND b.assignment_id = a.id AND b.data ? 'late_by') AS due_told
	FROM assignments a JOIN leads l ON l.id = a.lead_id LEFT JOIN assignment_terms t ON t.assignment_id = a.id LEFT JOIN scores s ON s.lead_id = a.lead_id
	LEFT JOIN LATERAL (
		SELECT p.decided_at FROM assignments p WHERE p.lead_id = a.lead_id AND p.cycle = a.cycle AND p.offered_at < a.offered_at ORDER BY p.offered_at DESC LIMIT 1
	) AS before ON true
	LEFT JOIN LATERAL (
		SELECT coalesce(CASE WHEN s.mql_cycle = a.cycle AND s.mql_at <= a.offered_at THEN s.mql_at END, min(q.at)) AS at FROM timeline q
		WHERE q.lead_id = a.lead_id AND q.cycle = a.cycle AND q.to_stage = 'qualified'
	) AS crossing ON true
	WHERE a.due_at IS NOT NULL AND a.offered_at >= @from AND a.offered_at < @to
		AND (@team::uuid IS NULL OR a.team_id = @team) AND (@rep::uuid IS NULL OR a.rep_id = @rep)
), spans AS (
	SELECT o.*, CASE @by::text WHEN 'team' THEN o.team WHEN 'rep' THEN o.rep WHEN 'source' THEN o.source ELSE o.band END AS key,
		decided AND decided_at <= due_at AS met,
		state = 'missed' AND NOT decided OR decided AND decided_at > due_at OR state = 'offered' AND NOT running AS breached,
		extract(epoch FROM offered_at - crossed_at)::float8 AS crossed_offered,
		extract(epoch FROM delivered_at - offered_at)::float8 AS offered_delivered,
		extract(epoch FROM delivered_at - crossed_at)::float8 AS crossed_delivered,
		extract(epoch FROM seen_at - delivered_at)::float8 AS delivered_seen,
		CASE WHEN decided THEN extract(epoch FROM decided_at - seen_at)::float8 END AS seen_decided,
		CASE WHEN decided THEN extract(epoch FROM decided_at - delivered_at)::float8 END AS delivered_decided,
		CASE WHEN accepted THEN extract(epoch FROM touched_at - decided_at)::float8 END AS accepted_touched
	FROM offers o
)`

const slaSpan = `percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY `

const sqlSLAReport = `WITH ` + slaOffers + `
SELECT grouping(key) = 1 AS whole, coalesce(key, '') AS key, coalesce(max(g.name), '') AS name, count(*)::int AS offers,
	count(*) FILTER (WHERE met)::int AS met, count(*) FILTER (WHERE breached)::int AS breached,
	count(*) FILTER (WHERE running)::int AS running, count(*) FILTER (WHERE state = 'withdrawn')::int AS withdrawn,
	count(*) FILTER (WHERE accepted AND touched_at IS NOT NULL AND NOT untouched)::int AS touch_met, count(*) FILTER (WHERE accepted AND untouched)::int AS touch_breached,
	ARRAY[count(crossed_offered), count(offered_delivered), count(crossed_delivered), count(delivered_seen), count(seen_decided),
		count(delivered_decided), count(accepted_touched), count(due_told)]::int[] AS counts,
	` + slaSpan + `(crossed_offered + abs(crossed_offered)) / 2) AS crossed_offered, ` + slaSpan + `(offered_delivered + abs(offered_delivered)) / 2) AS offered_delivered,
	` + slaSpan + `(crossed_delivered + abs(crossed_delivered)) / 2) AS crossed_delivered, ` + slaSpan + `(delivered_seen + abs(delivered_seen)) / 2) AS delivered_seen,
	` + slaSpan + `(seen_decided + abs(seen_decided)) / 2) AS seen_decided, ` + slaSpan + `(delivered_decided + abs(delivered_decided)) / 2) AS delivered_decided, ` + slaSpan + `(accepted_touched + abs(accepted_touched)) / 2) AS accepted_touched,
	` + slaSpan + `due_told) AS due_told
FROM spans LEFT JOIN LATERAL (
	SELECT name FROM reps WHERE @by = 'rep' AND id::text = key UNION ALL SELECT name FROM teams WHERE @by = 'team' AND id::text = key
) AS g ON true
GROUP BY GROUPING SETS ((), (key)) ORDER BY whole DESC, offers DESC, key`

type slaRow struct {
	record.SLACounts
	Whole     bool
	Key, Name string
	Counts    []int32

	CrossedOffered, OfferedDelivered, CrossedDelivered, DeliveredSeen, SeenDecided, DeliveredDecided, AcceptedTouched, DueTold []float64
}

func (r slaRow) line() record.SLALine {
	at := func(i int, p []float64) record.Percentiles {
		out := record.Percentiles{Count: int(r.Counts[i])}
		if len(p) == 3 {
			out.P50, out.P90, out.P99 = &p[0], &p[1], &p[2]
		}
		return out
	}
	return record.SLALine{
		Key: r.Key, Name: r.Name, SLACounts: r.SLACounts,
		System: record.SystemDelay{
			CrossedToOffered: at(0, r.CrossedOffered), OfferedToDelivered: at(1, r.OfferedDelivered), CrossedToDelivered: at(2, r.CrossedDelivered),
			DueToTold: at(7, r.DueTold),
		},
		Human: record.HumanDelay{
			DeliveredToSeen: at(3, r.DeliveredSeen), SeenToDecided: at(4, r.SeenDecided), DeliveredToDecided: at(5, r.DeliveredDecided),
			AcceptedToTouched: at(6, r.AcceptedTouched),
		},
	}
}

// SLAReport tells how the offers of a period went: what the house took, what people took, and which deadlines were met.
func (s *Store) SLAReport(ctx context.Context, f record.SLAFilter) (record.SLAReport, error) {
	out := record.SLAReport{SLAFilter: f, Items: []record.SLALine{}}
	rows, _ := s.pool.Query(ctx, sqlSLAReport, pgx.NamedArgs{
		"from": f.From, "to": f.To, "by": f.By, "team": assignmentID(f.TeamID), "rep": assignmentID(f.RepID), "works": person.WorkTypes,
	})
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByName[slaRow])
	if err != nil {
		return out, masked("sla report", err)
	}
	for _, l := range lines {
		if l.Whole {
			out.Total = l.line()
			continue
		}
		out.Items = append(out.Items, l.line())
	}
	return out, nil
}

const sqlSeen = `INSERT INTO assignment_terms (assignment_id, seen_at, seen_by)
SELECT id, now(), @how FROM assignments WHERE id = ANY(@ids::uuid[]) AND state = 'offered' ORDER BY id
ON CONFLICT (assignment_id) DO UPDATE SET seen_at = now(), seen_by = EXCLUDED.seen_by WHERE assignment_terms.seen_at IS NULL`

// SeeOffers notes that the rep of open offers has them before their eyes: in the inbox, or behind the link of a notification.
// The first time counts.
func (s *Store) SeeOffers(ctx context.Context, assignments []string, how string) error {
	if len(assignments) == 0 {
		return nil
	}
	_, err := s.pool.Exec(ctx, sqlSeen, pgx.NamedArgs{"ids": assignments, "how": how})
	return masked("see offers", err)
}
