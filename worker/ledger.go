package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Advancer stores how deliveries ended and commits which begin, all in one transaction.
type Advancer interface {
	// Advance answers of each that begins why not, as Deliveries.Sending does; gone: there is no such delivery any more.
	Advance(ctx context.Context, ends []record.DeliveryEnd, begin []record.Delivery) (stops []string, err error)
}

// Ledger gathers what the senders of a lane ask of the ledger at the same moment into one transaction: who waits for one
// commit is joined by all who come meanwhile. What was asked first is never committed later, so a sender that ends one
// mail and begins the next has at most one in state sending, whenever the process dies.
//
// An end that cannot be stored because Postgres is away is kept and tried again, for what is known must not become unknown.
type Ledger struct {
	Deliveries
	lanes map[string]*committer
}

// NewLedger gathers over a, for so many connections of the bulk lane.
func NewLedger(d Deliveries, a Advancer, senders int) *Ledger {
	l := &Ledger{Deliveries: d, lanes: map[string]*committer{}}
	for _, lane := range lanes {
		l.lanes[lane] = &committer{advance: a.Advance, patience: endPatience}
	}
	bulk := l.lanes[record.LaneBulk]
	bulk.linger, bulk.enough, bulk.full = gather, max(1, senders), make(chan struct{}, 1)
	return l
}

const (
	endPatience   = 30 * time.Second // how long an end is tried to be stored while Postgres is away
	advanceMost   = 64               // of one transaction
	advanceWithin = 20 * time.Second
	awayPause     = 100 * time.Millisecond

	// Nurture mail is in no hurry: a commit waits a moment for the other connections of its side, since what it costs hardly depends on
	// how many it is for. The other side is at work meanwhile.
	gather = 3 * time.Millisecond
)

// Sending is Deliveries'.
func (l *Ledger) Sending(ctx context.Context, d record.Delivery) (string, error) {
	return l.ask(ctx, d.Lane, &asked{begin: &d})
}

// FinishDelivery is Deliveries'.
func (l *Ledger) FinishDelivery(ctx context.Context, d record.Delivery, state, code string) error {
	return l.end(ctx, d, record.DeliveryEnd{State: state, Code: code})
}

// RetryDelivery is Deliveries'.
func (l *Ledger) RetryDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	return l.end(ctx, d, record.DeliveryEnd{State: stateQueued, Code: code, After: after})
}

// HoldDelivery is Deliveries'.
func (l *Ledger) HoldDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	return l.end(ctx, d, record.DeliveryEnd{State: stateQueued, Code: code, After: after, Hold: true})
}

// EndDelivery is Deliveries'.
func (l *Ledger) EndDelivery(ctx context.Context, d record.Delivery, e record.DeliveryEnd) error {
	return l.end(ctx, d, e)
}

func (l *Ledger) end(ctx context.Context, d record.Delivery, e record.DeliveryEnd) error {
	e.ID, e.Attempts = d.ID, d.Attempts
	_, err := l.ask(ctx, d.Lane, &asked{end: &e})
	return err
}

func (l *Ledger) ask(ctx context.Context, lane string, a *asked) (string, error) {
	a.answer = make(chan answer, 1)
	l.lanes[lane].take(a)
	select {
	case got := <-a.answer:
		return got.stop, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// asked is one end or one beginning, and who waits for it.
type asked struct {
	end    *record.DeliveryEnd
	begin  *record.Delivery
	since  time.Time
	answer chan answer
}

type answer struct {
	stop string
	err  error
}

// committer commits for one lane, one transaction at a time. It runs while somebody waits.
type committer struct {
	advance  func(context.Context, []record.DeliveryEnd, []record.Delivery) ([]string, error)
	patience time.Duration
	linger   time.Duration // how long a commit waits for more
	enough   int           // unless so many begin: then there is nobody else
	full     chan struct{} // there are enough

	mu      sync.Mutex
	waiting []*asked
	running bool
}

func (c *committer) take(a *asked) {
	a.since = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, a)
	if c.linger > 0 && begins(c.waiting) >= c.enough {
		select {
		case c.full <- struct{}{}:
		default:
		}
	}
	if !c.running {
		c.running = true
		go c.run()
	}
}

// next is what is committed together, the oldest first; none: it is over.
func (c *committer) next(left []*asked) []*asked {
	if c.linger > 0 && c.few() {
		select {
		case <-c.full:
		case <-time.After(c.linger):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(left, c.waiting...)
	n := min(len(c.waiting), advanceMost)
	batch := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	c.running = n > 0
	return batch
}

// few reports whether somebody waits, and not enough to commit at once.
func (c *committer) few() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.full: // of a batch before
	default:
	}
	return len(c.waiting) > 0 && begins(c.waiting) < c.enough
}

// begins is how many want to begin.
func begins(waiting []*asked) (n int) {
	for _, a := range waiting {
		if a.begin != nil {
			n++
		}
	}
	return n
}

func (c *committer) run() {
	var left []*asked
	for batch := c.next(nil); len(batch) > 0; batch = c.next(left) {
		if left = c.commit(batch); len(left) > 0 {
			time.Sleep(awayPause)
		}
	}
}

// commit answers what is known after it. What Postgres objects to stands alone, so that its neighbours do not suffer; while
// Postgres is away nothing begins, and ends are left for later.
func (c *committer) commit(batch []*asked) (left []*asked) {
	stops, err := c.try(batch)
	switch {
	case err == nil:
		for _, a := range batch {
			var stop string
			if a.begin != nil {
				stop, stops = stops[0], stops[1:]
			}
			a.answer <- answer{stop: stop}
		}
	case objected(err) && len(batch) > 1:
		for _, a := range batch {
			left = append(left, c.commit([]*asked{a})...)
		}
	default:
		for _, a := range batch {
			if a.end != nil && !objected(err) && time.Since(a.since) < c.patience {
				left = append(left, a)
				continue
			}
			a.answer <- answer{err: err}
		}
	}
	return left
}

func (c *committer) try(batch []*asked) ([]string, error) {
	var ends []record.DeliveryEnd
	var begin []record.Delivery
	for _, a := range batch {
		if a.end != nil {
			ends = append(ends, *a.end)
		} else {
			begin = append(begin, *a.begin)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), advanceWithin)
	defer cancel()
	return c.advance(ctx, ends, begin)
}

// objected reports whether Postgres answered, and does not want this, rather than that it is away.
func objected(err error) bool {
	var said interface{ SQLState() string }
	return errors.As(err, &said) && said.SQLState() != "" && !errors.Is(err, record.ErrUnavailable)
}
