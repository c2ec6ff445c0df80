package api

import (
	"math"
	"net/http"
	"time"
)

// guesses are what an address takes from with each key that is none.
func (a *API) guesses(r *http.Request) []share {
	client := clientOf(r, a.limiter.limits.Proxies)
	if client == "" {
		return nil
	}
	return []share{{"guess", client, a.limiter.limits.Guesses}}
}

// guessing refuses a key from an address that has tried too many that are none, without a look whether it is one: but for those that
// this process has known as one before, whoever else is behind the address.
func (a *API) guessing(r *http.Request, hash []byte) error {
	wait := time.Duration(0)
	for _, s := range a.guesses(r) {
		wait = max(wait, a.limiter.lacks(s))
	}
	if known, ok := a.Keys.(*knownKeys); wait == 0 || ok && known.remembers(hash) {
		return nil
	}
	a.meters.limited.WithLabelValues("guess").Inc()
	p := problem(http.StatusTooManyRequests, "too_many_guesses", "too many keys that are none came from this address; send a key that is one after the time in Retry-After")
	p.retryAfter = int(math.Ceil(wait.Seconds()))
	return p
}

// lacks is how long to wait until there is one in a share, and takes nothing.
func (l *limiter) lacks(s share) time.Duration {
	if s.perSecond <= 0 {
		return 0
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[s.class+" "+s.who]
	if b == nil && len(l.buckets) >= maxBuckets {
		b = l.buckets[s.class] // that of all who came too late
	}
	if b == nil {
		return 0
	}
	return time.Duration(max(0, 1-b.TokensAt(now)) / s.perSecond * float64(time.Second))
}
