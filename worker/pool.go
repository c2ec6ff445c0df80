package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Carrier carries out one delivery and stores its outcome. An error means that even the outcome could not be stored:
// the lease runs out and the row is looked at again.
type Carrier interface {
	Carry(ctx context.Context, d record.Delivery) error
}

// Pool works off one lane with workers of its own, so that no lane waits for another. Deliveries that are made in its own
// process are taken by a free worker at once (record.Taker); all others are claimed.
type Pool struct {
	Lane       string
	Deliveries Deliveries
	Carrier    Carrier
	Log        *slog.Logger

	busy  chan struct{} // one for each worker that is not free
	bells bells

	ahead   int               // rows that are claimed before a worker is free for them
	ready   []record.Delivery // of them, those that wait for a worker
	since   time.Time         // when they were asked for
	fetched chan fetched      // the next, which are asked for while workers are busy; nil: nobody asks
}

type fetched struct {
	rows []record.Delivery
	err  error
	at   time.Time
}

const (
	deliveryLease = 3 * time.Minute // longer than the longest send
	poolIdle      = 5 * time.Second
)

// newPool makes a pool of so many workers, 0 is 4, that claims so many rows ahead.
func newPool(lane string, d Deliveries, c Carrier, workers, ahead int, b bells, log *slog.Logger) *Pool {
	if workers == 0 {
		workers = 4
	}
	return &Pool{
		Lane: lane, Deliveries: d, Carrier: c, Log: log, busy: make(chan struct{}, workers), bells: b, ahead: ahead,
	}
}

// Run works until the context ends, then finishes what it began.
func (p *Pool) Run(ctx context.Context) error {
	defer p.close()
	for {
		n, err := p.work(ctx)
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

// close puts back what no worker has begun, and waits until every worker is free and takes them all: from then on none can
// be reserved.
func (p *Pool) close() {
	if p.fetched != nil {
		p.ready = append(p.ready, (<-p.fetched).rows...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, d := range p.ready { // where this fails too, they are claimed again when their lease is over
		_ = p.Deliveries.EndDelivery(ctx, d, record.DeliveryEnd{State: stateQueued, Turn: true})
	}
	for range cap(p.busy) {
		p.busy <- struct{}{}
	}
}

// Reserve keeps a worker that is free now.
func (p *Pool) Reserve() bool {
	select {
	case p.busy <- struct{}{}:
		return true
	default:
		return false
	}
}

// Release gives a reserved worker back.
func (p *Pool) Release() { <-p.busy }

// Take has a reserved worker carry out what load gives.
func (p *Pool) Take(load func(context.Context) (record.Delivery, error)) {
	go func() {
		defer p.Release()
		// What was begun is finished also when the process is told to stop: a mail cut off in the middle is one whose outcome
		// nobody knows.
		ctx, cancel := context.WithTimeout(context.Background(), deliveryLease-10*time.Second)
		defer cancel()
		d, err := load(ctx)
		if err != nil {
			p.Log.Warn("a delivery that was just made cannot be read; it is claimed when its lease is over", "lane", p.Lane, "error", err)
			return
		}
		if err := p.Carrier.Carry(ctx, d); err != nil {
			p.Log.Warn("the outcome of a delivery could not be stored", "lane", p.Lane, "delivery", d.ID, "error", err)
		}
	}()
}

// work waits for a free worker, then gives rows to as many workers as are free, and answers to how many.
func (p *Pool) work(ctx context.Context) (int, error) {
	select {
	case p.busy <- struct{}{}:
	case <-ctx.Done():
		return 0, nil
	}
	workers := 1
	for p.Reserve() {
		workers++
	}
	err := p.fill(ctx, workers)
	n := min(workers, len(p.ready))
	for _, d := range p.ready[:n] {
		p.Take(func(context.Context) (record.Delivery, error) { return d, nil })
	}
	p.ready = p.ready[n:]
	for range workers - n {
		p.Release()
	}
	return n, err
}

// fill sees to it that rows are ready, where there are any. Workers that are busy do not wait for the next claim: it is made
// while half of the last one is still there.
func (p *Pool) fill(ctx context.Context, workers int) (err error) {
	if time.Since(p.since) > deliveryLease/2 {
		p.ready = nil // others may claim them soon
	}
	if len(p.ready) == 0 {
		if p.fetched == nil {
			p.fetch(context.WithoutCancel(ctx), workers+p.ahead)
		}
		got := <-p.fetched
		p.ready, p.since, err, p.fetched = got.rows, got.at, got.err, nil
	}
	if p.ahead > 0 && len(p.ready) > workers && len(p.ready) <= p.ahead/2+workers && p.fetched == nil {
		p.fetch(context.WithoutCancel(ctx), p.ahead)
	}
	return err
}

func (p *Pool) fetch(ctx context.Context, rows int) {
	answer := make(chan fetched, 1)
	p.fetched = answer
	go func() {
		at := time.Now()
		got, err := p.Deliveries.ClaimDeliveries(ctx, p.Lane, rows, deliveryLease)
		answer <- fetched{got, err, at}
	}()
}

// rest is how long nothing is due.
func (p *Pool) rest(ctx context.Context) time.Duration {
	after, waits, err := p.Deliveries.NextDelivery(ctx, p.Lane)
	if err != nil || !waits {
		return poolIdle
	}
	return min(poolIdle, max(10*time.Millisecond, after))
}
