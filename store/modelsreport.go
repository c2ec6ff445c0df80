package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlModelLeads = `SELECT grouping(model_version) = 1 AS whole, coalesce(model_version, 0) AS model, count(*)::int AS leads, count(won_at)::int AS won
FROM journeys ` + theJourneys + ` AND model_version IS NOT NULL GROUP BY GROUPING SETS ((), (model_version))`

// Offers are few beside leads: one row each, by the index of the moment at which they were made. Met and breached are of offers with a
// deadline, as in the report about service levels. A lead that is paused holds the clock of its open offer.
const (
	theOffers = `FROM assignments a WHERE a.offered_at >= @from AND a.offered_at < @to AND (@model::int = 0 OR a.model_version = @model)
	AND (@team::uuid IS NULL OR a.team_id = @team) AND (@rep::uuid IS NULL OR a.rep_id = @rep)
	AND (@band::text = '' OR EXISTS (SELECT FROM assignment_terms t WHERE t.assignment_id = a.id AND t.band = @band))
	AND ((@source::text = '' AND @campaign::text = '') OR EXISTS (SELECT FROM leads l WHERE l.id = a.lead_id
		AND (@source = '' OR l.source_code = @source) AND (@campaign = '' OR l.source ->> 'campaign' = @campaign)))`

	offerRuns = `(a.state = 'offered' AND (a.due_at > now() OR (SELECT l.sla_state FROM leads l WHERE l.id = a.lead_id) = 'held'))`
	offerMet  = `(` + offerDecided + ` AND a.decided_at <= a.due_at)`
	offerLate = `(a.due_at IS NOT NULL AND CASE WHEN ` + offerDecided + ` THEN a.decided_at > a.due_at WHEN a.state = 'missed' THEN true
		WHEN a.state = 'offered' THEN NOT ` + offerRuns + ` ELSE false END)`
	offerMissed = `(a.state = 'missed' AND NOT ` + offerDecided + `)`
)

const sqlModelOffers = `SELECT grouping(model_version) = 1 AS whole, coalesce(model_version, 0) AS model, count(*)::int AS offers,
	count(*) FILTER (WHERE accepted)::int AS accepted, count(*) FILTER (WHERE state = 'rejected')::int AS rejected, count(*) FILTER (WHERE missed)::int AS missed,
	count(*) FILTER (WHERE met)::int AS met, count(*) FILTER (WHERE late)::int AS breached, ` + spanOf + `took) FILTER (WHERE took >= 0) AS took
FROM (
	SELECT a.model_version, a.state, ` + offerAccepted + ` AS accepted, ` + offerMissed + ` AS missed, ` + offerMet + ` AS met, ` + offerLate + ` AS late,
		CASE WHEN ` + offerAccepted + ` THEN extract(epoch FROM a.decided_at - a.offered_at)::float8 END AS took
	` + theOffers + `
) AS o GROUP BY GROUPING SETS ((), (model_version))`

const sqlModelStates = `SELECT version AS model, state, published_at FROM models`

type modelLeads struct {
	Whole             bool
	Model, Leads, Won int
}

type modelOffers struct {
	Whole                                                    bool
	Model, Offers, Accepted, Rejected, Missed, Met, Breached int
	Took                                                     []float64
}

type modelState struct {
	Model       int
	State       string
	PublishedAt *time.Time
}

// ModelsReport puts versions of the model side by side: what became of the leads that began in a period and were first offered under
// each, and how the offers went that were made in it.
func (s *Store) ModelsReport(ctx context.Context, f record.FunnelFilter) (record.ModelsReport, error) {
	out := record.ModelsReport{FunnelFilter: f, Items: []record.ModelLine{}}
	args := journeyArgs(f)
	var leads []modelLeads
	var offers []modelOffers
	var states []modelState
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() (err error) { leads, err = reported[modelLeads](ctx, s, sqlModelLeads, args); return err })
	all.Go(func() (err error) { offers, err = reported[modelOffers](ctx, s, sqlModelOffers, args); return err })
	all.Go(func() (err error) { states, err = reported[modelState](ctx, s, sqlModelStates, nil); return err })
	if err := all.Wait(); err != nil {
		return out, masked("models report", err)
	}
	out.Total, out.Items = modelLines(leads, offers, states)
	return out, nil
}

// modelLines joins what is known of each version, the newest first.
func modelLines(leads []modelLeads, offers []modelOffers, states []modelState) (total record.ModelLine, items []record.ModelLine) {
	by := map[int]*record.ModelLine{}
	of := func(whole bool, model int) *record.ModelLine {
		switch {
		case whole:
			return &total
		case by[model] == nil:
			by[model] = &record.ModelLine{Model: model}
		}
		return by[model]
	}
	of(true, 0).WinRate, total.Acceptance, total.SLA = rate(0, 0), rate(0, 0), rate(0, 0)
	for _, l := range leads {
		line := of(l.Whole, l.Model)
		line.Leads, line.Won, line.WinRate = l.Leads, l.Won, rate(l.Won, l.Leads)
	}
	for _, o := range offers {
		line := of(o.Whole, o.Model)
		line.Offers, line.Accepted, line.Rejected, line.Met, line.Breached = o.Offers, o.Accepted, o.Rejected, o.Met, o.Breached
		line.Acceptance, line.SLA = rate(o.Accepted, o.Accepted+o.Rejected+o.Missed), rate(o.Met, o.Met+o.Breached)
		if len(o.Took) == 2 {
			line.TookP50, line.TookP90 = &o.Took[0], &o.Took[1]
		}
	}
	for _, st := range states {
		if line := by[st.Model]; line != nil {
			line.State, line.PublishedAt = st.State, st.PublishedAt
		}
	}
	return total, newestModels(by)
}

func newestModels(by map[int]*record.ModelLine) []record.ModelLine {
	items := make([]record.ModelLine, 0, len(by))
	for _, version := range slices.Backward(slices.Sorted(maps.Keys(by))) {
		items = append(items, *by[version])
	}
	return items
}

const sqlOfferList = `SELECT a.id::text AS assignment_id, a.lead_id::text AS lead_id, a.rep_id::text AS rep_id, a.team_id::text AS team_id, a.model_version AS model,
	coalesce(t.band, '') AS band, l.source_code AS source, a.state, a.offered_at, a.due_at, a.decided_at
FROM (
	SELECT a.* ` + theOffers + ` AND (a.offered_at, a.id) < (@at, @after::uuid)
		AND CASE @figure::text WHEN 'accepted' THEN ` + offerAccepted + ` WHEN 'missed' THEN ` + offerMissed + ` WHEN 'met' THEN ` + offerMet + ` WHEN 'breached' THEN ` + offerLate + `
			WHEN 'running' THEN ` + offerRuns + ` WHEN 'offers' THEN true ELSE a.state = @figure END
) AS a JOIN leads l ON l.id = a.lead_id LEFT JOIN assignment_terms t ON t.assignment_id = a.id
ORDER BY a.offered_at DESC, a.id DESC LIMIT @rows`

// OffersMade lists the offers that a figure of a report is made of, the newest first.
func (s *Store) OffersMade(ctx context.Context, f record.FunnelFilter, figure, cursor string, limit int) (record.Page[record.OfferedLead], error) {
	const op = "list offers"
	none := record.Page[record.OfferedLead]{}
	after, err := markOf(op, cursor, newest)
	if err != nil || !isID(after.ID) {
		return none, errCursor
	}
	args := journeyArgs(f)
	args["at"], args["after"], args["figure"], args["rows"] = after.At, after.ID, figure, pageSize(limit)+1
	items, err := reported[record.OfferedLead](ctx, s, sqlOfferList, args)
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(o record.OfferedLead) string { return sealed(op, mark{o.OfferedAt.UTC(), o.AssignmentID}.text()) }), nil
}
