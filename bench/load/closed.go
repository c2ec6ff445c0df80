package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// Step does one thing and says how many units it was. Each client has a Step of its own.
type Step func(context.Context) (units int, err error)

// Window is how long clients run: they warm up, then they are measured.
type Window struct{ WarmUp, Measured time.Duration }

// Closed runs clients that each do one step after the other: none waits but for its own answer. It measures what was
// done within the window, and the processor time of it by cpu. The first error ends it.
func Closed(ctx context.Context, w Window, clients []Step, cpu func() map[string]float64) (measure.Sample, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var done atomic.Int64
	var measuring atomic.Bool
	waits := make([]measure.Histogram, len(clients))
	var running sync.WaitGroup
	end := make(chan struct{})
	for i, step := range clients {
		running.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				began := time.Now()
				n, err := step(ctx)
				if err != nil {
					stop(err)
					return
				}
				done.Add(int64(n))
				if measuring.Load() {
					waits[i].Add(time.Since(began))
				}
			}
		})
	}
	pause(ctx, w.WarmUp)
	measuring.Store(true)
	units, used, began := done.Load(), cpu(), time.Now()
	pause(ctx, w.Measured)
	s := measure.Sample{Units: float64(done.Load() - units), Seconds: time.Since(began).Seconds(), CPU: Less(cpu(), used)}
	measuring.Store(false)
	close(end)
	running.Wait()
	var all measure.Histogram
	for i := range waits {
		all.Merge(&waits[i])
	}
	s.P50, s.P99 = all.Milliseconds(50), all.Milliseconds(99)
	return s.Rate(), context.Cause(ctx)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Less is what was used between two readings.
func Less(now, before map[string]float64) map[string]float64 {
	out := make(map[string]float64, len(now))
	for name, seconds := range now {
		if d := seconds - before[name]; d > 0 {
			out[name] = d
		}
	}
	return out
}
