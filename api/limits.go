package api

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Limits are how much may come in: requests a second, of which one that brings events counts as many as it brings. Ten
// seconds' worth may come at once. Each process counts for itself; 0 is no limit.
type Limits struct {
	Server  float64 // of each key of a server
	Site    float64 // of each site key, all its visitors together
	Address float64 // of each client address: with a site key, and for public forms and links
	Guesses float64 // keys that are none, of each client address
	// Proxies are the networks of our own reverse proxies: what they say in X-Forwarded-For is believed. One that says
	// nothing is not counted as an address: all who come through it would share one.
	Proxies []netip.Prefix
}

const (
	burstSeconds = 10
	maxBuckets   = 100_000 // about 20 MB
	sweepBuckets = 10 * time.Second
)

// limiter counts in memory. A bucket that is full again is forgotten: a new one is full too.
type limiter struct {
	limits Limits
	now    func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	swept   time.Time
}

func newLimiter(l Limits) *limiter {
	return &limiter{limits: l, now: time.Now, buckets: map[string]*rate.Limiter{}}
}

// share is a part of the limits that somebody takes from.
type share struct {
	class, who string
	perSecond  float64
}

// take takes n of each share, or of none: then it says how long to wait, and for which. More than a share ever holds is
// let in when the share is full.
func (l *limiter) take(n int, shares ...share) (wait time.Duration, class string) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var taken []*rate.Reservation
	for _, s := range shares {
		if s.perSecond <= 0 {
			continue
		}
		b := l.bucket(s, now)
		r := b.ReserveN(now, min(n, b.Burst()))
		taken = append(taken, r)
		if delay := r.DelayFrom(now); delay > wait {
			wait, class = delay, s.class
		}
	}
	if wait > 0 {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	return wait, class
}

func (l *limiter) bucket(s share, now time.Time) *rate.Limiter {
	id := s.class + " " + s.who
	if b := l.buckets[id]; b != nil {
		return b
	}
	if now.Sub(l.swept) >= sweepBuckets {
		l.swept = now
		for id, b := range l.buckets {
			if b.TokensAt(now) >= float64(b.Burst()) {
				delete(l.buckets, id)
			}
		}
	}
	if len(l.buckets) >= maxBuckets { // who comes now shares what the newcomers have
		if id = s.class; l.buckets[id] != nil {
			return l.buckets[id]
		}
	}
	b := rate.NewLimiter(rate.Limit(s.perSecond), int(math.Ceil(s.perSecond*burstSeconds)))
	l.buckets[id] = b
	return b
}

// byKey is what a request takes from.
func (l *limiter) byKey(k record.Key, r *http.Request) []share {
	if k.Role != RoleSite {
		return []share{{"server", k.ID, l.limits.Server}}
	}
	return append(l.byAddress(r), share{"site", k.ID, l.limits.Site})
}

func (l *limiter) byAddress(r *http.Request) []share {
	client := clientOf(r, l.limits.Proxies)
	if client == "" {
		return nil
	}
	return []share{{"address", client, l.limits.Address}}
}

// clientOf is the address a request is counted for. Of IPv6 it is the network, of which one household has all.
func clientOf(r *http.Request, proxies []netip.Prefix) string {
	from := remoteOf(r, proxies)
	at, err := netip.ParseAddr(from)
	if err != nil || !at.Is6() {
		return from
	}
	net, err := at.WithZone("").Prefix(64)
	if err != nil {
		return from
	}
	return net.String()
}

// remoteOf is the address a request comes from: the last one in X-Forwarded-For that none of our proxies has, where a
// proxy of ours brings it; empty where it brings none.
func remoteOf(r *http.Request, proxies []netip.Prefix) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	at := from.Addr().Unmap()
	ours := func(p netip.Prefix) bool { return p.Contains(at) }
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; slices.ContainsFunc(proxies, ours); i-- {
		if i < 0 {
			return ""
		}
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return ""
		}
		at = hop.Unmap()
	}
	return at.String()
}

// charging is what takes from the shares of a request, and refuses with the time to wait.
func (a *API) charging(shares []share) func(n int) error {
	return func(n int) error {
		wait, class := a.limiter.take(n, shares...)
		if wait == 0 {
			return nil
		}
		a.meters.limited.WithLabelValues(class).Inc()
		p := problem(http.StatusTooManyRequests, "rate_limited", "too much in too short a time; go on after the time in Retry-After")
		p.retryAfter = int(math.Ceil(wait.Seconds()))
		return p
	}
}

// charge takes for what a request brings beside itself.
func charge(ctx context.Context, n int) error {
	take := callOf(ctx).take
	if take == nil || n <= 0 {
		return nil
	}
	return take(n)
}
