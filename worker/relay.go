package worker

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Relay tells runs what the outbox holds, and starts those that do not run. A row is deleted only as it was sent; while
// Temporal is away rows wait for ever. Any number of relays may run at once.
type Relay struct {
	Outbox    Outbox
	Client    client.Client
	TaskQueue string
	Log       *slog.Logger
	Parallel  int // calls to Temporal at once, at most; 0 is 8

	bells bells
}

const (
	relayLease = 30 * time.Second
	relayCall  = 10 * time.Second // a call begins only when it ends before its lease does
	relayIdle  = 2 * time.Second  // a look without a ring: what was deferred, what another process lost
	relayGroup = 100              // rows deleted at once, at most
)

// claimed is a row and how long it is ours, by our own clock.
type claimed struct {
	record.OutboxRow
	until time.Time
}

// ended is how a call ended.
type ended struct {
	era     int
	tooMuch bool
}

// relaying is one Run: a single loop that claims, begins calls and hears how they end. Nothing waits for the slowest.
type relaying struct {
	*Relay
	pace   *pace
	ready  []claimed // claimed and not begun
	flying int
	idle   bool // the last claim found less than it asked for
	ended  chan ended
	sent   chan record.OutboxRow
}

// Run relays until the context ends, then gives back what it has not begun.
func (r *Relay) Run(ctx context.Context) error {
	most := r.Parallel
	if most <= 0 {
		most = 8
	}
	s := &relaying{Relay: r, pace: newPace(most), ended: make(chan ended, most), sent: make(chan record.OutboxRow, most)}
	var forgetting sync.WaitGroup
	forgetting.Go(s.forget)
	for ctx.Err() == nil {
		s.begin(ctx)
		s.wait(ctx)
	}
	s.release(s.ready)
	for ; s.flying > 0; s.flying-- {
		<-s.ended
	}
	close(s.sent)
	forgetting.Wait()
	return nil
}

// begin starts as many calls as may be in flight, claiming one round ahead.
func (s *relaying) begin(ctx context.Context) {
	for {
		now := time.Now()
		room := s.pace.room(s.flying, now)
		if room == 0 || ctx.Err() != nil {
			return
		}
		if len(s.ready) == 0 {
			if s.idle {
				return
			}
			s.claim(ctx, room)
			continue
		}
		row := s.ready[0]
		s.ready = s.ready[1:]
		if row.until.Sub(now) < relayCall {
			s.release([]claimed{row}) // it waited here too long: somebody else may soon have it
			continue
		}
		s.flying++
		go s.call(ctx, row, s.pace.era)
	}
}

// claim takes what there is room for and, while Temporal is well, one round more.
func (s *relaying) claim(ctx context.Context, room int) {
	if !s.pace.away() {
		room += int(s.pace.width)
	}
	began := time.Now() // before Postgres began to count
	rows, err := s.Outbox.ClaimOutbox(ctx, room, relayLease)
	if err != nil && ctx.Err() == nil {
		s.Log.Warn("the outbox cannot be read; it is tried again", "error", err)
	}
	s.idle = len(rows) < room
	for _, row := range rows {
		s.ready = append(s.ready, claimed{row, began.Add(relayLease)})
	}
}

// call tells one run, and stores how that went.
func (s *relaying) call(ctx context.Context, row claimed, era int) {
	calling, cancel := context.WithTimeout(ctx, relayCall)
	defer cancel()
	err := s.tell(calling, row.OutboxRow)
	all := err != nil && concernsAll(err)
	switch {
	case err == nil:
		s.sent <- row.OutboxRow
	case ctx.Err() != nil: // we are told to stop; whether it arrived nobody knows, and a second delivery does no harm
		s.release([]claimed{row})
	default:
		most := time.Minute
		if all {
			most = lastProbe // nobody's fault: it is tried soon after Temporal is back
		}
		wait := backoff(row.Attempts, most)
		s.Log.Debug("a lead's run was not told; it is tried again", "lead", row.LeadID, "in", wait, "error", errorKind(err))
		s.put("put back", func(ctx context.Context) error { return s.Outbox.DeferOutbox(ctx, row.OutboxRow, wait) })
	}
	s.ended <- ended{era, all}
}

// wait returns when there may be something to do.
func (s *relaying) wait(ctx context.Context) {
	most := relayIdle
	if away := time.Until(s.pace.until); away > 0 {
		most = min(most, away)
	}
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case e := <-s.ended:
		s.hear(e)
	case <-s.bells["outbox"]:
		s.idle = false
	case <-t.C:
		s.idle = false
	}
}

// hear counts how a call ended, and says when Temporal goes and when it is back.
func (s *relaying) hear(e ended) {
	s.flying--
	was := s.pace.away()
	if e.tooMuch {
		s.pace.tooMuch(e.era, time.Now())
	} else {
		s.pace.took(e.era)
	}
	switch is := s.pace.away(); {
	case is && !was:
		s.Log.Warn("Temporal takes nothing: what runs must be told waits, and is asked about one at a time")
	case was && !is:
		s.Log.Info("Temporal takes signals again")
	}
}

// forget deletes what was sent, all that waits at once: while it is busy the next group gathers.
func (s *relaying) forget() {
	for row := range s.sent {
		group := []record.OutboxRow{row}
		for more := true; more && len(group) < relayGroup; {
			select {
			case row, ok := <-s.sent:
				if more = ok; ok {
					group = append(group, row)
				}
			default:
				more = false
			}
		}
		s.put("deleted", func(ctx context.Context) error { return s.Outbox.SentOutbox(ctx, group) })
	}
}

func (s *relaying) release(rows []claimed) {
	back := make([]record.OutboxRow, len(rows))
	for i, row := range rows {
		back[i] = row.OutboxRow
	}
	s.put("given back", func(ctx context.Context) error { return s.Outbox.ReleaseOutbox(ctx, back) })
}

// put stores what became of rows, also when we are told to stop. What cannot be stored is seen when the lease is over.
func (s *relaying) put(what string, store func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), relayCall)
	defer cancel()
	if err := store(ctx); err != nil {
		s.Log.Warn("rows of the outbox could not be "+what+"; they are looked at again when their lease is over", "error", err)
	}
}

// backoff doubles from a second up to the most, with jitter so that what failed together does not come back together.
func backoff(attempts int, most time.Duration) time.Duration {
	d := min(most, time.Second<<min(attempts, 6))
	return d/2 + rand.N(d)
}
