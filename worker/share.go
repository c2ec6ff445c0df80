package worker

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Shares is where processes that send nurture mail say that they are there.
type Shares interface {
	// Share says that the process of this id is there, forgets those that have not said so for a lease, and answers its place
	// among those that are, from 0, and how many there are.
	Share(ctx context.Context, id uuid.UUID, lease time.Duration) (place, of int, err error)
	// Unshare says that it goes.
	Unshare(ctx context.Context, id uuid.UUID) error
}

// A process says so each shareBeat, and what it read is good for shareGood. It uses no share before shareGood has passed since
// it saw it for the first time without a change: by then nobody has one any more that was read before. So the shares in use
// never add up to more than the whole, also while processes come, go, are killed or stall; they add up to less for a moment.
const (
	shareBeat  = 500 * time.Millisecond
	shareGood  = 3 * time.Second
	shareLease = 15 * time.Second
	elsewhere  = 2 * time.Second // when to look again for the process that has all a domain takes at once
)

// share is the part of the house's limits that a process may use. The zero share is the whole.
type share struct {
	kept       bool // with others: see Keep
	place, all int
	asked      time.Time     // when it was read last
	since      time.Time     // when it was first seen like this
	until      time.Time     // how long it is good; zero: it is not
	ended      bool          // this process sends no more
	changed    chan struct{} // closed when it is good again, or ended
}

// processes is among how many the limits are divided.
func (s share) processes() float64 { return float64(max(1, s.all)) }

// of is this process's part of a limit, and whether there is any. What cannot be divided evenly - mails at the same time - goes
// to other processes for other domains.
func (s share) of(limit Rate, domain string) (part Rate, mine bool) {
	if s.all < 2 {
		return limit, true
	}
	part = Rate{Second: limit.Second / s.processes(), AtOnce: limit.AtOnce / s.all}
	if limit.AtOnce == 0 {
		return part, true
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(domain))
	if (s.place+int(h.Sum32()%uint32(s.all)))%s.all < limit.AtOnce%s.all {
		part.AtOnce++
	}
	part.Second = limit.Second * float64(part.AtOnce) / float64(limit.AtOnce)
	return part, part.AtOnce > 0
}

// bounds reports whether there is anything to share.
func (t *Throttle) bounds() bool {
	return t != nil && (t.options.All > 0 || t.options.Domain != Rate{} || len(t.options.Domains) > 0)
}

// Keep shares the limits with the other processes of the house until the context ends, after Share. Before the first share
// nothing goes, and neither does while Postgres is away.
func (t *Throttle) Keep(ctx context.Context, s Shares, log *slog.Logger) error {
	if !t.bounds() {
		return nil
	}
	id := uuid.Must(uuid.NewV7())
	defer func() {
		t.end()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shareGood)
		defer cancel()
		if err := s.Unshare(ctx, id); err != nil {
			log.Warn("that this process sends no more could not be said; its part of the rates is free in "+shareLease.String(), "error", err)
		}
	}()
	for {
		if err := t.beat(ctx, s, id); err != nil && ctx.Err() == nil {
			log.Warn("this process's part of the mail rates cannot be read; nurture mail waits", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(shareBeat):
		}
	}
}

// Share has nothing go before Keep has read a share.
func (t *Throttle) Share() {
	if !t.bounds() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.share = share{kept: true, changed: make(chan struct{})}
}

// end has nobody wait any more.
func (t *Throttle) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.share.ended = true
	close(t.share.changed)
}

// beat says that this process is there, and takes its share.
func (t *Throttle) beat(ctx context.Context, s Shares, id uuid.UUID) error {
	asked := t.now()
	place, of, err := s.Share(ctx, id, shareLease)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	forgotten := asked.Sub(t.share.asked) >= shareLease/2 // perhaps: others may have divided without it
	t.share.asked = asked
	if place != t.share.place || of != t.share.all || forgotten {
		t.share.place, t.share.all, t.share.since, t.share.until = place, of, now, time.Time{}
		return nil
	}
	if asked.Sub(t.share.since) < shareGood {
		return nil
	}
	t.share.until = asked.Add(shareGood)
	close(t.share.changed)
	t.share.changed = make(chan struct{})
	return nil
}

var errNoShare = errors.New("this process sends no more")

// Ready waits until this process has a share of the limits; an error: it will have none any more.
func (t *Throttle) Ready(ctx context.Context) error {
	if t == nil {
		return nil
	}
	for {
		t.mu.Lock()
		good, ended, changed := !t.share.kept || t.now().Before(t.share.until), t.share.ended, t.share.changed
		t.mu.Unlock()
		switch {
		case ended:
			return errNoShare
		case good:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
