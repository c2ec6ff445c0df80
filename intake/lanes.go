package intake

import (
	"cmp"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	defaultLanes = 2                      // transactions at once
	defaultWide  = 250                    // events that wait in a lane until it has a transaction beside another
	defaultLate  = 300 * time.Millisecond // longer than a transaction waits for a lock
)

// lane is what waits for one transaction after the other.
type lane struct {
	waiting []ticket
	by      *batch // the transaction under way that it waits for
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
