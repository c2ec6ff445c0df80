package store

import (
	"context"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// What a figure is made of. What is of the period is said by when it began, or by when it came to the step of the figure.
const (
	ofFigure = `CASE @figure::text WHEN 'captured' THEN true WHEN 'mql' THEN mql_at IS NOT NULL WHEN 'accepted' THEN accepted_at IS NOT NULL
		WHEN 'opportunity' THEN opportunity_at IS NOT NULL WHEN 'won' THEN won_at IS NOT NULL
		WHEN 'open' THEN stage NOT IN ('won', 'lost', 'disqualified', 'dormant', 'erased') WHEN 'ended_won' THEN stage = 'won'
		WHEN 'to_mql' THEN mql_at IS NOT NULL WHEN 'to_accepted' THEN mql_at IS NOT NULL AND accepted_at IS NOT NULL
		WHEN 'to_opportunity' THEN accepted_at IS NOT NULL AND opportunity_at IS NOT NULL WHEN 'to_won' THEN opportunity_at IS NOT NULL AND won_at IS NOT NULL
		WHEN 'captured-mql' THEN mql_at >= began_at WHEN 'mql-accepted' THEN accepted_at >= mql_at WHEN 'accepted-opportunity' THEN opportunity_at >= accepted_at
		WHEN 'opportunity-won' THEN won_at >= opportunity_at WHEN 'accepted-won' THEN won_at >= accepted_at WHEN 'captured-won' THEN won_at >= began_at
		WHEN 'captured-disqualified' THEN stage = 'disqualified' AND stage_at >= began_at WHEN 'captured-lost' THEN stage = 'lost' AND stage_at >= began_at
		WHEN 'in_nurturing' THEN in_nurturing IS NOT NULL WHEN 'in_qualified' THEN in_qualified IS NOT NULL WHEN 'in_handoff' THEN in_handoff IS NOT NULL
		WHEN 'in_working' THEN in_working IS NOT NULL WHEN 'in_opportunity' THEN in_opportunity IS NOT NULL WHEN 'in_dormant' THEN in_dormant IS NOT NULL
		WHEN 'recycled' THEN cycles > 1 AND cycle <> 1 WHEN 'rewon' THEN rewon_at IS NOT NULL WHEN 'paid' THEN cents IS NOT NULL
		WHEN 'won_by' THEN won_at IS NOT NULL AND ` + ageOfJourney + ` <= @age::int WHEN 'at_risk' THEN ` + ageOfJourney + ` >= @age ELSE stage = @figure END`

	ofPeriod = `CASE WHEN @counted::text <> 'reached' THEN began_at WHEN @figure::text = 'mql' THEN mql_at WHEN @figure = 'accepted' THEN accepted_at
		WHEN @figure = 'opportunity' THEN opportunity_at WHEN @figure IN ('won', 'paid') THEN won_at WHEN @figure = 'rewon' THEN rewon_at ELSE began_at END`
)

const sqlJourneyList = `SELECT lead_id::text AS lead_id, cycle, began_at, mql_at, accepted_at, opportunity_at, won_at, stage, stage_at, source_code AS source, campaign, personas, band,
	model_version AS model, team_id::text AS team_id, rep_id::text AS rep_id, (cents / 100.0)::numeric(18, 2)::text AS amount, currency
FROM journeys WHERE ` + ofPeriod + ` >= @from AND ` + ofPeriod + ` < @to AND ` + ofJourneys + ` AND (began_at, lead_id, cycle) < (@at, @lead::uuid, @after::int)
	AND ` + ofLine + ` AND ` + ofFigure + ` ORDER BY began_at DESC, lead_id DESC, cycle DESC LIMIT @rows`

// Journeys lists what a figure of a report is made of, the newest first: the journeys that reached a step or are at an ending, of one line of the
// breakdown or of all (by empty).
func (s *Store) Journeys(ctx context.Context, f record.FunnelFilter, o record.Opened, cursor string, limit int) (record.Page[record.Journeyed], error) {
	const op = "list journeys"
	none := record.Page[record.Journeyed]{}
	args, err := journeyPage(op, f, cursor, limit)
	if err != nil {
		return none, err
	}
	args["figure"], args["key"], args["counted"], args["age"] = o.Figure, o.Key, o.Counted, o.Age
	items, err := reported[record.Journeyed](ctx, s, sqlJourneyList, args)
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(j record.Journeyed) string {
		return sealed(op, mark{j.BeganAt.UTC().Truncate(time.Microsecond), j.LeadID + "/" + strconv.Itoa(j.Cycle)}.text())
	}), nil
}
