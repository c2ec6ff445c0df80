package store

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// The offers that a report is about, by when they were made: one narrow row each, which is folded with the journeys. Met and breached are of offers with
// a deadline. A lead that is paused holds the clock of its open offer.
const (
	theOffers = `FROM offer_times a WHERE a.offered_at >= @from AND a.offered_at < @to AND (@model::int = 0 OR a.model_version = @model)
	AND (@team::uuid IS NULL OR a.team_id = @team) AND (@rep::uuid IS NULL OR a.rep_id = @rep) AND (@band::text = '' OR a.band = @band)
	AND (@source::text = '' OR a.source_code = @source) AND (@campaign::text = '' OR a.campaign = @campaign)
	AND (@persona::text = '' OR EXISTS (SELECT FROM journeys j WHERE j.lead_id = a.lead_id AND j.cycle = 0 AND @persona = ANY(j.personas)))`

	offerRuns   = `(a.state = 'offered' AND (a.due_at > now() OR (SELECT l.sla_state FROM leads l WHERE l.id = a.lead_id) = 'held'))`
	offerMet    = `(a.decided AND a.decided_at <= a.due_at)`
	offerMissed = `(a.state = 'missed' AND NOT a.decided)`
	offerLate   = `(a.due_at IS NOT NULL AND CASE WHEN a.decided THEN a.decided_at > a.due_at WHEN a.state = 'missed' THEN true
		WHEN a.state = 'offered' THEN NOT ` + offerRuns + ` ELSE false END)`
	touchMet  = `(a.accepted AND a.touched_at IS NOT NULL AND NOT a.untouched)`
	touchLate = `(a.accepted AND a.untouched)`

	offerKeys = `CASE @by::text WHEN 'team' THEN a.team_id::text WHEN 'rep' THEN a.rep_id::text WHEN 'source' THEN a.source_code WHEN 'band' THEN a.band
		WHEN 'campaign' THEN a.campaign WHEN 'model' THEN a.model_version::text WHEN 'week' THEN date_trunc('week', a.offered_at AT TIME ZONE 'UTC')::date::text
		WHEN 'month' THEN to_char(a.offered_at AT TIME ZONE 'UTC', 'YYYY-MM') ELSE '' END`
)

// Which moments make a time known. Those that are missing make what is compared unknown, which is not true.
const (
	timedOffered   = `a.crossed_at IS NOT NULL`
	timedDelivered = `a.delivered_at IS NOT NULL`
	timedReached   = `a.delivered_at IS NOT NULL AND a.crossed_at IS NOT NULL`
	timedSeen      = `a.seen_at IS NOT NULL AND a.delivered_at IS NOT NULL`
	timedChosen    = `a.decided AND a.seen_at IS NOT NULL`
	timedDecided   = `a.decided AND a.delivered_at IS NOT NULL`
	timedTouched   = `a.accepted AND a.touched_at IS NOT NULL`
)

const sqlOfferList = `SELECT a.assignment_id::text AS assignment_id, a.lead_id::text AS lead_id, a.rep_id::text AS rep_id, a.team_id::text AS team_id, a.model_version AS model,
	a.band, a.source_code AS source, a.state, a.offered_at, a.due_at, a.decided_at
` + theOffers + ` AND (a.offered_at, a.assignment_id) < (@at, @after::uuid) AND (NOT @due::boolean OR a.due_at IS NOT NULL)
	AND (@by::text = '' OR coalesce(` + offerKeys + `, '') = @key::text)
	AND CASE @figure::text WHEN 'accepted' THEN a.accepted WHEN 'missed' THEN ` + offerMissed + ` WHEN 'met' THEN ` + offerMet + ` WHEN 'breached' THEN ` + offerLate + `
		WHEN 'running' THEN ` + offerRuns + ` WHEN 'touch_met' THEN ` + touchMet + ` WHEN 'touch_breached' THEN ` + touchLate + `
		WHEN 'crossed_to_offered' THEN ` + timedOffered + ` WHEN 'offered_to_delivered' THEN ` + timedDelivered + ` WHEN 'crossed_to_delivered' THEN ` + timedReached + `
		WHEN 'delivered_to_seen' THEN ` + timedSeen + ` WHEN 'seen_to_decided' THEN ` + timedChosen + ` WHEN 'delivered_to_decided' THEN ` + timedDecided + `
		WHEN 'accepted_to_touched' THEN ` + timedTouched + ` WHEN 'due_to_told' THEN a.told_late IS NOT NULL WHEN 'offers' THEN true ELSE a.state = @figure END
ORDER BY a.offered_at DESC, a.assignment_id DESC LIMIT @rows`

// OffersMade lists the offers that a figure of a report is made of, the newest first: of one line of the breakdown, or of all (by empty).
func (s *Store) OffersMade(ctx context.Context, f record.FunnelFilter, o record.Opened, cursor string, limit int) (record.Page[record.OfferedLead], error) {
	const op = "list offers"
	none := record.Page[record.OfferedLead]{}
	after, err := markOf(op, cursor, newest)
	if err != nil || !isID(after.ID) {
		return none, errCursor
	}
	args := journeyArgs(f)
	args["at"], args["after"], args["figure"], args["key"], args["due"], args["rows"] = after.At, after.ID, o.Figure, o.Key, o.Due, pageSize(limit)+1
	items, err := reported[record.OfferedLead](ctx, s, sqlOfferList, args)
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(o record.OfferedLead) string { return sealed(op, mark{o.OfferedAt.UTC(), o.AssignmentID}.text()) }), nil
}
