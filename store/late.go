package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// lateAfter is how long a mail may wait after it was queued before it is looked at again whether it may go at this hour. Whoever
// queues a mail has seen that it may; most are gone within seconds, and cost nothing here.
const lateAfter = 10 * time.Minute

// Where a lead lives: its team's zone and the house's, where the profile does not say. A team is where its calendar is, and the house is
// where the calendar of its policy is.
const zonesOfLead = `coalesce((SELECT c.spec ->> 'time_zone' FROM teams t JOIN calendars c ON c.id = t.calendar_id WHERE t.id = l.team_id), '') AS team_zone,
	coalesce((SELECT c.spec ->> 'time_zone' FROM calendars c WHERE c.name = p.document ->> 'calendar'), '') AS house_zone`

const sqlHoursOfLate = `SELECT d.id, now() AS now, l.id AS lead_id, l.cycle, l.profile, coalesce(p.document, '{}') AS policy, ` + zonesOfLead + `
FROM deliveries d JOIN leads l ON l.id = d.lead_id LEFT JOIN policies p ON p.active
WHERE d.id = ANY(@ids::uuid[])`

type hoursRow struct {
	ID        string
	Now       time.Time
	LeadID    string
	Cycle     int
	Profile   person.Profile
	Policy    json.RawMessage
	TeamZone  string
	HouseZone string
}

// It was claimed just now; whoever has it since then decides.
const sqlPutOff = `UPDATE deliveries d SET state = 'queued', code = 'window', claimed_until = NULL, not_before = o.at
FROM unnest(@ids::uuid[], @attempts::int[], @moments::timestamptz[]) AS o (id, attempt, at)
WHERE d.id = o.id AND d.attempts = o.attempt AND d.state = 'claimed'`

// inTheirHours puts off what waited since it was queued and may not go at this hour, until it may, and answers the others.
func (s *Store) inTheirHours(ctx context.Context, claimed []record.Delivery) ([]record.Delivery, error) {
	const op = "look at the hours of mails"
	var late []string
	for _, d := range claimed {
		if d.Kind == kindNurture && d.Stop == "" && time.Since(d.CreatedAt) > lateAfter {
			late = append(late, d.ID)
		}
	}
	if len(late) == 0 {
		return claimed, nil
	}
	rows, _ := s.pool.Query(ctx, sqlHoursOfLate, pgx.NamedArgs{"ids": late})
	hours, err := byKey(rows, pgx.RowToStructByName[hoursRow], func(r hoursRow) string { return r.ID })
	if err != nil {
		return nil, masked(op, err)
	}
	var out []record.Delivery
	var ids []string
	var attempts []int
	var moments []time.Time
	for _, d := range claimed {
		at, shut, err := s.opens(ctx, d, hours)
		if err != nil {
			return nil, err
		}
		if !shut {
			out = append(out, d)
			continue
		}
		ids, attempts, moments = append(ids, d.ID), append(attempts, d.Attempts), append(moments, at)
	}
	if len(ids) > 0 {
		_, err = s.pool.Exec(ctx, sqlPutOff, pgx.NamedArgs{"ids": ids, "attempts": attempts, "moments": moments})
	}
	return out, masked(op, err)
}

// opens is when a mail may go, where that is not now.
func (s *Store) opens(ctx context.Context, d record.Delivery, hours map[string]hoursRow) (at time.Time, shut bool, err error) {
	h, late := hours[d.ID]
	if !late {
		return at, false, nil
	}
	doc, err := s.script(ctx, s.pool, d.Sequence, d.Version)
	if err != nil {
		return at, false, nil //nolint:nilerr // whoever composes says so
	}
	policy, err := policyOf(h.Policy)
	if err != nil {
		return at, false, err
	}
	home := homeOf(h.Profile, h.TeamZone, h.HouseZone)
	f := sequence.Facts{Lead: h.LeadID, Cycle: h.Cycle, Zone: windowZone(doc.Window, home), Home: home, Rules: rulesOf(policy)}
	at = doc.Opens(f, d.Step, h.Now)
	return at, at.After(h.Now), nil
}
