package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

const (
	b6wRuns  = 1000
	b6wWakes = 100 // of each run, at most
	b6wWait  = time.Second
	b6wQueue = "bench-wakes"
)

// b6w measures wake-ups by themselves: runs that wait a second, again and again, more of them than can be served. Ours
// puts the next mail of its sequence into the ledger each time, where it stays: the lane is held.
func b6w(ctx context.Context, b *bench) ([]measure.Result, error) {
	h, err := b.newHouse(ctx, everySecond())
	if err != nil {
		return nil, err
	}
	defer h.close()
	w := &wakes{house: h, runs: b.size(b6wRuns, 600)}
	if _, err := h.post(ctx, "/v1/lanes/bulk/hold", rig.Object{}); err != nil {
		return nil, err
	}
	b.tell("captures %d leads, and begins as many bare runs", w.runs)
	if _, err := h.captureMany(ctx, "wakes", w.runs); err != nil {
		return nil, err
	}
	h.worker.Stop()
	if err := w.beginBare(ctx); err != nil {
		return nil, err
	}
	ours := measure.Side{Name: "wake-ups of leads, each with a mail for the ledger", Unit: "wake-ups/s", Measure: w.ours}
	bare := measure.Side{Name: "a bare timer and one local activity", Unit: "wake-ups/s", Measure: w.bare}
	samples, err := b.inTurn(ctx, b.pairs, ours, bare)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("B6w", fmt.Sprintf("%d runs that wait for a second, again and again, all overdue", w.runs), measure.AtLeast(0.8), ours, bare, samples[0], samples[1])
	return []measure.Result{r}, nil
}

// everySecond is a sequence that is long enough for the whole row.
func everySecond() string {
	var b strings.Builder
	b.WriteString("name: wakes\nentry: {stages: [nurturing]}\nexit: [qualified, unsubscribed, replied]\nsteps:\n")
	for i := range b6wWakes {
		fmt.Fprintf(&b, "  - {id: w%d, wait: %s}\n  - {id: m%d, mail: {subject: Again, body: \"Mail %d.\"}}\n", i, b6wWait, i, i)
	}
	return b.String()
}

type wakes struct {
	*house
	runs  int
	woken atomic.Int64 // bare ones
}

const sqlWoken = `SELECT count(*) FROM deliveries WHERE kind = 'nurture'`

// ours has a worker serve the leads for a while. Each wake-up that is counted has left its mail in the ledger.
func (w *wakes) ours(ctx context.Context) (measure.Sample, error) {
	start := func() (func(), error) {
		p, err := w.startWorker(ctx)
		if err != nil {
			return nil, err
		}
		return p.Stop, nil
	}
	return w.served(ctx, start, func() (n int64, err error) {
		err = w.pool.QueryRow(ctx, sqlWoken).Scan(&n)
		return n, err
	})
}

// bare is the same of runs that do nothing when they wake.
func (w *wakes) bare(ctx context.Context) (measure.Sample, error) {
	start := func() (func(), error) {
		bare, err := w.bareWorker()
		if err != nil {
			return nil, err
		}
		return bare.Stop, nil
	}
	return w.served(ctx, start, func() (int64, error) { return w.woken.Load(), nil })
}

// served counts when whoever serves has found its runs again. Nobody serves the other side's meanwhile: they wait with their
// timers fired.
func (w *wakes) served(ctx context.Context, start func() (stop func(), err error), woken func() (int64, error)) (s measure.Sample, err error) {
	if err := w.rig.Settle(ctx); err != nil {
		return s, err
	}
	stop, err := start()
	if err != nil {
		return s, err
	}
	defer stop()
	if err := w.found(ctx, woken); err != nil {
		return s, err
	}
	before, err := woken()
	if err != nil {
		return s, err
	}
	used, began := w.rig.CPU(), time.Now()
	if err := pause(ctx, max(3*time.Second, w.bench.window().Measured)); err != nil {
		return s, err
	}
	after, err := woken()
	took := time.Since(began)
	switch n := float64(after - before); {
	case err != nil:
	case n == 0:
		err = fmt.Errorf("nobody woke in %s", took)
	case n/took.Seconds() > 0.7*float64(w.runs)/b6wWait.Seconds():
		err = fmt.Errorf("%.0f of %d runs woke in %s: there are too few of them for this machine", n, w.runs, took)
	}
	return measure.Sample{Units: float64(after - before), Seconds: took.Seconds(), CPU: load.Less(w.rig.CPU(), used)}.Rate(), err
}

// found waits until each run was served once: what wakes it the first time reads its whole history, and a side that is slower
// would have more of that in what is measured.
func (w *wakes) found(ctx context.Context, woken func() (int64, error)) error {
	began, err := woken()
	for n := began; err == nil && n < began+int64(w.runs); n, err = woken() {
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return pause(ctx, time.Second)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// again waits as a lead's run does, and has one local activity each time.
func (w *wakes) again(ctx workflow.Context) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 5 * time.Second})
	for range b6wWakes {
		if err := workflow.NewTimer(ctx, b6wWait).Get(ctx, nil); err != nil {
			return err
		}
		if err := workflow.ExecuteLocalActivity(ctx, w.wake).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func (w *wakes) wake(context.Context) error {
	w.woken.Add(1)
	return nil
}

func (w *wakes) bareWorker() (worker.Worker, error) {
	bare := bareWorker(w.temporal, b6wQueue)
	bare.RegisterWorkflowWithOptions(w.again, workflow.RegisterOptions{Name: "again"})
	return bare, bare.Start()
}

// beginBare begins the bare runs: each sets its first timer.
func (w *wakes) beginBare(ctx context.Context) error {
	bare, err := w.bareWorker()
	if err != nil {
		return err
	}
	defer bare.Stop()
	for i := range w.runs {
		if _, err := w.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: fmt.Sprintf("again/%d", i), TaskQueue: b6wQueue}, "again"); err != nil {
			return err
		}
	}
	for w.woken.Load() < int64(w.runs) {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
