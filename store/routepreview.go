package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// Leads as they are now; the newest first. Who had it is whom the last choice of the ledger found.
const sqlLeadsToPreview = `SELECT l.id AS lead_id, l.email, l.profile, l.source, l.cycle, coalesce(s.score, 0) AS score, coalesce(s.fit, 0)::float8 AS fit,
	coalesce(s.engagement, 0)::float8 AS engagement, coalesce(s.band, '') AS band, coalesce(s.grade, '') AS grade,
	(SELECT r.rep_id::text FROM routings r WHERE r.lead_id = l.id AND r.rep_id IS NOT NULL ORDER BY r.id DESC LIMIT 1) AS had,
	CASE WHEN l.stage IN ` + takesALead + ` THEN l.owner::text END AS holder
FROM leads l LEFT JOIN scores s ON s.lead_id = l.id WHERE l.stage <> 'erased' ORDER BY l.id DESC LIMIT @rows`

type previewed struct {
	routedPerson
	LeadID     string
	Score      int
	Fit        float64
	Engagement float64
	Band       string
	Grade      string
	Had        *string
	Holder     *string // whose open lead it is now
}

// PreviewRoute plays a document, and beside it the one that is published, over the last leads in the order in which they came,
// with the reps as they are now: as if none of these leads had been given to anybody yet. It writes nothing.
func (s *Store) PreviewRoute(ctx context.Context, doc routing.Document, last int) (record.RoutePreview, error) {
	var out record.RoutePreview
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		o, err := s.readOffice(ctx, tx)
		if err != nil {
			return err
		}
		if o.noPolicy != nil {
			return o.noPolicy
		}
		rows, _ := tx.Query(ctx, sqlLeadsToPreview, pgx.NamedArgs{"rows": last})
		leads, err := pgx.CollectRows(rows, pgx.RowToStructByName[previewed])
		if err != nil {
			return err
		}
		slices.Reverse(leads)
		would, err := s.play(ctx, tx, o, doc, leads)
		if err != nil {
			return err
		}
		is, err := s.play(ctx, tx, o, o.document, leads)
		if err != nil {
			return err
		}
		names, err := s.names(ctx, slices.Collect(everybodyIn(would, is, leads)))
		out = comparison(leads, would, is, names)
		return err
	})
	return out, masked("preview route", err)
}

// stage is where a document is played: pools are read once, and then kept here.
type stage struct {
	s      *Store
	of     *office
	pools  map[string]*poolRead
	counts tally
	more   map[string]int // leads that a rep has got here
	fewer  map[string]int // of those looked at, how many a rep has open in truth
}

func (s *Store) play(ctx context.Context, tx pgx.Tx, o *office, doc routing.Document, leads []previewed) ([]routing.Decision, error) {
	on := stage{s, o, map[string]*poolRead{}, newCounts(), map[string]int{}, map[string]int{}}
	for _, l := range leads {
		if l.Holder != nil {
			on.fewer[*l.Holder]++
		}
	}
	out := make([]routing.Decision, len(leads))
	for i, l := range leads {
		facts, domain := factsOf(doc, l.routedPerson, record.Score{Score: l.Score, Fit: l.Fit, Engagement: l.Engagement, Band: l.Band, Grade: l.Grade})
		in := routing.Input{Facts: facts}
		if err := withOwner(ctx, tx, &in, domain, l.LeadID); err != nil {
			return nil, err
		}
		d := routing.Decide(doc, in)
		for d.Need != nil {
			who, err := on.read(ctx, tx, *d.Need)
			if err != nil {
				return nil, err
			}
			in.Read, in.Candidates = append(in.Read, d.Need.Pool), append(in.Candidates, who...)
			d = routing.Decide(doc, in)
		}
		on.give(d)
		out[i] = d
	}
	return out, nil
}

// read is a pool as it stands after what has been played.
func (on *stage) read(ctx context.Context, tx pgx.Tx, step routing.Step) ([]routing.Candidate, error) {
	v, known := on.pools[step.Pool]
	if !known || !ownTurns(step.Pool) { // those of one person are others each time
		var err error
		if v, err = poolOf(ctx, on.s, tx, on.of, step); err != nil {
			return nil, err
		}
		b := &pgx.Batch{}
		on.counts.see(b, v)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return nil, err
		}
		on.pools[step.Pool] = v
	}
	who := v.of(time.Now(), on.counts)
	for i, c := range who {
		got := on.more[c.RepID]
		if c.Open != nil {
			open := *c.Open - on.fewer[c.RepID] + got
			who[i].Open = &open
		}
		if c.Today != nil { // as if all of them came on one day that has just begun
			who[i].Today = &got
		}
	}
	return who, nil
}

func (on *stage) give(d routing.Decision) {
	if d.Rep == "" {
		return
	}
	on.more[d.Rep]++
	on.counts.take(d)
}

func comparison(leads []previewed, would, is []routing.Decision, names map[string]string) record.RoutePreview {
	out := record.RoutePreview{Leads: len(leads), Items: make([]record.RoutePreviewRow, 0, len(leads))}
	rules, reps := map[string]*record.RouteShare{}, map[string]*record.RouteShare{}
	of := func(m map[string]*record.RouteShare, id string) *record.RouteShare {
		if m[id] == nil {
			m[id] = &record.RouteShare{ID: id, Name: names[id]}
		}
		return m[id]
	}
	for i, l := range leads {
		w, t := would[i], is[i]
		of(rules, w.Rule).Would++
		of(rules, t.Rule).Today++
		if w.Rep != t.Rep {
			out.Changed++
		}
		if w.Rep == "" {
			out.Nobody++
		} else {
			of(reps, w.Rep).Would++
		}
		if t.Rep != "" {
			of(reps, t.Rep).Today++
		}
		if l.Had != nil {
			of(reps, *l.Had).Had++
		}
		out.Items = append(out.Items, record.RoutePreviewRow{
			LeadID: l.LeadID, Rule: w.Rule, Pool: w.Pool, Would: nullable(w.Rep), Today: nullable(t.Rep), Had: l.Had, Why: whyRouted(w),
		})
	}
	slices.Reverse(out.Items)
	out.Rules, out.Reps = shares(rules), shares(reps)
	return out
}

func shares(m map[string]*record.RouteShare) []record.RouteShare {
	out := make([]record.RouteShare, 0, len(m))
	for _, id := range slices.Sorted(maps.Keys(m)) {
		out = append(out, *m[id])
	}
	slices.SortStableFunc(out, func(a, b record.RouteShare) int { return cmp.Compare(b.Would, a.Would) })
	return out
}

func everybodyIn(would, is []routing.Decision, leads []previewed) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range leads {
			for _, id := range []string{would[i].Rep, is[i].Rep} {
				if id != "" && !yield(id) {
					return
				}
			}
			if leads[i].Had != nil && !yield(*leads[i].Had) {
				return
			}
		}
	}
}
