package store

import (
	"context"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// lately is engagedLately.
const lately = 30 * 24 * time.Hour

// checkRows is how many leads are folded again at a time.
const checkRows = 500

const (
	sqlCountLeadsAtAll = `SELECT count(*) FROM leads WHERE stage <> 'erased' OR merged_into IS NOT NULL`

	// Waiting: something of the lead is not folded yet.
	sqlCheckNext = `SELECT l.id::text AS lead_id, EXISTS (SELECT FROM timeline t WHERE t.lead_id = l.id AND t.id > f.done) OR coalesce(l.id > f.again, false) OR f.personas <> @personas
	OR EXISTS (SELECT FROM journeys_due d WHERE d.lead_id = l.id) AS waiting
FROM leads l CROSS JOIN journeys_folded f WHERE l.id > @after AND (l.stage <> 'erased' OR l.merged_into IS NOT NULL) ORDER BY l.id LIMIT @rows`

	sqlJourneysOf = `SELECT lead_id::text AS lead_id, cycle, began_at, mql_at, accepted_at, opportunity_at, won_at, stage, stage_at, cycles, source_code, campaign, band,
	model_version, team_id::text AS team_id, rep_id::text AS rep_id, cents, currency,
	ARRAY[in_nurturing, in_qualified, in_handoff, in_working, in_opportunity, in_dormant] AS spent, personas, rewon_at, engaged_at, touched_at, touch_sources, touch_campaigns
FROM journeys WHERE lead_id = ANY(@leads::uuid[]) ORDER BY lead_id, cycle`
)

// CheckJourneys folds the journeys of all leads again and tells of each that is stored otherwise; mend stores it as it is now. What
// changed so lately that it waits to be folded is counted and not compared.
func (s *Store) CheckJourneys(ctx context.Context, mend bool, differs func(record.JourneyDifference), tell func(done, total int)) (record.JourneysChecked, error) {
	var out record.JourneysChecked
	var total int
	if err := s.pool.QueryRow(ctx, sqlCountLeadsAtAll).Scan(&total); err != nil {
		return out, masked("check journeys", err)
	}
	for after := noID; after != ""; {
		var err error
		if after, err = s.checkJourneys(ctx, &out, after, mend, differs); err != nil {
			return out, masked("check journeys", err)
		}
		tell(out.Leads, total)
	}
	return out, nil
}

// checkJourneys looks at the next leads in one snapshot, and answers after whom to go on; empty: there are no more.
func (s *Store) checkJourneys(ctx context.Context, out *record.JourneysChecked, after string, mend bool, differs func(record.JourneyDifference)) (next string, err error) {
	var wrong []string
	var of *scoring.Scorer
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var personas string
		var err error
		if of, personas, err = s.personasBy(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlCheckNext, pgx.NamedArgs{"after": after, "rows": checkRows, "personas": personas})
		var leads []string
		var lead string
		var waiting bool
		looked := 0
		if _, err := pgx.ForEachRow(rows, []any{&lead, &waiting}, func() error {
			looked++
			if waiting {
				out.Waiting++
			} else {
				leads = append(leads, lead)
			}
			return nil
		}); err != nil {
			return err
		}
		out.Leads += looked
		if looked == checkRows {
			next = lead
		}
		anew, err := travels(ctx, tx, of, leads)
		if err != nil {
			return err
		}
		stored, err := storedJourneys(ctx, tx, leads)
		if err != nil {
			return err
		}
		rows, _ = tx.Query(ctx, sqlOffersDiffer, offerArgs(leads))
		offers, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.JourneyDifference])
		if err != nil {
			return err
		}
		for _, d := range append(journeyDifferences(anew, stored), offers...) {
			out.Different++
			wrong = append(wrong, d.LeadID)
			differs(d)
		}
		return nil
	})
	if err != nil || !mend || len(wrong) == 0 {
		return next, err
	}
	out.Mended += len(wrong)
	return next, s.tx(ctx, "mend journeys", func(tx pgx.Tx) error { return foldJourneys(ctx, tx, of, wrong) })
}

type journeyKey struct {
	lead  string
	cycle int
}

func journeyDifferences(anew, stored []record.Journey) (out []record.JourneyDifference) {
	known := map[journeyKey]record.Journey{}
	for _, j := range stored {
		known[journeyKey{j.LeadID, j.Cycle}] = j
	}
	for _, j := range anew {
		key := journeyKey{j.LeadID, j.Cycle}
		was, ok := known[key]
		delete(known, key)
		if behind(j, was) {
			was.EngagedAt = j.EngagedAt
		}
		switch {
		case !ok:
			out = append(out, record.JourneyDifference{LeadID: j.LeadID, Cycle: j.Cycle, What: "missing"})
		case !reflect.DeepEqual(journeyValues(j), journeyValues(was)):
			out = append(out, record.JourneyDifference{LeadID: j.LeadID, Cycle: j.Cycle, What: "stale"})
		}
	}
	for key := range known {
		out = append(out, record.JourneyDifference{LeadID: key.lead, Cycle: key.cycle, What: "left_over"})
	}
	return out
}

// behind reports that somebody engaged since they were folded, so lately that reports ask the score.
func behind(j, was record.Journey) bool {
	if j.Cycle != 0 && j.Cycle != j.Cycles || j.EngagedAt == nil || j.EngagedAt.Before(time.Now().Add(-lately)) {
		return false
	}
	return was.EngagedAt == nil || was.EngagedAt.Before(*j.EngagedAt)
}

func storedJourneys(ctx context.Context, q querier, leads []string) ([]record.Journey, error) {
	rows, _ := q.Query(ctx, sqlJourneysOf, pgx.NamedArgs{"leads": leads})
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Journey, error) {
		var j record.Journey
		var began time.Time
		var mql, accepted, opportunity, won, rewon *time.Time
		var spent []*int64
		err := row.Scan(&j.LeadID, &j.Cycle, &began, &mql, &accepted, &opportunity, &won, &j.Stage, &j.StageAt, &j.Cycles, &j.SourceCode, &j.Campaign, &j.Band,
			&j.ModelVersion, &j.TeamID, &j.RepID, &j.Cents, &j.Currency, &spent, &j.Personas, &rewon, &j.EngagedAt, &j.TouchedAt, &j.TouchSources, &j.TouchCampaigns)
		j.Reached, j.Spent = map[string]time.Time{funnel.Captured: began}, map[string]time.Duration{}
		for step, at := range map[string]*time.Time{funnel.MQL: mql, funnel.Accepted: accepted, funnel.Opportunity: opportunity, funnel.Won: won, funnel.Rewon: rewon} {
			if at != nil {
				j.Reached[step] = *at
			}
		}
		for i, us := range spent {
			if us != nil {
				j.Spent[funnel.Stays[i]] = time.Duration(*us) * time.Microsecond
			}
		}
		return j, err
	})
}
