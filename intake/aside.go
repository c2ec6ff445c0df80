package intake

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	maxAside   = 10_000                // events that may wait for leads somebody holds
	asidePause = 50 * time.Millisecond // between two looks whether they were let go
)

// aside is where events wait whose lead or visitor somebody else holds, for whatever reason and however long: a lock that
// was forgotten must not hold up everybody's events. Whoever is spoken of here is not in the queue, so what comes
// of one owner stays in its order.
type aside struct {
	owners  map[string]int // how many events wait, by owner
	waiting []heldTicket
	running bool
}

type heldTicket struct {
	ticket
	owner string
	until time.Time
}

// setAside moves tickets, and what came of their owners since. The caller has the lock.
func (c *committer) setAside(held []ticket) {
	for _, t := range held {
		c.putAside(t, ownerOf(t.events[t.n]))
	}
	for _, t := range held {
		name := ownerOf(t.events[t.n])
		for _, behind := range c.queue.drop(name) {
			c.putAside(behind, name)
		}
	}
}

// putAside adds one ticket. The caller has the lock.
func (c *committer) putAside(t ticket, owner string) {
	a := &c.aside
	a.owners[owner]++
	a.waiting = append(a.waiting, heldTicket{t, owner, time.Now().Add(c.cfg.hold)})
	if !a.running {
		a.running = true
		go c.runAside()
	}
}

// runAside tries again and again, and ends when nothing waits.
func (c *committer) runAside() {
	for {
		batch := c.takeAside()
		if len(batch) == 0 {
			return
		}
		r := &round{events: c.events}
		r.store(batch)
		c.leaveAside(batch, r.held)
		if len(r.held) > 0 {
			time.Sleep(asidePause)
		}
	}
}

// takeAside gives up what waited for too long, or is too much, and answers what to try: a few of each owner, so that none
// stands before another. None left ends the loop.
func (c *committer) takeAside() []ticket {
	const ofEach = 50
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &c.aside
	var kept []heldTicket
	var batch []ticket
	tried, now := map[string]int{}, time.Now()
	for _, t := range a.waiting {
		err := t.ctx.Err()
		if err == nil && (len(kept) == maxAside || now.After(t.until)) {
			err = record.ErrUnavailable
		}
		if err != nil {
			t.failed(err)
			c.left(t)
			continue
		}
		kept = append(kept, t)
		if tried[t.owner]++; tried[t.owner] <= ofEach && len(batch) < maxBatch {
			batch = append(batch, t.ticket)
		}
	}
	a.waiting, a.running = kept, len(batch) > 0
	return batch
}

// leaveAside lets go of what was decided of a batch.
func (c *committer) leaveAside(batch, held []ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	decided := make(map[ticket]bool, len(batch))
	for _, t := range batch {
		decided[t] = true
	}
	for _, t := range held {
		delete(decided, t)
	}
	c.aside.waiting = slices.DeleteFunc(c.aside.waiting, func(t heldTicket) bool {
		if decided[t.ticket] {
			c.left(t)
		}
		return decided[t.ticket]
	})
}

// left settles a ticket that no longer waits here. The caller has the lock.
func (c *committer) left(t heldTicket) {
	if c.aside.owners[t.owner]--; c.aside.owners[t.owner] == 0 {
		delete(c.aside.owners, t.owner)
	}
	c.settle(t.ticket)
}
