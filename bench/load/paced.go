package load

import (
	"context"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// Paced keeps a rate of requests going, whatever their answers take: a wait is counted from the moment a request was due,
// so a server that stands still for a second is seen by all whom it kept waiting (no coordinated omission).
type Paced struct {
	mu    sync.Mutex
	waits measure.Histogram
	err   error
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// Pace starts clients that together make perSecond steps until Stop.
func Pace(ctx context.Context, perSecond float64, clients []Step) *Paced {
	ctx, stop := context.WithCancel(ctx)
	p := &Paced{stop: stop}
	every := time.Duration(float64(time.Second) / perSecond * float64(len(clients)))
	start := time.Now()
	for i, step := range clients {
		first := start.Add(every * time.Duration(i) / time.Duration(len(clients)))
		p.done.Go(func() {
			for due := first; ; due = due.Add(every) {
				pause(ctx, time.Until(due))
				if ctx.Err() != nil {
					return
				}
				_, err := step(context.WithoutCancel(ctx))
				p.add(time.Since(due), err)
			}
		})
	}
	return p
}

func (p *Paced) add(wait time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.err == nil {
		p.err = err
	}
	p.waits.Add(wait)
}

// Take answers what was waited since the last Take, and begins anew. The error is the first that any client met.
func (p *Paced) Take() (measure.Histogram, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.waits
	p.waits = measure.Histogram{}
	return h, p.err
}

// Stop ends it and waits for what is on its way.
func (p *Paced) Stop() {
	p.stop()
	p.done.Wait()
}
