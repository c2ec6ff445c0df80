package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/backtest"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// backtestRows is how many decisions are judged at a time.
const backtestRows = 2000

// Of an offer the moment is that of its explanation, by the clock of Postgres as everything that is known has it: the run's own may be
// ahead, and would let in what was learned afterwards.
const (
	decisionOf = `CROSS JOIN LATERAL (SELECT coalesce(CASE WHEN @decision = 'offer' THEN (
		SELECT coalesce((a.explanation ->> 'at')::timestamptz, a.offered_at) FROM assignments a
		WHERE a.lead_id = j.lead_id AND a.cycle = j.cycle ORDER BY a.offered_at, a.id LIMIT 1) END, j.mql_at) AS at) AS d
WHERE j.cycle > 0 AND d.at IS NOT NULL AND d.at >= coalesce(@from::timestamptz, '-infinity') AND d.at < coalesce(@to::timestamptz, 'infinity')`

	sqlCountDecisions = `SELECT count(*) FROM journeys j ` + decisionOf

	sqlDecisionsNext = `SELECT j.lead_id::text AS lead_id, j.cycle, d.at, j.won_at IS NOT NULL AS won,
	j.cycles > j.cycle OR j.stage IN ('lost', 'dormant', 'disqualified') AS ended, l.stage = 'erased' AS erased,
	least(l.created_at, l.known_since) < k.since AS gone,
	EXISTS (SELECT FROM outcomes o WHERE o.lead_id = j.lead_id AND o.cycle = j.cycle AND o.duplicate_of IS NOT NULL) AS duplicate
FROM journeys j JOIN leads l ON l.id = j.lead_id CROSS JOIN events_kept k ` + decisionOf + `
	AND (j.lead_id, j.cycle) > (@after::uuid, @cycle) ORDER BY j.lead_id, j.cycle LIMIT @rows`
)

// decidedOn is a decision, and what became of it.
type decidedOn struct {
	LeadID                              string
	Cycle                               int
	At                                  time.Time
	Won, Ended, Erased, Gone, Duplicate bool
}

// tested is a backtest on its way.
type tested struct {
	record.BacktestFilter
	models  []*scoring.Scorer // one, or two that are compared
	made    time.Time         // when the version was
	sample  backtest.Sample
	out     *record.Performance
	ripe    time.Time // what was decided before has had its time
	asked   askedAt
	outcome []bool
}

// Backtest judges decisions that are over by what was known when they were made, and measures how a version would have told them apart, beside the
// published one. It reads some thousand decisions at a time and keeps counts only. record.ErrNotFound where there is no such version.
func (s *Store) Backtest(ctx context.Context, f record.BacktestFilter, tell func(done, total int)) (record.Performance, error) {
	const op = "backtest"
	out := record.Performance{Model: f.Model, Decision: f.Decision, MatureDays: f.MatureDays, Models: []record.ModelMeasured{}, Says: []string{}}
	t := &tested{BacktestFilter: f, out: &out}
	versions, err := s.contenders(ctx, t)
	if err != nil {
		return out, masked(op, err)
	}
	args := pgx.NamedArgs{"decision": f.Decision, "from": momentOrNone(f.From), "to": momentOrNone(f.To), "after": noID, "cycle": 0, "rows": backtestRows}
	out.From, out.To = momentOrNone(f.From), momentOrNone(f.To)
	var total int
	if err := s.pool.QueryRow(ctx, sqlCountDecisions, args).Scan(&total); err != nil {
		return out, masked(op, err)
	}
	for more := true; more; {
		rows, _ := s.pool.Query(ctx, sqlDecisionsNext, args)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[decidedOn])
		if err == nil {
			err = t.judge(ctx, s.pool, found)
		}
		if err != nil {
			return out, masked(op, err)
		}
		if more = len(found) == backtestRows; more {
			args["after"], args["cycle"] = found[len(found)-1].LeadID, found[len(found)-1].Cycle
		}
		tell(out.Decisions, max(total, out.Decisions))
	}
	t.measure(versions)
	return out, nil
}

const sqlModelMade = `SELECT now(), created_at FROM models WHERE version = @version`

// contenders reads the version, and the published one where that is another.
func (s *Store) contenders(ctx context.Context, t *tested) (versions []int, err error) {
	if err := s.pool.QueryRow(ctx, sqlModelMade, pgx.NamedArgs{"version": t.Model}).Scan(&t.out.AsOf, &t.made); err != nil {
		return nil, err
	}
	t.out.AsOf = t.out.AsOf.UTC()
	t.ripe = t.out.AsOf.AddDate(0, 0, -t.MatureDays)
	scorer, err := s.scorer(ctx, s.pool, t.Model)
	if err != nil {
		return nil, err
	}
	t.models, versions = []*scoring.Scorer{scorer}, []int{t.Model}
	switch w, err := s.enter(ctx, s.pool); {
	case errors.Is(err, ErrNoModel):
	case err != nil:
		return nil, err
	default:
		if t.out.Published = w.version; w.version != t.Model {
			t.models, versions = append(t.models, w.scorer), append(versions, w.version)
		}
	}
	return versions, nil
}

// judge takes in some decisions.
func (t *tested) judge(ctx context.Context, q querier, found []decidedOn) error {
	t.asked, t.outcome = askedAt{}, t.outcome[:0]
	for _, d := range found {
		t.out.Decisions++
		if !t.leaveOut(d) {
			t.asked.add(d.LeadID, d.At)
			t.outcome = append(t.outcome, d.Won)
		}
	}
	if len(t.outcome) == 0 {
		return nil
	}
	all, err := knewThen(ctx, q, t.asked, t.models...)
	if err != nil {
		return err
	}
	for i, k := range all {
		var said [2]scoring.Judged
		for n, m := range t.models {
			said[n] = m.Judge(k.seenBy(m), k.events, k.adjustments, t.asked.moments[i])
		}
		t.sample.Add(said, t.outcome[i])
	}
	return nil
}

// leaveOut counts a decision that says nothing.
func (t *tested) leaveOut(d decidedOn) bool {
	l, young := &t.out.LeftOut, !d.At.Before(t.ripe)
	switch over := d.Won || d.Ended; {
	case d.Erased:
		l.Erased++
	case d.Duplicate:
		l.Duplicates++
	case d.Gone:
		l.EventsGone++
	case young && !over:
		l.Young++
	case young && t.OnlyMature:
		l.YoungEnded++
	default:
		if !over {
			t.out.StillOpen++
		}
		if d.At.Before(t.made) {
			t.out.BeforeModel++
		}
		return false
	}
	return true
}

// fewOutcomes is below how many outcomes, of each kind, figures say little.
const fewOutcomes = 10

func (t *tested) measure(versions []int) {
	out := t.out
	out.Used, out.Won = t.sample.Used()
	for i, v := range versions {
		out.Models = append(out.Models, record.ModelMeasured{Model: v, Measured: t.sample.Measure(i, t.models[i].MQL.Score)})
	}
	if len(versions) == 2 {
		out.AUCDifference = t.sample.Difference()
	}
	add := func(format string, args ...any) { out.Says = append(out.Says, fmt.Sprintf(format, args...)) }
	if out.Used == 0 {
		add("no decision has an outcome yet that can be measured")
		return
	}
	add("only leads that were offered or became MQLs have an outcome: what a model would have found beside them is not measured")
	if min(out.Won, out.Used-out.Won) < fewOutcomes {
		add("%d of %d converted: of fewer than %d of a kind figures say little", out.Won, out.Used, fewOutcomes)
	}
	if out.LeftOut.Young > 0 {
		add("%d without an outcome were decided less than %d days ago and are left out", out.LeftOut.Young, out.MatureDays)
	}
	for i, m := range t.models {
		if p := m.Predictive; p != nil && p.Use == scoring.UseAxis {
			add("version %d has a predictor that gives points: of the leads it was trained on its figures are too good", versions[i])
		}
	}
	if out.BeforeModel > 0 {
		add("%d of %d were decided before version %d was made: it may have been made by what became of them", out.BeforeModel, out.Used, out.Model)
	}
}

// momentOrNone is a moment, and nil for none.
func momentOrNone(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
