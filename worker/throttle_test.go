package worker

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// waiting plays mails to domains through a throttle by a clock of its own: each comes again when its turn is there, and
// takes a while to send. It answers when each was sent, in order, how often mails were put back, and the most at once.
func waiting(t *testing.T, o ThrottleOptions, domains []string, took time.Duration) (sent map[string][]time.Duration, back, most int) {
	t.Helper()
	type event struct {
		at     time.Duration
		domain string
		turn   bool
		leave  func()
	}
	clock := time.Unix(1, 0)
	th := NewThrottle(o)
	now := time.Duration(0)
	th.now = func() time.Time { return clock.Add(now) }
	var queue []event
	for _, d := range domains {
		queue = append(queue, event{domain: d})
	}
	sent, inside := map[string][]time.Duration{}, map[string]int{}
	for len(queue) > 0 {
		next := 0
		for i := range queue {
			if queue[i].at < queue[next].at {
				next = i
			}
		}
		e := queue[next]
		queue = append(queue[:next], queue[next+1:]...)
		now = e.at
		if e.leave != nil {
			e.leave()
			inside[e.domain]--
			continue
		}
		wait, leave := th.Enter(e.domain, e.turn)
		if wait > 0 {
			back++
			require.Nil(t, leave)
			queue = append(queue, event{at: now + wait, domain: e.domain, turn: true})
			continue
		}
		sent[e.domain] = append(sent[e.domain], now)
		inside[e.domain]++
		most = max(most, inside[e.domain])
		queue = append(queue, event{at: now + took, domain: e.domain, leave: leave})
	}
	return sent, back, most
}

func many(domain string, n int) (out []string) {
	for range n {
		out = append(out, domain)
	}
	return out
}

// Each domain goes at its rate and no slower, others do not wait for it, and what waits is put back about once.
func TestThrottle_domainsGoAtTheirRate(t *testing.T) {
	t.Parallel()
	domains := append(many("slow.example", 400), many("free.example", 100)...)
	rand.Shuffle(len(domains), func(i, j int) { domains[i], domains[j] = domains[j], domains[i] })
	o := ThrottleOptions{Domains: map[string]Rate{"slow.example": {Second: 10}}}
	sent, back, _ := waiting(t, o, domains, time.Millisecond)
	require.Len(t, sent["slow.example"], 400)
	require.Equal(t, time.Duration(0), sent["free.example"][99], "nobody waits for another domain")
	for i := range 400 - 10 {
		require.GreaterOrEqual(t, sent["slow.example"][i+10]-sent["slow.example"][i], 900*time.Millisecond, "at most ten a second")
	}
	require.Less(t, sent["slow.example"][399], 44*time.Second, "and ten a second")
	require.Less(t, back, 2*400)
}

func TestThrottle_onlySoManyAtOnce(t *testing.T) {
	t.Parallel()
	sent, back, most := waiting(t, ThrottleOptions{Domain: Rate{AtOnce: 3}}, many("a.example", 300), 100*time.Millisecond)
	require.Equal(t, 3, most)
	require.Len(t, sent["a.example"], 300)
	require.Less(t, sent["a.example"][299], 14*time.Second, "three at once, ten a second each")
	require.Less(t, back, 3*300)
}

// A throttle that begins anew, with the turns of the last one still in the ledger, keeps the rate all the same.
func TestThrottle_turnsOfAnEarlierProcessCount(t *testing.T) {
	t.Parallel()
	clock := time.Unix(1, 0)
	th := NewThrottle(ThrottleOptions{Domain: Rate{Second: 1}})
	th.now = func() time.Time { return clock }
	passed := 0
	for range 20 { // ten with a turn, ten without
		for _, turn := range []bool{true, false} {
			if wait, _ := th.Enter("a.example", turn); wait == 0 {
				passed++
			}
		}
		clock = clock.Add(100 * time.Millisecond)
	}
	require.LessOrEqual(t, passed, 2, "in two seconds")
}

func TestThrottle_allOfThem(t *testing.T) {
	t.Parallel()
	th := NewThrottle(ThrottleOptions{All: 200})
	began := time.Now()
	for range 21 {
		require.NoError(t, th.All(t.Context()))
	}
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	var none *Throttle
	require.NoError(t, none.All(t.Context()))
	wait, leave := none.Enter("a.example", false)
	require.Zero(t, wait)
	leave()
}
