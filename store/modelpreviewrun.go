package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const (
	previewSample = 10 // leads of each kind of change
	week          = 7 * 24 * time.Hour
)

// viewing is a preview that is being counted.
type viewing struct {
	s       *Store
	p       *record.ModelPreview
	is, may world // everybody is scored by the one, and may be by the other
	types   []string
}

func (s *Store) viewing(ctx context.Context, p *record.ModelPreview) (*viewing, error) {
	v := &viewing{s: s, p: p, is: world{now: p.At, version: p.Against}, may: world{now: p.At, version: p.Version}}
	for _, w := range []*world{&v.is, &v.may} {
		var err error
		if w.scorer, err = s.scorer(ctx, s.pool, w.version); err != nil {
			return nil, masked("preview model", err)
		}
		v.types = append(v.types, w.scorer.Counting()...)
	}
	v.types = unique(v.types)
	r := &p.Result
	if r.Weeks == nil {
		for n := range p.Weeks {
			r.Weeks = append(r.Weeks, record.PreviewWeek{From: p.At.Add(-time.Duration(p.Weeks-n) * week)})
		}
		for _, from := range []string{scoring.Hot, scoring.Warm, scoring.Cold} {
			for _, to := range []string{scoring.Hot, scoring.Warm, scoring.Cold} {
				r.Bands = append(r.Bands, record.BandShift{From: from, To: to})
			}
		}
		r.Sample = []record.PreviewLead{}
	}
	return v, nil
}

// A thousand leads are a piece. Nothing is locked: what changes meanwhile is seen as it was or as it is.
const sqlPreviewLeads = `SELECT s.lead_id, s.model_version, ` + storedAccumulators + `, s.fit, s.band, s.mql_at, s.mql_cycle, s.evaluated_at,
	(SELECT nullif(since, '-infinity') FROM events_kept WHERE one) AS kept_since, l.stage, l.profile, l.source_code, least(l.created_at, l.known_since) AS known
FROM (SELECT * FROM scores WHERE lead_id > @after ORDER BY lead_id LIMIT 1000) AS s JOIN leads l ON l.id = s.lead_id ORDER BY s.lead_id`

const sqlPreviewEvents = `SELECT lead_id, id, type, occurred_at, received_at, properties FROM events
WHERE lead_id >= @first AND lead_id <= @last AND type = ANY(@types::text[]) AND voided_at IS NULL`

// viewed is one lead as it stands, with all that it did.
type viewed struct {
	standing
	stage   lifecycle.Stage
	profile person.Profile
	source  string // code of the first
	known   time.Time
	events  []happened
}

// piece counts the next leads, and answers how many.
func (v *viewing) piece(ctx context.Context) (int, error) {
	leads, err := v.read(ctx)
	if err != nil || len(leads) == 0 {
		return 0, masked("preview model", err)
	}
	for _, l := range leads {
		if err := v.count(ctx, l); err != nil {
			return 0, masked("preview model", err)
		}
	}
	v.thin()
	last := leads[len(leads)-1].LeadID
	args := pgx.NamedArgs{"id": v.p.ID, "claim": v.p.Claim, "up_to": last, "n": len(leads), "result": v.p.Result, "lease": previewLease}
	if err := v.s.mine(ctx, "preview model", sqlCountedPreview, args); err != nil {
		return 0, err
	}
	v.p.ClaimedTo = last
	return len(leads), nil
}

func (v *viewing) read(ctx context.Context) (leads []*viewed, err error) {
	err = pgx.BeginTxFunc(ctx, v.s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlUnhurried); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlPreviewLeads, pgx.NamedArgs{"after": v.p.ClaimedTo})
		by := map[string]*viewed{}
		standings := map[string]*standing{}
		var l viewed
		_, err := pgx.ForEachRow(rows, []any{
			&l.LeadID, &l.ModelVersion, &l.Accumulators, &l.Fit, &l.Band, &l.MQLAt, &l.MQLCycle, &l.EvaluatedAt, &l.KeptSince, &l.stage, &l.profile, &l.source, &l.known,
		}, func() error {
			one := new(viewed)
			*one, l = l, viewed{} // what it points to is its own
			leads, by[one.LeadID], standings[one.LeadID] = append(leads, one), one, &one.standing
			return nil
		})
		if err != nil || len(leads) == 0 {
			return err
		}
		first, last := leads[0].LeadID, leads[len(leads)-1].LeadID
		rows, _ = tx.Query(ctx, sqlPieceAdjustments, pgx.NamedArgs{"after": v.p.ClaimedTo, "up_to": last})
		if err := collectAdjustments(rows, standings); err != nil {
			return err
		}
		rows, _ = tx.Query(ctx, sqlPreviewEvents, pgx.NamedArgs{"first": first, "last": last, "types": v.types})
		var id string
		var h happened
		_, err = pgx.ForEachRow(rows, []any{&id, &h.ID, &h.Type, &h.OccurredAt, &h.ReceivedAt, &h.Properties}, func() error {
			if one := by[id]; one != nil {
				one.events = append(one.events, h)
			}
			h = happened{}
			return nil
		})
		return err
	})
	return leads, err
}

// lookedAt is one lead under one model.
type lookedAt struct {
	scoring.Result
	mql bool
}

func (v *viewing) count(ctx context.Context, l *viewed) error {
	r := &v.p.Result
	if !open(l.stage) {
		r.Over++
		return nil
	}
	r.Leads++
	if l.stage == lifecycle.StageHandoff || l.stage == lifecycle.StageWorking || l.stage == lifecycle.StageOpportunity {
		r.Sales++
	}
	if l.KeptSince != nil && l.known.Before(*l.KeptSince) {
		r.Gone++
	}
	is, err := v.under(ctx, v.is, l, func(w *record.PreviewWeek) *int { return &w.Against })
	if err != nil {
		return err
	}
	may, err := v.under(ctx, v.may, l, func(w *record.PreviewWeek) *int { return &w.Version })
	if err != nil {
		return err
	}
	for i := range r.Bands {
		if r.Bands[i].From == is.Band && r.Bands[i].To == may.Band {
			r.Bands[i].Leads++
		}
	}
	change := ""
	if is.Band != may.Band {
		r.BandChanged++
		change = "band"
	}
	switch {
	case is.mql && may.mql:
		r.StayMQL++
	case may.mql:
		r.BecomeMQL++
		change = "becomes_mql"
	case is.mql:
		r.StopMQL++
		change = "stops_mql"
	}
	if change != "" {
		r.Sample = append(r.Sample, record.PreviewLead{
			LeadID: l.LeadID, Change: change, Score: is.Score, Band: is.Band, NextScore: may.Score, NextBand: may.Band, Reasons: []string{},
		})
	}
	return nil
}

// under scores a lead as a publication would, and plays its weeks.
func (v *viewing) under(ctx context.Context, w world, l *viewed, in func(*record.PreviewWeek) *int) (lookedAt, error) {
	st := l.standing
	for _, h := range l.events {
		st.before = append(st.before, h.scored(w.scorer))
	}
	if err := v.s.carry(ctx, v.s.pool, w, &st); err != nil {
		return lookedAt{}, err
	}
	fit, acc := st.Fit, st.filled(w, st.before)
	profile := facts(w.scorer, l.source, l.profile)
	if !st.fitKept {
		fit = w.scorer.FitWith(profile, acc)
	}
	fitting := scoring.Steady(fit)
	if w.scorer.Engaging() {
		fitting = func(_ time.Time, acc scoring.Accumulators) float64 { return w.scorer.FitWith(profile, acc) }
	}
	out := lookedAt{Result: w.scorer.EvaluateFit(fit, acc, st.adjustments, v.p.At, st.Band)}
	out.mql = w.scorer.Qualified(out.Result)
	weeks := v.p.Result.Weeks
	for _, at := range w.scorer.Edges(fitting, st.adjustments, st.before) {
		if since := at.Sub(weeks[0].From); since >= 0 && !at.After(v.p.At) {
			*in(&weeks[min(int(since/week), len(weeks)-1)])++
		}
	}
	return out, nil
}

// thin keeps of each kind of change those whose ids have the least hashes: any other order of pieces finds the same.
func (v *viewing) thin() {
	kinds := map[string]int{}
	sample := v.p.Result.Sample
	slices.SortStableFunc(sample, func(a, b record.PreviewLead) int { return cmp.Compare(rank(a.LeadID), rank(b.LeadID)) })
	v.p.Result.Sample = slices.DeleteFunc(sample, func(l record.PreviewLead) bool {
		kinds[l.Change]++
		return kinds[l.Change] > previewSample
	})
}

func rank(id string) uint64 {
	sum := sha256.Sum256([]byte(id)) // ids of leads that came one after the other must not lie side by side
	return binary.BigEndian.Uint64(sum[:])
}

// finish says why for the sample, and what the weeks mean for sales.
func (v *viewing) finish(ctx context.Context) error {
	r := &v.p.Result
	kept := r.Sample[:0]
	for _, l := range r.Sample {
		reasons, err := v.reasons(ctx, l.LeadID)
		if errors.Is(err, record.ErrErased) || errors.Is(err, record.ErrNotFound) {
			continue // meanwhile
		}
		if err != nil {
			return err
		}
		l.Reasons = reasons
		kept = append(kept, l)
	}
	slices.SortStableFunc(kept, func(a, b record.PreviewLead) int { return cmp.Compare(a.Change, b.Change) })
	r.Sample = kept
	load, err := v.load(ctx)
	if err != nil {
		return err
	}
	r.Load = &load
	args := pgx.NamedArgs{"id": v.p.ID, "claim": v.p.Claim, "result": *r}
	err = v.s.mine(ctx, "preview model", sqlFinishPreview, args)
	if errors.Is(err, errNotMine) {
		return nil
	}
	return err
}

func (v *viewing) reasons(ctx context.Context, lead string) ([]string, error) {
	is, err := v.s.ExplainScore(ctx, lead, v.p.At, v.is.version)
	if err != nil {
		return nil, err
	}
	may, err := v.s.ExplainScore(ctx, lead, v.p.At, v.may.version)
	if err != nil {
		return nil, err
	}
	return scoring.Reasons(scoring.Explanation{Items: is.Items}, scoring.Explanation{Items: may.Items}), nil
}

const sqlPreviewLoad = `SELECT count(*)::int AS reps, CASE WHEN bool_and(capacity IS NOT NULL) THEN sum(capacity)::int END AS capacity,
	(SELECT CASE WHEN count(*) >= 10 THEN avg(coalesce(in_handoff, 0) + coalesce(in_working, 0) + coalesce(in_opportunity, 0))::float8 / 86400e6 END
	FROM journeys WHERE cycle > 0 AND in_handoff IS NOT NULL AND stage IN ('won', 'lost', 'disqualified', 'dormant')
		AND stage_at > @at::timestamptz - interval '180 days' AND stage_at <= @at) AS days
FROM reps WHERE active`

// load is what so many MQLs a week mean for the reps there are.
func (v *viewing) load(ctx context.Context) (record.PreviewLoad, error) {
	var out record.PreviewLoad
	err := v.s.pool.QueryRow(ctx, sqlPreviewLoad, pgx.NamedArgs{"at": v.p.At}).Scan(&out.Reps, &out.Capacity, &out.DaysWithSales)
	if err != nil {
		return out, masked("preview model", err)
	}
	for _, w := range v.p.Result.Weeks {
		out.WeeklyAgainst += float64(w.Against) / float64(v.p.Weeks)
		out.Weekly += float64(w.Version) / float64(v.p.Weeks)
	}
	if out.Reps > 0 {
		out.PerRepAgainst, out.PerRep = out.WeeklyAgainst/float64(out.Reps), out.Weekly/float64(out.Reps)
	}
	if out.DaysWithSales != nil {
		was, is := out.WeeklyAgainst**out.DaysWithSales/7, out.Weekly**out.DaysWithSales/7
		out.OpenAgainst, out.Open = &was, &is
		if over := is; out.Capacity != nil && over > float64(*out.Capacity) {
			over -= float64(*out.Capacity)
			out.OverCapacityBy = &over
		}
	}
	return out, nil
}
