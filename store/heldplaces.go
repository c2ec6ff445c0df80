package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	// Whoever has a place by this lead, as it is now, and may have none by what is told of it. Of who takes any number nobody counts the places.
	sqlHoldPlaces = `INSERT INTO held_places (lead_id, rep_id, version)
SELECT @id::uuid, r.id, @version::bigint FROM reps r WHERE r.id IN (
	SELECT l.owner FROM leads l WHERE l.id = @id AND l.stage IN ` + takesALead + `
	UNION SELECT a.rep_id FROM assignments a WHERE a.lead_id = @id AND (a.state = 'offered' OR a.state = 'accepted' AND (a.id = ANY(@ended::uuid[])
		OR a.cycle = (SELECT l.cycle FROM leads l WHERE l.id = @id) AND ` + untold + `)))
AND r.id IS DISTINCT FROM CASE WHEN @stage IN ` + takesALead + ` THEN @owner::uuid END AND (r.capacity IS NOT NULL OR r.per_day IS NOT NULL)
` + heldAgain

	heldAgain = `ON CONFLICT (lead_id, rep_id) DO UPDATE SET version = excluded.version, at = now(), next_at = now()`

	// What a lost attempt gave away by a later version is given away by this one, or not at all.
	sqlHeldByLost = `UPDATE held_places SET version = @version WHERE lead_id = @id AND version > @version`

	// The longer a run does not say that it has come so far, the less often it is asked.
	sqlClaimPlaces = `UPDATE held_places p SET next_at = now() + least(now() - p.at + interval '2 seconds', interval '1 minute')
FROM (SELECT lead_id, rep_id FROM held_places WHERE next_at <= now() ORDER BY next_at LIMIT @rows FOR UPDATE SKIP LOCKED) AS due
WHERE p.lead_id = due.lead_id AND p.rep_id = due.rep_id RETURNING p.lead_id::text, p.version, now() - p.at`

	sqlFreePlaces = `DELETE FROM held_places p USING (
	SELECT h.lead_id, h.rep_id FROM held_places h JOIN unnest(@leads::uuid[], @versions::bigint[]) AS told (lead_id, version)
		ON h.lead_id = told.lead_id AND h.version <= told.version ORDER BY h.lead_id, h.rep_id FOR UPDATE OF h) AS free
WHERE p.lead_id = free.lead_id AND p.rep_id = free.rep_id RETURNING p.rep_id::text`

	// For each place the lead that has been in the queue longest of those that found this rep full when they looked last and have looked
	// again for no other place meanwhile.
	sqlWaitForPlaces = `WITH waits AS MATERIALIZED (
	SELECT l.id, l.stage_at, looked.candidates FROM (SELECT id, stage_at, state FROM leads WHERE stage = 'qualified' AND NOT paused ORDER BY stage_at, id LIMIT 1000) AS l
	CROSS JOIN LATERAL (SELECT r.candidates, r.rep_id FROM routings r WHERE r.lead_id = l.id ORDER BY r.id DESC LIMIT 1) AS looked
	WHERE looked.rep_id IS NULL AND l.state #> '{lead,clocks}' @> '[{"kind": "retry"}]' AND (SELECT count(*) FROM outbox o WHERE o.lead_id = l.id AND o.not_before <= now()) = 0
), full_for AS (
	SELECT w.id, f.rep, f.places, row_number() OVER (PARTITION BY f.rep ORDER BY w.stage_at, w.id) AS n
	FROM (SELECT rep, count(*) AS places FROM unnest(@reps::text[]) AS rep GROUP BY rep) AS f JOIN waits w ON
		w.candidates @> jsonb_build_array(jsonb_build_object('rep_id', f.rep, 'excluded', 'capacity'))
		OR w.candidates @> jsonb_build_array(jsonb_build_object('rep_id', f.rep, 'excluded', 'per_day'))
)
SELECT DISTINCT id::text FROM full_for WHERE n <= places`
)

// ClaimPlaces takes places that were given away, and of which it is to be asked whether their runs have come so far. Who does not answer
// is asked again later, by anybody.
func (s *Store) ClaimPlaces(ctx context.Context, limit int) ([]record.HeldPlace, error) {
	rows, _ := s.pool.Query(ctx, sqlClaimPlaces, pgx.NamedArgs{"rows": limit})
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p record.HeldPlace, err error) {
		return p, row.Scan(&p.LeadID, &p.Version, &p.For)
	})
	return out, masked("claim places", err)
}

// FreePlaces gives the places to the next that were given away up to the version of the lead that its run has come to: the runs of as many
// leads look again that found these reps full. These are looked for once the places are free for all to see; whoever is told of a place
// then, and does not get it, waits as before.
func (s *Store) FreePlaces(ctx context.Context, told []record.HeldPlace) error {
	var leads []string
	var versions []int64
	for _, t := range told {
		leads, versions = append(leads, t.LeadID), append(versions, t.Version)
	}
	rows, _ := s.pool.Query(ctx, sqlFreePlaces, pgx.NamedArgs{"leads": leads, "versions": versions})
	reps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(reps) == 0 {
		return masked("free places", err)
	}
	return s.tx(ctx, "tell of places", func(tx pgx.Tx) error {
		wait, err := pgx.CollectRows(query(ctx, tx, sqlWaitForPlaces, pgx.NamedArgs{"reps": reps}), pgx.RowTo[string])
		if err != nil || len(wait) == 0 {
			return err
		}
		return nudgeQueue(ctx, tx, wait...)
	})
}
