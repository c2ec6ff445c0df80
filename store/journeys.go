package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const (
	// Who was merged into somebody is no lead of their own any more. Of who was erased the timeline has lost what was undone: their journeys stay as they were folded before, if they were.
	sqlTravellers = `SELECT l.id::text AS lead_id, l.created_at, l.source_code, coalesce(l.source ->> 'campaign', '') AS campaign, l.profile FROM leads l
WHERE l.id = ANY(@leads::uuid[]) AND l.merged_into IS NULL AND (l.stage <> 'erased' OR NOT EXISTS (SELECT FROM journeys j WHERE j.lead_id = l.id)) ORDER BY l.id`

	sqlMoves = `SELECT t.lead_id::text AS lead_id, t.to_stage AS stage, t.cycle, t.at FROM timeline t
WHERE t.lead_id = ANY(@leads::uuid[]) AND t.to_stage IS DISTINCT FROM t.from_stage AND t.to_stage IS NOT NULL
	AND NOT EXISTS (SELECT FROM timeline u WHERE u.lead_id = t.lead_id AND u.data ->> 'undoes' = t.data ->> 'decision_id')
ORDER BY t.lead_id, t.at, t.id`

	sqlTravelOffers = `SELECT a.lead_id::text AS lead_id, a.cycle, coalesce(t.band, '') AS band, a.model_version, a.team_id::text AS team_id, a.rep_id::text AS rep_id,
	a.state = 'accepted' AS accepted
FROM assignments a LEFT JOIN assignment_terms t ON t.assignment_id = a.id WHERE a.lead_id = ANY(@leads::uuid[]) ORDER BY a.lead_id, a.cycle, a.offered_at, a.id`

	sqlTravelWon = `SELECT DISTINCT ON (lead_id, cycle) lead_id::text AS lead_id, cycle, (amount * 100)::bigint AS cents, currency FROM outcomes
WHERE lead_id = ANY(@leads::uuid[]) AND kind = 'won' AND amount IS NOT NULL ORDER BY lead_id, cycle, at DESC, id DESC`
)

type traveller struct {
	LeadID     string
	CreatedAt  time.Time
	SourceCode string
	Campaign   string
	Profile    person.Profile
	personas   []string
	moves      []funnel.Move
	offers     []travelOffer
	won        []travelWon
}

type travelOffer struct {
	LeadID        string
	Cycle         int
	Band          string
	ModelVersion  *int
	TeamID, RepID *string
	Accepted      bool
}

type travelWon struct {
	LeadID   string
	Cycle    int
	Cents    *int64
	Currency *string
}

// travels folds the journeys of so many leads from what the house keeps of them. Of is the published model, by which they are of personas; nil: there
// is none.
func travels(ctx context.Context, q querier, of *scoring.Scorer, leads []string) ([]record.Journey, error) {
	args := pgx.NamedArgs{"leads": leads}
	rows, _ := q.Query(ctx, sqlTravellers, args)
	who, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[traveller])
	if err != nil {
		return nil, err
	}
	by := make(map[string]*traveller, len(who))
	for i := range who {
		by[who[i].LeadID] = &who[i]
		who[i].personas = personasOf(of, who[i].Profile)
	}
	rows, _ = q.Query(ctx, sqlMoves, args)
	var lead string
	var m funnel.Move
	if _, err = pgx.ForEachRow(rows, []any{&lead, &m.Stage, &m.Cycle, &m.At}, func() error {
		if t := by[lead]; t != nil {
			t.moves = append(t.moves, m)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	rows, _ = q.Query(ctx, sqlTravelOffers, args)
	offers, err := pgx.CollectRows(rows, pgx.RowToStructByName[travelOffer])
	if err != nil {
		return nil, err
	}
	rows, _ = q.Query(ctx, sqlTravelWon, args)
	won, err := pgx.CollectRows(rows, pgx.RowToStructByName[travelWon])
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		if t := by[o.LeadID]; t != nil {
			t.offers = append(t.offers, o)
		}
	}
	for _, w := range won {
		if t := by[w.LeadID]; t != nil {
			t.won = append(t.won, w)
		}
	}
	var out []record.Journey
	for i := range who {
		out = append(out, who[i].journeys()...)
	}
	for _, engaged := range []func(context.Context, querier, []record.Journey) error{engagedInCycles, engagedByNow} {
		if err := engaged(ctx, q, out); err != nil {
			return nil, err
		}
	}
	return out, touchedBefore(ctx, q, out)
}

// journeys labels what the lead's moves come to. A label of the whole is that of the first cycle that has it; money is added up
// where it is of one currency.
func (t *traveller) journeys() []record.Journey {
	travelled := funnel.Travel(t.CreatedAt, t.moves)
	out := make([]record.Journey, len(travelled))
	for i, j := range travelled {
		r := record.Journey{
			Journey: j, LeadID: t.LeadID, Cycles: travelled[len(travelled)-1].Cycle, SourceCode: t.SourceCode, Campaign: t.Campaign, Personas: t.personas,
		}
		for _, o := range t.offers {
			if j.Cycle != 0 && o.Cycle != j.Cycle {
				continue
			}
			if r.Band == "" {
				r.Band = o.Band
			}
			if r.ModelVersion == nil {
				r.ModelVersion = o.ModelVersion
			}
			if r.RepID == nil && o.Accepted {
				r.TeamID, r.RepID = o.TeamID, o.RepID
			}
		}
		r.Cents, r.Currency = t.money(j.Cycle)
		out[i] = r
	}
	return out
}

func (t *traveller) money(cycle int) (cents *int64, currency *string) {
	for _, w := range t.won {
		switch {
		case cycle != 0 && w.Cycle != cycle:
		case cents == nil:
			cents, currency = new(*w.Cents), w.Currency
		case *currency != *w.Currency:
			return nil, nil
		default:
			*cents += *w.Cents
		}
	}
	return cents, currency
}

const sqlForgetJourneys = `DELETE FROM journeys WHERE lead_id = ANY(@known::uuid[])
	OR lead_id = ANY(@leads::uuid[]) AND EXISTS (SELECT FROM leads l WHERE l.id = journeys.lead_id AND l.merged_into IS NOT NULL)`

var journeyColumns = []string{
	"lead_id", "cycle", "began_at", "mql_at", "accepted_at", "opportunity_at", "won_at", "stage", "stage_at", "cycles", "source_code", "campaign", "band",
	"model_version", "team_id", "rep_id", "cents", "currency", "in_nurturing", "in_qualified", "in_handoff", "in_working", "in_opportunity", "in_dormant",
	"personas", "rewon_at", "engaged_at", "touched_at", "touch_sources", "touch_campaigns",
}

// foldJourneys folds anew how far so many leads came, and how their offers went.
func foldJourneys(ctx context.Context, tx pgx.Tx, of *scoring.Scorer, leads []string) error {
	journeys, err := travels(ctx, tx, of, leads)
	if err != nil {
		return err
	}
	if err := foldOffers(ctx, tx, leads); err != nil {
		return err
	}
	var known []string
	for _, j := range journeys {
		if j.Cycle == 0 {
			known = append(known, j.LeadID)
		}
	}
	if _, err := tx.Exec(ctx, sqlForgetJourneys, pgx.NamedArgs{"leads": leads, "known": known}); err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"journeys"}, journeyColumns, pgx.CopyFromSlice(len(journeys), func(i int) ([]any, error) {
		return journeyValues(journeys[i]), nil
	}))
	return err
}

func journeyValues(j record.Journey) []any {
	at := func(step string) *time.Time {
		if when, ok := j.Reached[step]; ok {
			return &when
		}
		return nil
	}
	values := []any{
		j.LeadID, j.Cycle, j.Reached[funnel.Captured], at(funnel.MQL), at(funnel.Accepted), at(funnel.Opportunity), at(funnel.Won), j.Stage, j.StageAt, j.Cycles,
		j.SourceCode, j.Campaign, j.Band, j.ModelVersion, j.TeamID, j.RepID, j.Cents, j.Currency,
	}
	for _, stage := range funnel.Stays {
		var spent *int64
		if took, ok := j.Spent[stage]; ok {
			spent = new(took.Microseconds())
		}
		values = append(values, spent)
	}
	return append(values, j.Personas, at(funnel.Rewon), j.EngagedAt, j.TouchedAt, j.TouchSources, j.TouchCampaigns)
}
