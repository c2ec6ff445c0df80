package store

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Times between moments at which somebody is answerable, of offers that had a deadline.
const sqlSLAReport = `SELECT c.*, coalesce(g.name, '') AS name FROM (
	SELECT coalesce(` + offerKeys + `, '') AS key, count(*)::int AS offers,
		count(*) FILTER (WHERE ` + offerMet + `)::int AS met, count(*) FILTER (WHERE ` + offerLate + `)::int AS breached,
		count(*) FILTER (WHERE ` + offerRuns + `)::int AS running, count(*) FILTER (WHERE a.state = 'withdrawn')::int AS withdrawn,
		count(*) FILTER (WHERE ` + touchMet + `)::int AS touch_met, count(*) FILTER (WHERE ` + touchLate + `)::int AS touch_breached,
		` + packed + `a.offered_at - a.crossed_at` + unpacked + ` FILTER (WHERE ` + timedOffered + `) AS crossed_offered,
		` + packed + `a.delivered_at - a.offered_at` + unpacked + ` FILTER (WHERE ` + timedDelivered + `) AS offered_delivered,
		` + packed + `a.delivered_at - a.crossed_at` + unpacked + ` FILTER (WHERE ` + timedReached + `) AS crossed_delivered,
		` + packed + `a.seen_at - a.delivered_at` + unpacked + ` FILTER (WHERE ` + timedSeen + `) AS delivered_seen,
		` + packed + `a.decided_at - a.seen_at` + unpacked + ` FILTER (WHERE ` + timedChosen + `) AS seen_decided,
		` + packed + `a.decided_at - a.delivered_at` + unpacked + ` FILTER (WHERE ` + timedDecided + `) AS delivered_decided,
		` + packed + `a.touched_at - a.decided_at` + unpacked + ` FILTER (WHERE ` + timedTouched + `) AS accepted_touched,
		string_agg(float8send(a.told_late), '') AS due_told
	` + theOffers + ` AND a.due_at IS NOT NULL GROUP BY 1
) AS c ` + journeyNames

type slaRow struct {
	record.SLACounts
	Key, Name string

	CrossedOffered, OfferedDelivered, CrossedDelivered, DeliveredSeen, SeenDecided, DeliveredDecided, AcceptedTouched, DueTold []byte
}

func (r *slaRow) add(o slaRow) {
	r.Offers, r.Met, r.Breached, r.Running = r.Offers+o.Offers, r.Met+o.Met, r.Breached+o.Breached, r.Running+o.Running
	r.Withdrawn, r.TouchMet, r.TouchBreached = r.Withdrawn+o.Withdrawn, r.TouchMet+o.TouchMet, r.TouchBreached+o.TouchBreached
	r.CrossedOffered, r.OfferedDelivered = append(r.CrossedOffered, o.CrossedOffered...), append(r.OfferedDelivered, o.OfferedDelivered...)
	r.CrossedDelivered, r.DeliveredSeen = append(r.CrossedDelivered, o.CrossedDelivered...), append(r.DeliveredSeen, o.DeliveredSeen...)
	r.SeenDecided, r.DeliveredDecided = append(r.SeenDecided, o.SeenDecided...), append(r.DeliveredDecided, o.DeliveredDecided...)
	r.AcceptedTouched, r.DueTold = append(r.AcceptedTouched, o.AcceptedTouched...), append(r.DueTold, o.DueTold...)
}

func (r *slaRow) line() record.SLALine {
	of := func(packed []byte) record.Percentiles { return percentiles(secondsIn(packed)) }
	return record.SLALine{
		Key: r.Key, Name: r.Name, SLACounts: r.SLACounts, Attainment: rate(r.Met, r.Met+r.Breached),
		System: record.SystemDelay{
			CrossedToOffered: of(r.CrossedOffered), OfferedToDelivered: of(r.OfferedDelivered), CrossedToDelivered: of(r.CrossedDelivered), DueToTold: of(r.DueTold),
		},
		Human: record.HumanDelay{
			DeliveredToSeen: of(r.DeliveredSeen), SeenToDecided: of(r.SeenDecided), DeliveredToDecided: of(r.DeliveredDecided), AcceptedToTouched: of(r.AcceptedTouched),
		},
	}
}

// SLAReport tells how the offers of a period went: what the house took, what people took, and which deadlines were met.
func (s *Store) SLAReport(ctx context.Context, f record.SLAFilter) (record.SLAReport, error) {
	out := record.SLAReport{SLAFilter: f, Items: []record.SLALine{}}
	rows, err := reported[slaRow](ctx, s, sqlSLAReport, journeyArgs(f.Offers()))
	if err != nil {
		return out, masked("sla report", err)
	}
	var all slaRow
	for _, row := range rows {
		all.add(row)
		if f.By != "" {
			out.Items = append(out.Items, row.line())
		}
	}
	slices.SortFunc(out.Items, func(a, b record.SLALine) int {
		if a.Offers != b.Offers {
			return b.Offers - a.Offers
		}
		return strings.Compare(a.Key, b.Key)
	})
	out.Total = all.line()
	return out, nil
}

const sqlSeen = `WITH seen AS (
	INSERT INTO assignment_terms (assignment_id, seen_at, seen_by)
	SELECT id, now(), @how FROM assignments WHERE id = ANY(@ids::uuid[]) AND state = 'offered' ORDER BY id
	ON CONFLICT (assignment_id) DO UPDATE SET seen_at = now(), seen_by = EXCLUDED.seen_by WHERE assignment_terms.seen_at IS NULL
	RETURNING assignment_id
) INSERT INTO journeys_due SELECT a.lead_id FROM seen JOIN assignments a ON a.id = seen.assignment_id`

// SeeOffers notes that the rep of open offers has them before their eyes: in the inbox, or behind the link of a notification.
// The first time counts.
func (s *Store) SeeOffers(ctx context.Context, assignments []string, how string) error {
	if len(assignments) == 0 {
		return nil
	}
	_, err := s.pool.Exec(ctx, sqlSeen, pgx.NamedArgs{"ids": assignments, "how": how})
	return masked("see offers", err)
}
