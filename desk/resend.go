package desk

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

const (
	resendBatch  = 32
	resendAtOnce = 8 // asked at once
)

// Resend asks again, under the ids they had, about decisions whose time has come that are pending or not known to be kept, and settles what is
// answered, until none is due. It never gives a decision up; one that is not answered waits longer each time. The worker calls it whenever
// decisions may be due. While Temporal is away one round costs little: the first that finds it so spares the others.
func (d *Desk) Resend(ctx context.Context) error {
	for {
		n, away, err := d.round(ctx)
		if err != nil || away || n < resendBatch {
			return err
		}
	}
}

// round asks about as many as are claimed at once.
func (d *Desk) round(ctx context.Context) (n int, away bool, err error) {
	// A lease outlives the slowest round, so that nobody asks beside us; it ends early where we defer.
	lease := 2 * (resendBatch/resendAtOnce + 1) * d.cfg.Wait
	due, err := d.store.ClaimDecisions(ctx, resendBatch, lease)
	if err != nil {
		return 0, false, err
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
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
	return len(due), away, err
}

// resend asks about one decision, settles it or puts it back.
func (d *Desk) resend(ctx context.Context, dec record.Decision, skip bool) (away bool, err error) {
	v := pending
	switch {
	case skip:
	case dec.State == Pending:
		v, err = d.ask(ctx, dec, d.cfg.Wait)
	default:
		v, err = d.askUnkept(ctx, dec)
	}
	if err != nil {
		return v.away, err
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

// askUnkept asks about a decision that took effect in a task of which nobody knows that it was kept. A run that has come to the version by which
// it did has kept it, and must not be asked: one that has begun anew since knows only its last decision, and would decide a second time, also
// what somebody has undone or gone back on. One that is behind is asked as the first time. While it refuses it has yet to tell what became of
// that version; from then on the decision is pending.
func (d *Desk) askUnkept(ctx context.Context, dec record.Decision) (verdict, error) {
	asking, cancel := context.WithTimeout(ctx, d.cfg.Wait)
	defer cancel()
	version, there, err := d.Version(asking, dec.LeadID)
	switch {
	case err != nil:
		return verdict{state: Pending, away: unreachable(err)}, nil
	case !there:
		version = dec.Unkept // a run that is not there wants nothing again
	}
	if version >= dec.Unkept {
		return pending, d.store.KeepDecision(ctx, dec.ID, version)
	}
	v, err := d.ask(ctx, dec, d.cfg.Wait)
	if v.state == Refused {
		v = pending
	}
	return v, err
}

// Version asks the lead's run to which version of the lead it has come; there is false where there is none. What it answers is of tasks that were
// kept: a query waits for one that is under way.
func (d *Desk) Version(ctx context.Context, leadID string) (version int64, there bool, err error) {
	answer, err := d.temporal.QueryWorkflow(ctx, wire.WorkflowID(leadID), "", wire.QueryState)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return 0, false, nil
	}
	var s wire.State
	if err == nil {
		err = answer.Get(&s)
	}
	return s.Version, true, err
}

// backoff is one second, doubled with every attempt, at most the configured pause.
func (d *Desk) backoff(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts-1, 0), 20), d.cfg.Backoff)
}
