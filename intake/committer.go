package intake

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	maxBatch      = 500              // events of one transaction
	commitTimeout = 30 * time.Second // of one transaction
	maxMisses     = 64               // transactions that fail in a row before a batch is given up
)

// committer takes whatever waits, up to maxBatch events of any number of requests, as soon as it is free: no linger, so
// a lone event is committed at once and a flood in few transactions.
type committer struct {
	events Events

	mu      sync.Mutex
	waiting []*ticket
	running bool
}

// ticket is one event on its way, and what became of it.
type ticket struct {
	ctx    context.Context
	event  record.Event
	result record.Ingested
	err    error
	done   *sync.WaitGroup
}

func newCommitter(events Events) *committer { return &committer{events: events} }

// submit waits until every event is decided, or its context is over: what is under way then may still be stored.
func (c *committer) submit(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	if len(events) == 0 {
		return nil, nil
	}
	var all sync.WaitGroup
	all.Add(len(events))
	tickets := make([]*ticket, len(events))
	for i, e := range events {
		tickets[i] = &ticket{ctx: ctx, event: e, done: &all}
	}
	c.mu.Lock()
	c.waiting = append(c.waiting, tickets...)
	if !c.running {
		c.running = true
		go c.run()
	}
	c.mu.Unlock()
	decided := make(chan struct{})
	go func() { all.Wait(); close(decided) }()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-decided:
	}
	out := make([]record.Ingested, len(tickets))
	for i, t := range tickets {
		if t.err != nil {
			return nil, t.err
		}
		out[i] = t.result
	}
	return out, nil
}

// run empties the queue and ends; the next submit starts it again.
func (c *committer) run() {
	for {
		c.mu.Lock()
		n := min(len(c.waiting), maxBatch)
		batch := c.waiting[:n:n]
		c.waiting = c.waiting[n:]
		if n == 0 {
			c.running, c.waiting = false, nil
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		c.decide(batch)
	}
}

// decide commits a batch and answers its tickets. Nobody waits for what a gone request sent: it is left out.
func (c *committer) decide(batch []*ticket) {
	var live []*ticket
	for _, t := range batch {
		if t.err = t.ctx.Err(); t.err == nil {
			live = append(live, t)
		}
	}
	r := &round{events: c.events}
	r.store(live)
	for _, t := range batch {
		t.done.Done()
	}
}

// round is the commit of one batch, in as many transactions as it takes.
type round struct {
	events   Events
	misses   int       // transactions that failed since one was committed
	suspects []*ticket // failed alone, with an error that does not say whose fault it was
}

// store commits what it can. A batch that fails is halved until the culprit stands alone: that one is refused. When even
// single events fail one after the other it is not the events, and the rest is told so.
func (r *round) store(batch []*ticket) {
	if len(batch) == 0 {
		return
	}
	results, err := r.ingest(batch)
	if err == nil {
		r.committed(batch, results)
		return
	}
	r.misses++
	switch {
	case notNow(err) || r.misses > maxMisses:
		for _, t := range batch {
			t.err = err
		}
	case len(batch) == 1 && blamesData(err):
		batch[0].result = record.Ingested{Code: CodeInvalid}
	case len(batch) == 1:
		batch[0].err = err
		r.suspects = append(r.suspects, batch[0])
	default:
		half := len(batch) / 2
		r.store(batch[:half])
		r.store(batch[half:])
	}
}

// committed answers the tickets of a transaction. That it went through proves that it was the suspects' own fault.
func (r *round) committed(batch []*ticket, results []record.Ingested) {
	for i, t := range batch {
		t.result = results[i]
	}
	for _, t := range r.suspects {
		t.err, t.result = nil, record.Ingested{Code: CodeInvalid}
	}
	r.misses, r.suspects = 0, nil
}

// ingest is one transaction. It outlives the requests whose events it carries, not for long.
func (r *round) ingest(batch []*ticket) ([]record.Ingested, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), commitTimeout)
	defer cancel()
	events := make([]record.Event, len(batch))
	for i, t := range batch {
		events[i] = t.event
	}
	results, err := r.events.Ingest(ctx, events)
	if err == nil && len(results) != len(events) {
		err = fmt.Errorf("ingest: %d answers for %d events", len(results), len(events))
	}
	return results, err
}

// sqlState is the code of an error of Postgres.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// blamesData reports whether Postgres says that the data is at fault: data exceptions, integrity, program limits.
func blamesData(err error) bool {
	state := sqlState(err)
	return len(state) == 5 && (state[:2] == "22" || state[:2] == "23" || state[:2] == "54")
}

// notNow reports whether nothing about the batch is known to be wrong: trying its halves would change nothing.
func notNow(err error) bool {
	state := sqlState(err)
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || state != "" && !blamesData(err)
}
