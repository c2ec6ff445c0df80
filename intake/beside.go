package intake

import (
	"cmp"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	defaultLanes = 2                      // transactions at once
	defaultWide  = 32                     // events that could go at once, and make it worth while to have another transaction
	defaultLate  = 300 * time.Millisecond // longer than a transaction waits for a lock
)

// ownerOf is whom an event names.
func ownerOf(e record.Event) string { return cmp.Or(e.LeadID, e.Email, e.VisitorID) }

// batch is what one transaction has.
type batch struct {
	owners []*owner
	all    []ticket
	live   []ticket // without what gone requests sent: nobody waits for it
	late   bool
}

// wake begins transactions while there is something for them. The caller has the lock.
func (c *committer) wake() {
	for b := c.next(); b != nil; b = c.next() {
		go c.run(b)
	}
}

// next makes a batch of what can go, when nothing runs, or much waits and there is a lane left; else nil. The caller has the lock.
func (c *committer) next() *batch {
	n := c.queue.ready
	switch {
	case n == 0 || c.runs == c.cfg.lanes || c.lingers(n):
		return nil
	case c.runs > c.late && n < c.cfg.wide:
		return nil
	}
	c.runs++
	b := &batch{}
	b.owners, b.all = c.queue.take(maxBatch)
	for _, t := range b.all {
		if err := t.ctx.Err(); err != nil {
			t.failed(err)
		} else {
			b.live = append(b.live, t)
		}
	}
	return b
}

// lingers gives a batch that is not full a moment to grow. The caller has the lock.
func (c *committer) lingers(n int) bool {
	if c.cfg.linger == 0 || n >= maxBatch || c.lingered {
		c.lingered = false
		return false
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(c.cfg.linger, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.timer, c.lingered = nil, true
			c.wake()
		})
	}
	return true
}

// run commits a batch after the other, and ends when none is left to it; the next event starts it again.
func (c *committer) run(b *batch) {
	for b != nil {
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

// goOn has nobody wait for a batch but its owners.
func (c *committer) goOn(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.owners == nil {
		return // it is over
	}
	b.late = true
	c.late++
	c.wake()
}

// end decides a batch, of which some is held, and answers the next.
func (c *committer) end(b *batch, held []ticket) *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setAside(held)
	c.finish(b.all, held)
	c.queue.leave(b.owners)
	b.owners = nil
	if c.runs--; b.late {
		c.late--
	}
	next := c.next()
	c.wake()
	return next
}
