package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

const (
	b4Leads  = 1_000_000
	b4Ingest = 1000 // events a second beside everything
	b4Pairs  = 2    // at most: each takes minutes
)

// b4 publishes models while events come in, and waits until every lead is scored by the new one, against an UPDATE of as
// many scores.
func b4(ctx context.Context, b *bench) ([]measure.Result, error) {
	r, err := b.newRescoring(ctx)
	if err != nil {
		return nil, err
	}
	points := r.publishing(0, "points and thresholds changed", func(m *rescoreModel) { m.generous = !m.generous })
	windows := r.publishing(1, "windows and half-lives changed", func(m *rescoreModel) { m.slow = !m.slow })
	update := measure.Side{Name: "UPDATE of all scores", Unit: "leads/s", Measure: r.beside(r.updateAll)}
	idle := measure.Side{Name: "ingest alone, p99", Unit: "ms", Measure: r.alone}
	samples, err := b.inTurn(ctx, min(b.pairs, b4Pairs), idle, points, update, windows)
	if err != nil {
		return nil, err
	}
	crossed := func(side int) string {
		all := r.crossed[side]
		return fmt.Sprintf("%d leads with %.1f events each on average, ingest of %d events/s beside both sides; %.0f-%.0f %% crossed a band",
			r.leads, float64(r.accepted.Load())/float64(r.leads), b4Ingest, 100*slices.Min(all), 100*slices.Max(all))
	}
	p99 := func(samples []measure.Sample) []measure.Sample {
		out := make([]measure.Sample, len(samples))
		for i, s := range samples {
			out[i] = measure.Sample{Units: s.Units, Seconds: s.Seconds, P50: s.P50, P99: s.P99, Value: s.P99}
		}
		return out
	}
	during := measure.Side{Name: "ingest while all are scored anew, p99", Unit: "ms"}
	results := []measure.Result{
		measure.Compare("B4a", crossed(0), measure.AtLeast(0.5), points, update, samples[1], samples[2]),
		measure.Compare("B4b", crossed(1), measure.AtLeast(0.25), windows, update, samples[3], samples[2]),
		measure.Compare("B4", "answers to single events, points changed", measure.AtMost(3), during, idle, p99(samples[1]), p99(samples[0])),
		measure.Compare("B4", "answers to single events, windows changed", measure.AtMost(3), during, idle, p99(samples[3]), p99(samples[0])),
	}
	return results, nil
}

// rescoreModel is a model under which leads with a few events stand on either side of a band. Its two sides go to and fro.
type rescoreModel struct{ generous, slow bool }

func (m rescoreModel) String() string {
	pricing, warm, hot, halfLife := 20, 45, 95, "7d"
	if m.generous {
		pricing, warm, hot = 30, 38, 85
	}
	if m.slow {
		halfLife = "14d"
	}
	return fmt.Sprintf(`
mql: {score: %[3]d}
bands: {hot: %[3]d, warm: %[2]d, hysteresis: 5}
grades: {A: 45, B: 30, C: 15}
fit:
  - {id: size_mid, field: company_size, range: [50, 5000], points: 15}
engagement:
  - {id: pricing, on: page_view, where: [{field: path, prefix: /pricing}], points: %[1]d, half_life: %[4]s, cap: 60}
  - {id: visits, on: page_view, count: 3, within: %[4]s, points: 15}
  - {id: download, on: content_download, points: 10, half_life: %[4]s, cap: 30}
  - {id: open, on: email_open, points: 2, half_life: %[4]s, cap: 10}
triggers: [demo_request]
`, pricing, warm, hot, halfLife)
}

// rescoring is a database full of leads with events, the API and a worker on it.
type rescoring struct {
	*ingest
	model   rescoreModel // in force
	crossed [2][]float64 // shares of the leads, by points and by windows
}

// Runs hear of what is decided here by another day's relay: Temporal takes no part. Rows are stored all the same.
const sqlLater = `ALTER TABLE outbox ALTER COLUMN not_before SET DEFAULT now() + interval '7 days'`

func (b *bench) newRescoring(ctx context.Context) (*rescoring, error) {
	p, err := b.rig.NewProduct(ctx, "leadflow")
	if err != nil {
		return nil, err
	}
	if _, err := p.Serve(ctx); err != nil {
		return nil, err
	}
	r := &rescoring{ingest: &ingest{bench: b, product: p, leads: b.size(b4Leads, 2000)}}
	b.tell("lays down %d leads", r.leads)
	if err := p.Seed(ctx, r.leads); err != nil {
		return nil, err
	}
	if err := b.rig.Do(ctx, "leadflow", sqlLater); err != nil {
		return nil, err
	}
	if r.ours, err = b.rig.Pool(ctx, "leadflow", 2); err != nil {
		return nil, err
	}
	if _, err := p.Work(ctx); err != nil {
		return nil, err
	}
	if err := r.publish(ctx, r.model); err != nil {
		return nil, err
	}
	if err := r.happen(ctx); err != nil {
		return nil, err
	}
	if err := b.rig.Do(ctx, "leadflow", "VACUUM (ANALYZE)"); err != nil {
		return nil, err
	}
	return r, b.plainScores(ctx, r.ours)
}

// Histories come in through the door.
const (
	historyClients = 4
	historyEvents  = 2500 // a request
)

// happen sends what all leads did to the API, which folds it: accumulators and scores are the product's own.
func (r *rescoring) happen(ctx context.Context) error {
	began := time.Now()
	h := load.History{Now: began.Add(-time.Minute)}
	failed := make([]error, historyClients)
	var all sync.WaitGroup
	for i := range historyClients {
		all.Go(func() { failed[i] = r.tellHistory(ctx, h, r.leads*i/historyClients, r.leads*(i+1)/historyClients) })
	}
	all.Wait()
	r.tell("sent %d events through the door in %.0f s", r.accepted.Load(), time.Since(began).Seconds())
	return errors.Join(failed...)
}

func (r *rescoring) tellHistory(ctx context.Context, h load.History, first, end int) error {
	c, err := load.Dial(r.product.Host)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	request := load.NewLines(r.product.Host, "/v1/events", r.product.Key)
	var body []byte
	for n := 0; first < end && ctx.Err() == nil; {
		body, first, n = h.Batch(body[:0], first, end, historyEvents)
		status, answer, err := c.Do(request.Bytes(body))
		if err != nil {
			return err
		}
		if _, err := load.ReadTaken(status, answer, n); err != nil {
			return err
		}
		r.accepted.Add(int64(n))
	}
	return ctx.Err()
}

// plainScores copies the table of scores, with its indexes, for the denominator.
func (b *bench) plainScores(ctx context.Context, pool *pgxpool.Pool) error {
	for _, sql := range []string{
		`CREATE TABLE plain_scores (LIKE scores INCLUDING ALL) WITH (fillfactor = 70)`, `INSERT INTO plain_scores SELECT * FROM scores`, `VACUUM (ANALYZE) plain_scores`,
	} {
		if _, err := pool.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

const sqlScoredByOthers = `SELECT EXISTS (SELECT FROM scores WHERE model_version <> $1)`

// publish publishes a model and waits until nobody is scored by another.
func (r *rescoring) publish(ctx context.Context, model rescoreModel) error {
	m, err := r.product.Call(ctx, "POST", "/v1/models", rig.Object{"source": model.String()})
	if err != nil {
		return err
	}
	if _, err := r.product.Call(ctx, "POST", fmt.Sprintf("/v1/models/%.0f/publish", m["version"]), rig.Object{}); err != nil {
		return err
	}
	for {
		var others bool
		asked := time.Now()
		if err := r.ours.QueryRow(ctx, sqlScoredByOthers, int(m["version"].(float64))).Scan(&others); err != nil || !others {
			return err
		}
		// There may be no index to ask: the asking is to cost a twentieth at most.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(100*time.Millisecond, 20*time.Since(asked))):
		}
	}
}

const sqlUpdateAll = `UPDATE plain_scores SET score = score + 1, engagement = engagement + 1, evaluated_at = now()`

func (r *rescoring) updateAll(ctx context.Context) error {
	_, err := r.ours.Exec(ctx, sqlUpdateAll)
	return err
}

const sqlForgetTold = `WITH gone AS (DELETE FROM outbox RETURNING 1) SELECT count(*)::float8 FROM gone`

// publishing is one side of ours.
func (r *rescoring) publishing(side int, name string, change func(*rescoreModel)) measure.Side {
	return measure.Side{Name: name, Unit: "leads/s", Measure: func(ctx context.Context) (measure.Sample, error) {
		var told float64
		if err := r.ours.QueryRow(ctx, sqlForgetTold).Scan(&told); err != nil {
			return measure.Sample{}, err
		}
		s, err := r.beside(func(ctx context.Context) error {
			change(&r.model)
			return r.publish(ctx, r.model)
		})(ctx)
		if err != nil {
			return s, err
		}
		err = r.ours.QueryRow(ctx, sqlOutboxRows).Scan(&told)
		r.crossed[side] = append(r.crossed[side], told/float64(r.leads))
		r.tell("%.1f %% crossed a band", 100*told/float64(r.leads))
		return s, err
	}}
}

// beside does something to all leads while events come in, and measures both.
func (r *rescoring) beside(what func(context.Context) error) func(context.Context) (measure.Sample, error) {
	return func(ctx context.Context) (measure.Sample, error) {
		if err := r.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		events, closeAll, err := eventLoad{host: r.product.Host, key: r.product.Key, clients: 32, batch: 1, leads: uniform(r.leads)}.open()
		if err != nil {
			return measure.Sample{}, err
		}
		defer closeAll()
		p := load.Pace(ctx, b4Ingest, events)
		defer p.Stop()
		select { // the first answers find everything cold
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
		if _, err := p.Take(); err != nil {
			return measure.Sample{}, err
		}
		used, began := r.rig.CPU(), time.Now()
		if err := what(ctx); err != nil {
			return measure.Sample{}, err
		}
		s := measure.Sample{Units: float64(r.leads), Seconds: time.Since(began).Seconds(), CPU: load.Less(r.rig.CPU(), used)}
		waits, err := p.Take()
		s.P50, s.P99 = waits.Milliseconds(50), waits.Milliseconds(99)
		return s.Rate(), err
	}
}

// alone is ingest with nothing beside it.
func (r *rescoring) alone(ctx context.Context) (measure.Sample, error) {
	s, err := r.beside(func(ctx context.Context) error {
		select {
		case <-time.After(max(3*time.Second, r.window().Measured)):
		case <-ctx.Done():
		}
		return ctx.Err()
	})(ctx)
	s.Units = s.Seconds * b4Ingest
	s.Value = s.P99
	return s, err
}
