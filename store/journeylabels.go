package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const sqlPersonasBy = `SELECT version FROM models WHERE state = 'published'`

// personasBy is the model that says of which persona somebody is, and what its personas are, as a hash; nil where none is published.
func (s *Store) personasBy(ctx context.Context, q querier) (*scoring.Scorer, string, error) {
	rows, _ := q.Query(ctx, sqlPersonasBy)
	version, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, "", nil
	} else if err != nil {
		return nil, "", err
	}
	of, err := s.scorer(ctx, q, version)
	if err != nil || len(of.Personas) == 0 {
		return of, "", err
	}
	text, err := json.Marshal(of.Personas)
	sum := sha256.Sum256(text)
	return of, hex.EncodeToString(sum[:]), err
}

// personasOf are the personas that a profile is of, in order of their names.
func personasOf(of *scoring.Scorer, profile person.Profile) []string {
	out := []string{}
	if of == nil {
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(of.Personas)) {
		if of.Is(name, profile) {
			out = append(out, name)
		}
	}
	return out
}

// What came in while a cycle was on, and happened later than a minute after it began. Where events of that time are no longer kept, what was
// known of them before stays.
const sqlTravelEngaged = `SELECT w.lead_id::text AS lead_id, w.cycle, CASE WHEN k.since > w.began THEN greatest(CASE WHEN j.engaged_at < w.ended THEN j.engaged_at END, e.at) ELSE e.at END AS at
FROM unnest(@leads::uuid[], @cycles::int[], @began::timestamptz[], @ended::timestamptz[]) AS w (lead_id, cycle, began, ended) CROSS JOIN events_kept k
LEFT JOIN journeys j ON j.lead_id = w.lead_id AND j.cycle = w.cycle
CROSS JOIN LATERAL (
	SELECT max(e.occurred_at) AS at FROM events e WHERE e.lead_id = w.lead_id AND e.voided_at IS NULL AND e.type <> ALL(@averse::text[])
		AND e.occurred_at > w.began + interval '1 minute'
		AND coalesce(e.inherited_at, e.received_at) >= w.began AND coalesce(e.inherited_at, e.received_at) < w.ended
) AS e`

// engagedInCycles notes when somebody engaged last in the cycles that are over; of the last one scores tell: see engagedByNow.
func engagedInCycles(ctx context.Context, q querier, journeys []record.Journey) error {
	var leads []string
	var cycles []int
	var began, ended []time.Time
	over := map[journeyKey]*record.Journey{}
	for i := range len(journeys) - 1 {
		j, next := &journeys[i], journeys[i+1]
		if j.Cycle > 0 && next.LeadID == j.LeadID {
			over[journeyKey{j.LeadID, j.Cycle}] = j
			leads, cycles = append(leads, j.LeadID), append(cycles, j.Cycle)
			began, ended = append(began, j.Reached[funnel.Captured]), append(ended, next.Reached[funnel.Captured])
		}
	}
	if len(leads) == 0 {
		return nil
	}
	rows, _ := q.Query(ctx, sqlTravelEngaged, pgx.NamedArgs{"leads": leads, "cycles": cycles, "began": began, "ended": ended, "averse": person.AverseTypes})
	var key journeyKey
	var at *time.Time
	_, err := pgx.ForEachRow(rows, []any{&key.lead, &key.cycle, &at}, func() error {
		over[key].EngagedAt = at
		return nil
	})
	return err
}

const sqlTravelEngagedByNow = `SELECT lead_id::text, engaged_at FROM scores WHERE lead_id = ANY(@leads::uuid[]) AND engaged_at IS NOT NULL`

// engagedByNow notes when somebody engaged last, for the lead as a whole and for its last cycle. Nobody is folded because they engaged: reports ask scores for
// what is newer than the sweep of sqlSweepEngaged.
func engagedByNow(ctx context.Context, q querier, journeys []record.Journey) error {
	var leads []string
	for _, j := range journeys {
		if j.Cycle == 0 {
			leads = append(leads, j.LeadID)
		}
	}
	rows, _ := q.Query(ctx, sqlTravelEngagedByNow, pgx.NamedArgs{"leads": leads})
	engaged := map[string]time.Time{}
	var lead string
	var at time.Time
	if _, err := pgx.ForEachRow(rows, []any{&lead, &at}, func() error {
		engaged[lead] = at
		return nil
	}); err != nil {
		return err
	}
	for i := range journeys {
		j := &journeys[i]
		if at, ok := engaged[j.LeadID]; ok && (j.Cycle == 0 || j.Cycle == j.Cycles) {
			j.EngagedAt = &at
		}
	}
	return nil
}

// A channel is told as the source of a lead is: by its code, or other.
const sqlTravelTouches = `SELECT w.lead_id::text AS lead_id, w.cycle, array_agg(t.at ORDER BY t.at, t.id) AS at,
	array_agg(CASE WHEN lower(trim(t.source ->> 'channel')) ~ '^[a-z0-9._-]{1,64}$' THEN lower(trim(t.source ->> 'channel')) ELSE 'other' END ORDER BY t.at, t.id) AS sources,
	array_agg(coalesce(t.source ->> 'campaign', '') ORDER BY t.at, t.id) AS campaigns
FROM unnest(@leads::uuid[], @cycles::int[], @won::timestamptz[]) AS w (lead_id, cycle, won_at) JOIN touches t ON t.lead_id = w.lead_id AND t.at <= w.won_at GROUP BY 1, 2`

// touchedBefore notes the touches before what was won for money: attribution shares it among them.
func touchedBefore(ctx context.Context, q querier, journeys []record.Journey) error {
	var leads []string
	var cycles []int
	var won []time.Time
	sold := map[journeyKey]*record.Journey{}
	for i := range journeys {
		j := &journeys[i]
		if at, ok := j.Reached[funnel.Won]; ok && j.Cents != nil {
			sold[journeyKey{j.LeadID, j.Cycle}] = j
			leads, cycles, won = append(leads, j.LeadID), append(cycles, j.Cycle), append(won, at)
		}
	}
	if len(leads) == 0 {
		return nil
	}
	rows, _ := q.Query(ctx, sqlTravelTouches, pgx.NamedArgs{"leads": leads, "cycles": cycles, "won": won})
	var key journeyKey
	var at []time.Time
	var sources, campaigns []string
	_, err := pgx.ForEachRow(rows, []any{&key.lead, &key.cycle, &at, &sources, &campaigns}, func() error {
		j := sold[key]
		j.TouchedAt, j.TouchSources, j.TouchCampaigns = slices.Clone(at), slices.Clone(sources), slices.Clone(campaigns)
		return nil
	})
	return err
}
