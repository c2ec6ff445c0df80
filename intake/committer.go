package intake

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	maxBatch       = 500      // events of one transaction
	maxWaiting     = 50_000   // events that wait or are under way
	maxWaitingSize = 64 << 20 // and their bytes, as they were sent
)

// ErrBusy says that too much waits already: nothing of the request was taken, and it may be sent again in a moment.
var ErrBusy = errors.New("too many events wait to be stored")

// committer takes whatever waits, up to maxBatch events of any number of requests, as soon as it is free, so a lone event
// is committed at once and a flood in few transactions. What waits is bounded: a request that finds no room is not
// taken at all.
//
// Where enough waits it has transactions beside each other: while one is read and folded, Postgres writes another. Two of
// them never have events of one owner, since a lead that many speak of would be in nearly every one: they would come one
// after the other all the same, and the second hold its connection meanwhile. Where little waits there is one: the half of it
// would cost nearly as much. When that is late the next does not wait for it.
type committer struct {
	events Events
	cfg    backlog

	mu       sync.Mutex
	queue    queue
	runs     int // transactions under way
	late     int // of them, those for which only their owners wait
	timer    *time.Timer
	lingered bool // enough
	aside    aside
	count    int // events that wait or are under way
	size     int // their bytes
}

// backlog bounds a committer.
type backlog struct {
	events int           // that wait or are under way
	bytes  int           // of them
	lanes  int           // transactions at once
	wide   int           // events that could go until there is a transaction beside another
	late   time.Duration // how long others than its owners wait for a transaction
	linger time.Duration // how long a batch that is not full waits for more
	hold   time.Duration // how long an event waits whose lead somebody else holds
}

// delivery is what one request wants stored.
type delivery struct {
	ctx     context.Context
	events  []record.Event
	results []record.Ingested
	errs    []error
	size    int
	left    int           // not decided yet; under the committer's lock
	done    chan struct{} // closed when all are
}

// ticket is one event on its way.
type ticket struct {
	*delivery
	n int
}

func (t ticket) failed(err error) { t.errs[t.n], t.results[t.n] = err, record.Ingested{} }

func (t ticket) decided(r record.Ingested) { t.errs[t.n], t.results[t.n] = nil, r }

func newCommitter(events Events, b backlog) *committer {
	if b.events == 0 {
		b.events = maxWaiting
	}
	if b.bytes == 0 {
		b.bytes = maxWaitingSize
	}
	if b.lanes == 0 {
		b.lanes = defaultLanes
	}
	if b.wide == 0 {
		b.wide = defaultWide
	}
	if b.late == 0 {
		b.late = defaultLate
	}
	if b.hold == 0 {
		b.hold = commitTimeout
	}
	return &committer{events: events, cfg: b, queue: queue{owners: map[string]*owner{}}, aside: aside{owners: map[string]int{}}}
}

// submit waits until every event is decided, or its context is over: what is under way then may still be stored. ErrBusy
// when there is no room; else each event has a result or an error.
func (c *committer) submit(ctx context.Context, events []record.Event, size int) (*delivery, error) {
	d := &delivery{
		ctx: ctx, events: events, results: make([]record.Ingested, len(events)), errs: make([]error, len(events)),
		size: size, left: len(events), done: make(chan struct{}),
	}
	if len(events) == 0 {
		return d, nil
	}
	if !c.enter(d) {
		return nil, ErrBusy
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-d.done:
		return d, nil
	}
}

// full reports whether a request could not be taken, whatever it brings.
func (c *committer) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count >= c.cfg.events || c.size >= c.cfg.bytes
}

// enter queues a request. One that is larger than all the room there is is taken when nothing waits.
func (c *committer) enter(d *delivery) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count > 0 && (c.count+len(d.events) > c.cfg.events || c.size+d.size > c.cfg.bytes) {
		return false
	}
	c.count, c.size = c.count+len(d.events), c.size+d.size
	for n := range d.events {
		owner := ownerOf(d.events[n])
		if c.aside.owners[owner] > 0 {
			c.putAside(ticket{d, n}, owner)
			continue
		}
		c.queue.add(owner, ticket{d, n})
	}
	c.wake()
	return true
}

// finish answers the requests whose last events these were, and makes room. Some are not decided yet. The caller has the lock.
func (c *committer) finish(batch, undecided []ticket) {
	open := make(map[ticket]bool, len(undecided))
	for _, t := range undecided {
		open[t] = true
	}
	for _, t := range batch {
		if !open[t] {
			c.settle(t)
		}
	}
}

// settle makes the room of a decided event free, and answers its request when it was the last one. The caller has the lock.
func (c *committer) settle(t ticket) {
	c.count--
	if t.left--; t.left == 0 {
		c.size -= t.size
		close(t.done)
	}
}
