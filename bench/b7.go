package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

// b7Leads is a tenth of the issue's: a hundred thousand runs of either side take an hour to begin on two cores, and what
// one costs does not depend on how many there are. -scale 10 makes all of them.
const b7Leads = 10_000

// thrifty makes a process collect its garbage soon, so that the heap it tells of is what lives.
const thrifty = "GOGC=10"

// b7 lets leads stand open and idle, against bare workflows that wait for a signal or a timer: what one costs in
// Postgres, in the memory of its worker, and to wake once that has forgotten it.
func b7(ctx context.Context, b *bench) ([]measure.Result, error) {
	h, err := b.newHouse(ctx, rest, thrifty)
	if err != nil {
		return nil, err
	}
	defer h.close()
	m := &memory{house: h, each: max(100, b.size(b7Leads, 200)/b7Pairs)}
	if m.bare, err = b.startIdler(ctx); err != nil {
		return nil, err
	}
	b.tell("makes %d of either that are not counted, so that what a worker has once is not laid to its runs", b7Warm)
	if err := m.warm(ctx); err != nil {
		return nil, err
	}
	ours := measure.Side{Name: "open idle leads", Unit: "bytes", Measure: m.size(m.leads, "leadflow", "temporal", "temporal_visibility")}
	bare := measure.Side{Name: "bare selector and timer", Unit: "bytes", Measure: m.size(m.idlers, "temporal", "temporal_visibility")}
	samples, err := b.inTurn(ctx, b7Pairs, ours, bare)
	if err != nil {
		return nil, err
	}
	n := b7Pairs * m.each
	bytes := measure.Compare("B7", fmt.Sprintf("%d of either, bytes of Postgres each, indexes and dead rows included; ours with the person, the score and the timeline", n),
		measure.AtMost(1.5), ours, bare, samples[0], samples[1])
	bytes.Notes = append(bytes.Notes, m.split())
	heap, err := m.heap(ctx)
	if err != nil {
		return nil, err
	}
	wake, err := m.wakeUps(ctx)
	return []measure.Result{bytes, heap, wake}, err
}

const (
	b7Pairs = 2
	b7Warm  = 100
)

// warm makes some of either before anything is looked at: connections, plans and buffers are there once, not for each run.
func (m *memory) warm(ctx context.Context) error {
	counted := m.each
	m.each = b7Warm
	err := errors.Join(m.leads(ctx), m.idlers(ctx))
	m.each = counted
	return err
}

// memory makes runs and looks at what they take.
type memory struct {
	*house
	each       int
	made       int
	ids        []string
	bare       *idler
	before     [2]float64 // heap of the workers with nothing cached: ours, bare
	byDatabase map[string]float64
}

const sqlDatabaseSize = `SELECT pg_database_size($1)::float8`

// size measures by how much databases grow with each run that make makes.
func (m *memory) size(make func(context.Context) error, databases ...string) func(context.Context) (measure.Sample, error) {
	return func(ctx context.Context) (measure.Sample, error) {
		if err := m.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		if m.before[0] == 0 {
			if err := m.note(ctx); err != nil {
				return measure.Sample{}, err
			}
		}
		before, err := m.sizes(ctx, databases)
		if err != nil {
			return measure.Sample{}, err
		}
		began := time.Now()
		if err := make(ctx); err != nil {
			return measure.Sample{}, err
		}
		s := measure.Sample{Units: float64(m.each), Seconds: time.Since(began).Seconds()}
		if err := m.rig.Settle(ctx); err != nil {
			return s, err
		}
		after, err := m.sizes(ctx, databases)
		for _, d := range databases {
			s.Value += (after[d] - before[d]) / float64(m.each)
			if len(databases) == 3 {
				m.byDatabase[d] += (after[d] - before[d]) / float64(m.each*b7Pairs)
			}
		}
		return s, err
	}
}

func (m *memory) note(ctx context.Context) (err error) {
	m.byDatabase = map[string]float64{}
	if m.before[0], err = rig.Heap(ctx, m.product.Metrics); err != nil {
		return err
	}
	m.before[1], err = m.bare.heap(ctx)
	return err
}

func (m *memory) split() string {
	return fmt.Sprintf("Of ours %.0f bytes are in the product's own database, %.0f in Temporal's, %.0f in its list of runs.",
		m.byDatabase["leadflow"], m.byDatabase["temporal"], m.byDatabase["temporal_visibility"])
}

func (m *memory) sizes(ctx context.Context, databases []string) (map[string]float64, error) {
	out := map[string]float64{}
	for _, d := range databases {
		var size float64
		if err := m.pool.QueryRow(ctx, sqlDatabaseSize, d).Scan(&size); err != nil {
			return nil, err
		}
		out[d] = size
	}
	return out, nil
}

func (m *memory) leads(ctx context.Context) error {
	ids, err := m.captureMany(ctx, fmt.Sprintf("idle%d", len(m.ids)), m.each)
	m.ids = append(m.ids, ids...)
	return err
}

func (m *memory) idlers(ctx context.Context) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := m.made; i < m.made+m.each; i++ {
		g.Go(func() error {
			_, err := m.temporal.ExecuteWorkflow(within, client.StartWorkflowOptions{ID: idlerID(i), TaskQueue: idlerQueue}, idle)
			return err
		})
	}
	err := g.Wait()
	m.made += m.each
	return err
}

// heap compares what the workers keep of each run: Go's heap and stacks, by their own telling.
func (m *memory) heap(ctx context.Context) (measure.Result, error) {
	ours, bare := measure.Side{Name: "cached lead", Unit: "bytes of heap and stack"}, measure.Side{Name: "cached bare run", Unit: "bytes of heap and stack"}
	now, err := rig.Heap(ctx, m.product.Metrics)
	if err != nil {
		return measure.Result{}, err
	}
	then, err := m.bare.heap(ctx)
	cached := float64(min(len(m.ids), 10_000) - b7Warm) // the SDK keeps no more by default
	a := []measure.Sample{{Units: cached, Value: (now - m.before[0]) / cached}}
	b := []measure.Sample{{Units: cached, Value: (then - m.before[1]) / cached}}
	return measure.Compare("B7", fmt.Sprintf("%.0f runs cached in each worker, "+thrifty, cached), measure.AtMost(1.5), ours, bare, a, b), err
}

const wakeUps = 200

// wakeUps restarts both workers and asks runs how they stand: each is read and replayed from its history.
func (m *memory) wakeUps(ctx context.Context) (measure.Result, error) {
	m.worker.Stop()
	m.bare.Stop()
	var err error
	if m.worker, err = m.startWorker(ctx, thrifty); err != nil {
		return measure.Result{}, err
	}
	if m.bare, err = m.startIdler(ctx); err != nil {
		return measure.Result{}, err
	}
	select {
	case <-time.After(12 * time.Second): // until then the server waits for the workers that are gone
	case <-ctx.Done():
		return measure.Result{}, ctx.Err()
	}
	r := rand.New(rand.NewPCG(1, 2))
	order := r.Perm(min(len(m.ids), m.made))
	n := min(wakeUps, len(order)) / m.pairs // of either side in each pair: nobody is asked twice
	if n == 0 {
		return measure.Result{}, fmt.Errorf("there are %d runs to wake in %d pairs: take a larger -scale", len(order), m.pairs)
	}
	ours := m.waker("cold lead, p50", order, n, func(i int) string { return "lead/" + m.ids[i] })
	bare := m.waker("cold bare run, p50", order, n, idlerID)
	samples, err := m.inTurn(ctx, m.pairs, ours, bare)
	if err != nil {
		return measure.Result{}, err
	}
	return measure.Compare("B7", "the query of a run that no worker has cached, one at a time", measure.AtMost(1.5), ours, bare, samples[0], samples[1]), nil
}

// waker asks n runs that nobody asked before, each time.
func (m *memory) waker(name string, order []int, n int, id func(int) string) measure.Side {
	return measure.Side{Name: name, Unit: "ms", Measure: func(ctx context.Context) (measure.Sample, error) {
		var h measure.Histogram
		began := time.Now()
		for _, i := range order[:n] {
			asked := time.Now()
			if _, err := m.temporal.QueryWorkflow(ctx, id(i), "", "state"); err != nil {
				return measure.Sample{}, err
			}
			h.Add(time.Since(asked))
		}
		order = order[n:]
		s := measure.Sample{Units: float64(n), Seconds: time.Since(began).Seconds(), P50: h.Milliseconds(50), P99: h.Milliseconds(99)}
		s.Value = s.P50
		return s, nil
	}}
}

func idlerID(i int) string { return fmt.Sprintf("idler/%d", i) }

const idlerQueue = "bench-idlers"

// idler is a worker of bare workflows in a process of its own, so that its heap is its own.
type idler struct {
	*rig.Program
	metrics string
}

func (b *bench) startIdler(ctx context.Context) (*idler, error) {
	p, metrics, err := b.rig.StartIdler(ctx, b.self, thrifty)
	return &idler{p, metrics}, err
}

func (i *idler) heap(ctx context.Context) (float64, error) { return rig.Heap(ctx, i.metrics) }

// serveIdle is that process: "bench idler TEMPORAL LISTEN".
func serveIdle(ctx context.Context, temporal, listen string) error {
	c, err := client.Dial(client.Options{HostPort: temporal, Identity: "bench", Logger: silent{}})
	if err != nil {
		return err
	}
	defer c.Close()
	w := bareWorker(c, idlerQueue)
	w.RegisterWorkflow(idle)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	return rig.ServeHeap(ctx, listen, os.Stdout)
}
