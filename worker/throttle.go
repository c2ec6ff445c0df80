package worker

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Rate bounds the mails to one recipient's domain, or of all. Zero bounds nothing.
type Rate struct {
	Second float64 // mails a second
	AtOnce int     // mails at the same time
}

// ThrottleOptions bound the nurture mail of the house: of this process, where it shares with nobody (Keep).
type ThrottleOptions struct {
	All     float64         // mails a second, whoever they are for; 0: any number
	Domain  Rate            // of each recipient's domain
	Domains map[string]Rate // of these domains instead
}

// Throttle lets mails through as fast as their domains take them. It is the generic cell rate algorithm (ITU-T I.371) with
// two clocks for each domain: one for what goes, and one for the turns that were given to what has to wait. What waits goes
// back to the ledger until its turn, and keeps neither a worker nor a connection.
type Throttle struct {
	options ThrottleOptions
	now     func() time.Time

	mu      sync.Mutex
	all     time.Time // when the next mail may go, whoever it is for
	domains map[string]*domainState
	share   share // of this process
}

type domainState struct {
	inside int
	next   time.Time     // when the next mail may go
	booked time.Time     // until when turns were given
	took   time.Duration // a mail, lately
}

// NewThrottle makes one.
func NewThrottle(o ThrottleOptions) *Throttle {
	return &Throttle{options: o, now: time.Now, domains: map[string]*domainState{}}
}

// domainsKept is how many domains are remembered before those that are idle are forgotten.
const domainsKept = 10_000

// Enter lets a mail to a domain through, until leave, or says how long it waits for the turn that it was given. One that
// comes at its turn does not queue again behind those that come later.
func (t *Throttle) Enter(domain string, hasTurn bool) (wait time.Duration, leave func()) {
	limit := t.limit(domain)
	if limit == (Rate{}) {
		return 0, func() {}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	limit, mine := t.share.of(limit, domain)
	if !mine {
		return elsewhere, nil
	}
	now := t.now()
	d := t.domain(domain, now)
	interval := d.interval(limit)
	full := limit.AtOnce > 0 && d.inside >= limit.AtOnce
	if full || d.next.After(now) || !hasTurn && d.booked.After(now) {
		d.booked = latest(now, d.next, d.booked).Add(interval)
		return d.booked.Sub(now), nil
	}
	d.next = now.Add(perMail(limit.Second))
	d.inside++
	return 0, func() { t.left(d, now) }
}

func (t *Throttle) left(d *domainState, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d.inside--
	d.took += (t.now().Sub(since) - d.took) / 8
}

// interval is between two turns: what the rate wants, or what a mail takes where only so many go at once.
func (d *domainState) interval(limit Rate) time.Duration {
	between := max(perMail(limit.Second), time.Millisecond)
	if limit.AtOnce > 0 {
		between = max(between, d.took/time.Duration(limit.AtOnce))
	}
	return between
}

func (t *Throttle) limit(domain string) Rate {
	if t == nil {
		return Rate{}
	}
	if own, ok := t.options.Domains[domain]; ok {
		return own
	}
	return t.options.Domain
}

func (t *Throttle) domain(name string, now time.Time) *domainState {
	d, ok := t.domains[name]
	if !ok {
		if len(t.domains) >= domainsKept {
			maps.DeleteFunc(t.domains, func(_ string, d *domainState) bool {
				return d.inside == 0 && d.next.Before(now) && d.booked.Before(now)
			})
		}
		d = &domainState{}
		t.domains[name] = d
	}
	return d
}

// All waits until one more mail may go, whoever it is for.
func (t *Throttle) All(ctx context.Context) error {
	if t == nil || t.options.All <= 0 {
		return nil
	}
	t.mu.Lock()
	now := t.now()
	at := latest(now, t.all)
	t.all = at.Add(perMail(t.options.All / t.share.processes()))
	t.mu.Unlock()
	if at.Equal(now) {
		return nil
	}
	timer := time.NewTimer(at.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func perMail(second float64) time.Duration {
	if second <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / second)
}

func latest(times ...time.Time) (last time.Time) {
	for _, at := range times {
		if at.After(last) {
			last = at
		}
	}
	return last
}
