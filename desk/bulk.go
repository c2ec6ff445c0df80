package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// BulkActions are the decisions that may be taken over many leads at once.
var BulkActions = []string{wire.UpdatePause, wire.UpdateResume, wire.UpdateReassign, wire.UpdateRecycle, wire.UpdateDisqualify}

// Bulks keeps bulk actions: a set of leads that is fixed, carried by one process at a time under a lease.
type Bulks interface {
	ClaimBulk(ctx context.Context) (record.Bulk, bool, error)
	// ExtendBulk, PutOffBulk, NoteBulk and FinishBulk answer record.ErrNotFound when the claim holds no more; NoteBulk
	// record.ErrDecided when it noted, and the bulk was cancelled.
	ExtendBulk(ctx context.Context, b record.Bulk) error
	PutOffBulk(ctx context.Context, b record.Bulk, after time.Duration) error
	WaitingBulkLeads(ctx context.Context, id string, limit int) ([]string, error)
	NoteBulk(ctx context.Context, b record.Bulk, done []record.BulkLead) error
	// SettleBulk notes late answers, and says how many leads are open.
	SettleBulk(ctx context.Context, b record.Bulk) (open int, err error)
	FinishBulk(ctx context.Context, b record.Bulk) error
}

const (
	bulkAtOnce    = 8  // decisions asked at once
	bulkBatch     = 64 // between two notes of progress, at most
	bulkHeartbeat = 8 * time.Second
	bulkRest      = 5 * time.Second // while Temporal is away, or answers are awaited
)

// Carrier carries bulk actions out, lead by lead, the way a person's decisions go. Any number may run.
type Carrier struct {
	desk  *Desk
	bulks Bulks
}

// NewCarrier makes one over a desk.
func NewCarrier(d *Desk, b Bulks) *Carrier { return &Carrier{desk: d, bulks: b} }

// CheckBulk says what is wrong with the decision of a bulk action, before there is one: Problems, or the store's error. It
// answers the decision as it is stored.
func (d *Desk) CheckBulk(ctx context.Context, action string, body json.RawMessage) (json.RawMessage, error) {
	c, err := d.check(ctx, Request{Kind: action, Body: body})
	if err != nil {
		return nil, err
	}
	return json.Marshal(c)
}

// BulkOne takes the next bulk action that nobody carries, and carries it to its end, or as far as it goes now; false when
// there is none. An error means that the rest is left to whoever claims it next.
func (c *Carrier) BulkOne(ctx context.Context) (bool, error) {
	b, ok, err := c.bulks.ClaimBulk(ctx)
	if err != nil || !ok {
		return false, err
	}
	err = c.under(ctx, b, func(ctx context.Context) error { return c.carry(ctx, b) })
	switch {
	case errors.Is(err, record.ErrNotFound), errors.Is(err, record.ErrDecided): // another's, or cancelled
		return true, nil
	case ctx.Err() != nil: // it is stopped in good order: others need not wait for the lease
		_ = c.bulks.PutOffBulk(context.WithoutCancel(ctx), b, 0)
		return true, ctx.Err()
	case err != nil:
		return true, fmt.Errorf("bulk %s: %w", b.ID, err)
	}
	return true, nil
}

// under holds the lease as long as the work goes on, and ends the work when the lease is another's.
func (c *Carrier) under(ctx context.Context, b record.Bulk, work func(context.Context) error) error {
	working, stop := context.WithCancelCause(ctx)
	var beat sync.WaitGroup
	beat.Go(func() {
		t := time.NewTicker(bulkHeartbeat)
		defer t.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-t.C:
				if err := c.bulks.ExtendBulk(working, b); errors.Is(err, record.ErrNotFound) {
					stop(err)
				}
			}
		}
	})
	err := work(working)
	stop(nil)
	beat.Wait()
	if errors.Is(context.Cause(working), record.ErrNotFound) {
		return record.ErrNotFound
	}
	return err
}

func (c *Carrier) carry(ctx context.Context, b record.Bulk) error {
	pace := rate.NewLimiter(rate.Limit(b.Pace), 1)
	batch := min(bulkBatch, max(1, int(b.Pace))) // progress every second
	for {
		leads, err := c.bulks.WaitingBulkLeads(ctx, b.ID, batch)
		if err != nil {
			return err
		}
		if len(leads) == 0 {
			break
		}
		done, away, err := c.decideAll(ctx, b, leads, pace)
		// What was decided is noted even when the process is about to stop.
		if err = errors.Join(err, c.bulks.NoteBulk(context.WithoutCancel(ctx), b, done)); err != nil {
			return err
		}
		if away {
			return c.bulks.PutOffBulk(ctx, b, bulkRest)
		}
	}
	open, err := c.bulks.SettleBulk(ctx, b)
	if err != nil {
		return err
	}
	if open > 0 {
		return c.bulks.PutOffBulk(ctx, b, bulkRest)
	}
	return c.bulks.FinishBulk(ctx, b)
}

// decideAll decides about leads at a pace, some at once. Once Temporal is found away it begins no more.
func (c *Carrier) decideAll(ctx context.Context, b record.Bulk, leads []string, pace *rate.Limiter) (done []record.BulkLead, away bool, err error) {
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		slots = make(chan struct{}, bulkAtOnce)
	)
	over := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return away || err != nil
	}
	for _, lead := range leads {
		if waited := pace.Wait(ctx); waited != nil {
			mu.Lock()
			err = errors.Join(err, waited)
			mu.Unlock()
			break
		}
		slots <- struct{}{}
		if over() {
			<-slots
			break
		}
		all.Go(func() {
			defer func() { <-slots }()
			one, gone, failed := c.decide(ctx, b, lead)
			mu.Lock()
			defer mu.Unlock()
			if failed == nil {
				done = append(done, one)
			}
			away, err = away || gone, errors.Join(err, failed)
		})
	}
	all.Wait()
	return done, away, err
}

// decide takes the decision about one lead. Its id is made of the bulk and the lead: however often a bulk is carried on,
// by whom, a lead is decided about once.
func (c *Carrier) decide(ctx context.Context, b record.Bulk, lead string) (one record.BulkLead, away bool, err error) {
	one = record.BulkLead{LeadID: lead}
	r := Request{ID: bulkDecision(b.ID, lead), LeadID: lead, Kind: b.Action, Body: b.Body}
	if b.KeyID != nil {
		r.KeyID = *b.KeyID
	}
	a, err := c.desk.Decide(ctx, r)
	var ps Problems
	switch {
	case errors.As(err, &ps):
		one.State, one.Code = "failed", ps[0].Code
		return one, false, nil
	case errors.Is(err, record.ErrErased), errors.Is(err, record.ErrNotFound):
		one.State, one.Code = "failed", "erased"
		return one, false, nil
	case err != nil:
		return one, false, err
	}
	one.State, one.Code, one.DecisionID = a.State, a.Code, &a.DecisionID
	if a.State == Pending {
		one.State = "asked"
	}
	return one, a.Away, nil
}

func bulkDecision(bulk, lead string) string {
	return uuid.NewSHA1(uuid.MustParse(bulk), []byte(lead)).String()
}
