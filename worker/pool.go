package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Carrier carries out one delivery and stores its outcome. An error means that even the outcome could not be stored:
// the lease runs out and the row is looked at again.
type Carrier interface {
	Carry(ctx context.Context, d record.Delivery) error
}

// Pool works off one lane with workers of its own, so that no lane waits for another.
type Pool struct {
	Lane       string
	Deliveries Deliveries
	Carrier    Carrier
	Workers    int // at once; 0 is 4
	Log        *slog.Logger

	bells bells
}

const (
	deliveryLease = 3 * time.Minute // longer than the longest send
	poolIdle      = 5 * time.Second
)

// Run works until the context ends, then finishes what it began.
func (p *Pool) Run(ctx context.Context) error {
	workers := p.Workers
	if workers == 0 {
		workers = 4
	}
	free := make(chan struct{}, workers)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		n, err := p.claim(ctx, free, &running)
		if err != nil && ctx.Err() == nil {
			p.Log.Warn("deliveries cannot be claimed; it is tried again", "lane", p.Lane, "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		if !p.bells.wait(ctx, p.Lane, p.rest(ctx)) {
			return nil
		}
	}
}

// claim waits for a free worker, then takes as many rows as there are free workers.
func (p *Pool) claim(ctx context.Context, free chan struct{}, running *sync.WaitGroup) (int, error) {
	select {
	case free <- struct{}{}:
		<-free
	case <-ctx.Done():
		return 0, nil
	}
	room := cap(free) - len(free)
	rows, err := p.Deliveries.ClaimDeliveries(ctx, p.Lane, room, deliveryLease)
	if err != nil {
		return 0, err
	}
	for _, d := range rows {
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			// What was begun is finished also when the process is told to stop: a mail cut off in the middle is one
			// whose outcome nobody knows.
			working, cancel := context.WithTimeout(inLane(context.WithoutCancel(ctx), p.Lane), deliveryLease-10*time.Second)
			defer cancel()
			if err := p.Carrier.Carry(working, d); err != nil {
				p.Log.Warn("the outcome of a delivery could not be stored", "lane", p.Lane, "delivery", d.ID, "error", err)
			}
		})
	}
	return len(rows), nil
}

// rest is how long nothing is due.
func (p *Pool) rest(ctx context.Context) time.Duration {
	next, err := p.Deliveries.NextDelivery(ctx, p.Lane)
	if err != nil || next.IsZero() {
		return poolIdle
	}
	return min(poolIdle, max(10*time.Millisecond, time.Until(next)))
}
