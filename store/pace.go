package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A publication gives way to events: whoever sends one waits for the answer, and nobody for the publication. How long events
// take is seen in Postgres, where API and worker meet whatever processes they are: ingest names its transaction for as long as
// it lasts, and with each part of a piece it is asked how old the oldest of them is. What is as old when the publication rests
// is no fault of it: then something else takes the machine, and to rest more would help nobody.
const (
	easy      = 5 * time.Millisecond   // a transaction of events that is no older is not slow
	slowBy    = 3                      // nor is one that is not so many times as old as while nothing was done here
	mostRest  = 3.0                    // at most so much rest for a time of work: a quarter of one lane is left
	longRest  = 100 * time.Millisecond // at once, however long the work took: what a lock held up is no reason
	lessRest  = 0.02                   // of rest after each part beside which nothing was slow
	firstRest = 0.5
	forget    = 0.98 // of what was seen at rest, with each part without any
)

// underEvents is what a transaction of events is called in pg_stat_activity.
const underEvents = "leadflow events"

// xact_start is when the transaction began, clock_timestamp now: the age is that of what is still under way.
const sqlEventsUnderWay = `SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8
FROM pg_stat_get_activity(NULL)
WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND application_name = '` + underEvents + `'`

// pace is how much a process rests between the parts of a publication.
type pace struct {
	turn sync.Mutex // of the lanes, where they rest: one works, or none

	mu   sync.Mutex
	rest float64       // for a time of work; 0: none, and the lanes work beside each other
	calm time.Duration // how old transactions of events become while it rests
}

// saw learns from how old a transaction of events was when some work was done.
func (p *pace) saw(age time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if age > max(easy, slowBy*p.calm) {
		p.rest = min(mostRest, max(firstRest, 2*p.rest))
	} else {
		p.rest = max(0, p.rest-lessRest)
	}
	if p.rest == 0 {
		p.calm = time.Duration(forget * float64(p.calm))
	}
}

// sawAtRest learns from how old one was after a rest: the oldest tell most, since a look finds them at any age.
func (p *pace) sawAtRest(age time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = max(age, (9*p.calm+age)/10)
}

// after is how long to rest after some work.
func (p *pace) after(work time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(longRest, time.Duration(p.rest*float64(work)))
}

// begin waits for the turn where lanes take turns; end gives it on.
func (p *pace) begin() (end func()) {
	p.mu.Lock()
	turns := p.rest > 0
	p.mu.Unlock()
	if !turns {
		return func() {}
	}
	p.turn.Lock()
	return p.turn.Unlock
}

// queueSight has the pace look at the events under way, with whatever else is asked.
func (p *pace) queueSight(b *pgx.Batch) {
	b.Queue(sqlEventsUnderWay).QueryRow(func(row pgx.Row) error {
		var age float64
		err := row.Scan(&age)
		if err == nil {
			p.saw(seconds(age))
		}
		return err
	})
}

// paced does one part of a piece and rests after it.
func (s *Store) paced(ctx context.Context, part func() error) error {
	end := s.pace.begin()
	defer end()
	began := time.Now()
	if err := part(); err != nil {
		return err
	}
	rest := s.pace.after(time.Since(began))
	if rest == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(rest):
	}
	if ctx.Err() != nil { // also where the rest was over by then
		return ctx.Err()
	}
	var age float64
	err := s.pool.QueryRow(ctx, sqlEventsUnderWay).Scan(&age)
	s.pace.sawAtRest(seconds(age))
	return masked("look at events", err)
}
