package desk

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	resendBatch  = 32
	resendAtOnce = 8 // asked at once
)

// Resend asks pending decisions again whose time has come, under the ids they had, and settles what is answered. It never
// gives a decision up; one that is not answered waits longer each time. The worker calls it whenever decisions
// may be due. While Temporal is away one round costs little: the first that finds it so spares the others.
func (d *Desk) Resend(ctx context.Context) error {
	// A lease outlives the slowest round, so that nobody asks beside us; it ends early where we defer.
	lease := (resendBatch/resendAtOnce + 1) * d.cfg.Wait
	due, err := d.store.ClaimDecisions(ctx, resendBatch, lease)
	if err != nil {
		return err
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		away  bool
		slots = make(chan struct{}, resendAtOnce)
	)
	for _, dec := range due {
		slots <- struct{}{}
		mu.Lock()
		skip := away
		mu.Unlock()
		all.Go(func() {
			defer func() { <-slots }()
			gone, one := d.resend(ctx, dec, skip)
			mu.Lock()
			defer mu.Unlock()
			away = away || gone
			err = errors.Join(err, one)
		})
	}
	all.Wait()
	return err
}

// resend asks for one decision, settles it or puts it back.
func (d *Desk) resend(ctx context.Context, dec record.Decision, skip bool) (away bool, err error) {
	v := pending
	if !skip {
		if v, err = d.ask(ctx, dec, d.cfg.Wait); err != nil {
			return false, err
		}
	}
	if v.state == Pending {
		err = d.store.DeferDecision(ctx, dec.ID, d.backoff(dec.Attempts))
	} else {
		_, err = d.settle(ctx, dec, v)
	}
	if errors.Is(err, record.ErrNotFound) {
		err = nil // answered or erased meanwhile
	}
	return v.away, err
}

// backoff is one second, doubled with every attempt, at most the configured pause.
func (d *Desk) backoff(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts-1, 0), 20), d.cfg.Backoff)
}
