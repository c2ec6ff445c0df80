package intake

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	maxBatch       = 500                    // events of one transaction
	defaultWide    = 250                    // that wait in a lane until it has a transaction beside another
	defaultLate    = 100 * time.Millisecond // a transaction is under way until the other lanes do not wait for it
	maxWaiting     = 50_000                 // events that wait or are under way
	maxWaitingSize = 64 << 20               // and their bytes, as they were sent
	defaultLanes   = 2                      // transactions at once
)

// ErrBusy says that too much waits already: nothing of the request was taken, and it may be sent again in a moment.
var ErrBusy = errors.New("too many events wait to be stored")

// committer takes whatever waits, up to maxBatch events of any number of requests, as soon as it is free, so a lone event
// is committed at once and a flood in few transactions. What waits is bounded: a request that finds no room is not
// taken at all.
//
// It has lanes, which commit beside each other where much waits: what one reads and folds, another has Postgres write. Where
// little waits one transaction takes what is in all of them: the half of it would cost nearly as much. When it is late, since
// somebody holds a lock or the machine is busy, the next does not wait for it. All events of one owner go the same way, since a lead
// that many speak of is in nearly every batch: two transactions that both have it would come one after the other all the same,
// and the second hold its connection meanwhile.
type committer struct {
	events Events
	cfg    backlog

	mu    sync.Mutex
	lanes []lane
	runs  int // transactions under way
	late  int // of them, those for which nobody waits any more
	aside aside
	count int // events that wait or are under way
	size  int // their bytes
}

// lane is what waits for one transaction after the other.
type lane struct {
	waiting []ticket
	by      *batch // the transaction under way that it waits for
}

// backlog bounds a committer.
type backlog struct {
	events int           // that wait or are under way
	bytes  int           // of them
	lanes  int           // transactions at once
	wide   int           // that wait in a lane until it has a transaction beside another
	late   time.Duration // how long the other lanes wait for a transaction that has events of them
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
	return &committer{events: events, cfg: b, lanes: make([]lane, b.lanes), aside: aside{owners: map[string]int{}}}
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

// enter queues a request and wakes lanes. One that is larger than all the room there is is taken when nothing waits.
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
		l := &c.lanes[laneOf(owner, len(c.lanes))]
		l.waiting = append(l.waiting, ticket{d, n})
	}
	c.wake()
	return true
}

// wake has a lane emptied when nothing runs, and beside what runs when it is wide. The caller has the lock.
func (c *committer) wake() {
	for n := range c.lanes {
		if l := &c.lanes[n]; l.by == nil && len(l.waiting) > 0 && (c.runs == c.late || len(l.waiting) >= c.cfg.wide) {
			c.runs++
			go c.run(l.reserve())
		}
	}
}

// ownerOf is whom an event names.
func ownerOf(e record.Event) string { return cmp.Or(e.LeadID, e.Email, e.VisitorID) }

// laneOf is the same for all events of one owner (FNV-1a).
func laneOf(owner string, lanes int) int {
	h := uint32(2166136261)
	for i := range len(owner) {
		h = (h ^ uint32(owner[i])) * 16777619
	}
	return int(h % uint32(lanes))
}

// batch is what one transaction has of some lanes.
type batch struct {
	lanes []*lane // the first waits for it however late it is
	all   []ticket
	live  []ticket // without what gone requests sent: nobody waits for it
	late  bool
}

// reserve makes a batch that is to have what waits. The caller has the lock.
func (l *lane) reserve() *batch {
	l.by = &batch{lanes: []*lane{l}}
	return l.by
}

// run commits a batch after the other, and ends when none is left to it; the next event starts it again.
func (c *committer) run(b *batch) {
	for b != nil {
		if c.cfg.linger > 0 {
			c.linger(b.lanes[0])
		}
		c.fill(b)
		b = c.commit(b)
	}
}

// commit stores a batch, and answers the next.
func (c *committer) commit(b *batch) (next *batch) {
	defer time.AfterFunc(c.cfg.late, func() { c.goOn(b) }).Stop()
	r := &round{events: c.events}
	r.store(b.live)
	return c.end(b, r.held)
}

// linger gives a batch that is not full a moment to grow.
func (c *committer) linger(l *lane) {
	c.mu.Lock()
	n := len(l.waiting)
	c.mu.Unlock()
	if n < maxBatch {
		time.Sleep(c.cfg.linger)
	}
}

// fill takes what waits in the lane of a batch and, where nothing runs beside it, in the others.
func (c *committer) fill(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.take(b.lanes[0])
	for n := range c.lanes {
		if l := &c.lanes[n]; c.runs-c.late == 1 && l.by == nil && len(l.waiting) > 0 {
			l.by, b.lanes = b, append(b.lanes, l)
			b.take(l)
		}
	}
	for _, t := range b.all {
		if err := t.ctx.Err(); err != nil {
			t.failed(err)
		} else {
			b.live = append(b.live, t)
		}
	}
}

// take takes what there is room for.
func (b *batch) take(l *lane) {
	n := min(len(l.waiting), maxBatch-len(b.all))
	b.all = append(b.all, l.waiting[:n]...)
	if l.waiting = l.waiting[n:]; len(l.waiting) == 0 {
		l.waiting = nil
	}
}

// goOn has the lanes that a batch took along wait for it no longer.
func (c *committer) goOn(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.lanes[0].by != b {
		return // it is over
	}
	b.late = true
	c.late++
	b.leave(1)
	c.wake()
}

// leave makes lanes free that wait for the batch.
func (b *batch) leave(from int) {
	for _, l := range b.lanes[from:] {
		if l.by == b {
			l.by = nil
		}
	}
}

// end decides a batch, of which some is held, and answers the next: of the fullest lane, where nothing else runs or it is
// wide; nil ends the loop.
func (c *committer) end(b *batch, held []ticket) *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setAside(b.lanes, held)
	c.finish(b.all, held)
	b.leave(0)
	if c.runs--; b.late {
		c.late--
	}
	var next *lane
	for n := range c.lanes {
		if l := &c.lanes[n]; l.by == nil && len(l.waiting) > 0 && (next == nil || len(l.waiting) > len(next.waiting)) {
			next = l
		}
	}
	if next == nil || c.runs > c.late && len(next.waiting) < c.cfg.wide {
		return nil
	}
	c.runs++
	defer c.wake()
	return next.reserve()
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
