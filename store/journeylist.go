package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlJourneyList = `SELECT lead_id::text AS lead_id, cycle, began_at, mql_at, accepted_at, opportunity_at, won_at, stage, stage_at, source_code AS source, campaign, band,
	model_version AS model, team_id::text AS team_id, rep_id::text AS rep_id, (cents / 100.0)::numeric(18, 2)::text AS amount, currency
FROM journeys ` + theJourneys + ` AND (began_at, lead_id, cycle) < (@at, @lead::uuid, @after::int)
	AND (@by::text = '' OR coalesce(` + journeyKeys + `, '') = @key::text)
	AND CASE @figure::text WHEN 'captured' THEN true WHEN 'mql' THEN mql_at IS NOT NULL WHEN 'accepted' THEN accepted_at IS NOT NULL
		WHEN 'opportunity' THEN opportunity_at IS NOT NULL WHEN 'won' THEN won_at IS NOT NULL
		WHEN 'open' THEN stage NOT IN ('won', 'lost', 'disqualified', 'dormant', 'erased') ELSE stage = @figure END
ORDER BY began_at DESC, lead_id DESC, cycle DESC LIMIT @rows`

// Journeys lists what a figure of a report is made of, the newest first: the journeys that reached a step or are at an ending, of one line of the
// breakdown or of all (by empty).
func (s *Store) Journeys(ctx context.Context, f record.FunnelFilter, figure, key, cursor string, limit int) (record.Page[record.Journeyed], error) {
	const op = "list journeys"
	none := record.Page[record.Journeyed]{}
	after, err := markOf(op, cursor, mark{At: newest.At, ID: newest.ID + "/2147483647"})
	lead, cycle, _ := strings.Cut(after.ID, "/")
	number, numErr := numberOf(cycle)
	if err != nil || numErr != nil || !isID(lead) {
		return none, errCursor
	}
	args := journeyArgs(f)
	args["at"], args["lead"], args["after"], args["figure"], args["key"], args["rows"] = after.At, lead, number, figure, key, pageSize(limit)+1
	rows, _ := s.pool.Query(ctx, sqlJourneyList, args)
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Journeyed])
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(j record.Journeyed) string {
		return sealed(op, mark{j.BeganAt.UTC().Truncate(time.Microsecond), j.LeadID + "/" + strconv.Itoa(j.Cycle)}.text())
	}), nil
}
