package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at is a limiter with a clock of the test's own.
func at(l Limits) (*limiter, *time.Time) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	out := newLimiter(l)
	out.now = func() time.Time { return now }
	return out, &now
}

func TestLimiter_letsInTenSecondsWorthAndThenTheRate(t *testing.T) {
	t.Parallel()
	l, now := at(Limits{})
	ada, eve := share{"site", "ada", 2}, share{"site", "eve", 2}
	for range 20 {
		wait, _ := l.take(1, ada)
		require.Zero(t, wait)
	}
	wait, class := l.take(1, ada)
	require.Equal(t, 500*time.Millisecond, wait)
	require.Equal(t, "site", class)
	wait, _ = l.take(10, ada)
	require.Equal(t, 5*time.Second, wait, "what was refused took nothing")
	wait, _ = l.take(20, eve)
	require.Zero(t, wait, "each has its own")
	*now = now.Add(5 * time.Second)
	wait, _ = l.take(10, ada)
	require.Zero(t, wait)
	wait, _ = l.take(1, share{"site", "free", 0})
	require.Zero(t, wait, "0 is no limit")
}

func TestLimiter_takesOfAllOrOfNone(t *testing.T) {
	t.Parallel()
	l, now := at(Limits{})
	key, address := share{"site", "k", 100}, share{"address", "a", 1}
	wait, _ := l.take(10, address, key)
	require.Zero(t, wait)
	for range 100 {
		wait, class := l.take(10, address, key)
		require.Equal(t, 10*time.Second, wait)
		require.Equal(t, "address", class)
	}
	wait, _ = l.take(990, key)
	require.Zero(t, wait, "the refused cost the key nothing")
	*now = now.Add(time.Hour)
	wait, _ = l.take(5000, key)
	require.Zero(t, wait, "more than it holds gets in when it is full")
	wait, _ = l.take(5000, key)
	require.Equal(t, 10*time.Second, wait)
}

func TestLimiter_forgetsWhoIsFullAgainAndIsBounded(t *testing.T) {
	t.Parallel()
	l, now := at(Limits{})
	for i := range maxBuckets + 1000 {
		l.take(1, share{"address", fmt.Sprint(i), 1})
	}
	require.Equal(t, maxBuckets+1, len(l.buckets), "who came too late shares one")
	wait, _ := l.take(1, share{"address", "newcomer", 1})
	require.NotZero(t, wait)
	*now = now.Add(time.Minute)
	wait, _ = l.take(1, share{"address", "newcomer", 1})
	require.Zero(t, wait)
	require.Equal(t, 1, len(l.buckets))
}

func TestLimiter_countsRightFromManyAtOnce(t *testing.T) {
	t.Parallel()
	l, _ := at(Limits{})
	var in sync.Map
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			if wait, _ := l.take(1, share{"address", "a", 1}, share{"site", "k", 3}); wait == 0 {
				in.Store(i, true)
			}
		})
	}
	all.Wait()
	n := 0
	in.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 10, n)
}

func TestClient_isWhomOurProxyNames(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")}
	for _, of := range []struct{ remote, forwarded, want string }{
		{"203.0.113.7:5000", "", "203.0.113.7"},
		{"203.0.113.7:5000", "198.51.100.1", "203.0.113.7"}, // nobody's proxy: what it says is not believed
		{"10.0.0.1:5000", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:5000", "192.0.2.9, 198.51.100.1, 10.2.3.4", "198.51.100.1"}, // what the client wrote itself stands before
		{"127.0.0.1:5000", "", ""},
		{"127.0.0.1:5000", "nonsense", ""},
		{"127.0.0.1:5000", "10.0.0.9", ""},
		{"[::ffff:203.0.113.7]:5000", "", "203.0.113.7"},
		{"[2001:db8:1:2:3:4:5:6]:5000", "", "2001:db8:1:2::/64"},
		{"10.0.0.1:1", "2001:db8:1:2::9", "2001:db8:1:2::/64"},
		{"a socket", "", "a socket"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = of.remote
		for _, one := range strings.Split(of.forwarded, ", ") {
			r.Header.Add("X-Forwarded-For", one)
		}
		require.Equal(t, of.want, clientOf(r, proxies), "%+v", of)
	}
}

func BenchmarkLimiter(b *testing.B) {
	l := newLimiter(Limits{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.take(1, share{"server", "k", 1e9})
		}
	})
}
