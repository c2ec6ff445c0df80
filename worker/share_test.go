package worker

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// table is Shares as Postgres keeps it: what is said takes a while to get there, and what is read a while to come back.
type table struct {
	mu   sync.Mutex
	seen map[uuid.UUID]time.Time
	wild *rand.Rand
	away bool
	calm bool
}

func (s *table) pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.calm && s.wild.IntN(20) == 0 { // a stall
		return time.Duration(s.wild.IntN(40000)) * time.Millisecond
	}
	return time.Duration(s.wild.IntN(300)) * time.Millisecond
}

func (s *table) Share(_ context.Context, id uuid.UUID, lease time.Duration) (place, of int, err error) {
	time.Sleep(s.pause())
	defer func() { time.Sleep(s.pause()) }()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return 0, 0, errors.New("away")
	}
	s.seen[id] = time.Now()
	for other, at := range s.seen {
		if time.Since(at) > lease {
			delete(s.seen, other)
		}
	}
	for other := range s.seen {
		if bytes.Compare(other[:], id[:]) < 0 {
			place++
		}
	}
	return place, len(s.seen), nil
}

func (s *table) Unshare(_ context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, id)
	return nil
}

// deaf keeps what a process says at its end from being heard: it was killed.
type deaf struct{ Shares }

func (deaf) Unshare(context.Context, uuid.UUID) error { return nil }

// Whatever processes come, go, are killed or stall, their shares never add up to more than the house may send, to all and to each
// domain, a second and at once; and when it is quiet, they add up to all of it.
func TestTheRatesAreOfTheHouse(t *testing.T) {
	t.Parallel()
	o := ThrottleOptions{All: 100, Domain: Rate{Second: 10, AtOnce: 3}, Domains: map[string]Rate{"one.example": {AtOnce: 1}}}
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			wild := rand.New(rand.NewPCG(seed, 1))
			s := &table{seen: map[uuid.UUID]time.Time{}, wild: rand.New(rand.NewPCG(seed, 2))}
			type process struct {
				throttle *Throttle
				stop     context.CancelFunc
			}
			var alive []process
			var ended sync.WaitGroup
			defer func() {
				for _, p := range alive {
					p.stop()
				}
				ended.Wait()
			}()
			come := func(with Shares) {
				ctx, stop := context.WithCancel(t.Context())
				p := process{NewThrottle(o), stop}
				p.throttle.Share()
				ended.Go(func() { _ = p.throttle.Keep(ctx, with, slog.New(slog.DiscardHandler)) })
				alive = append(alive, p)
			}
			add := func() (all float64, second float64, atOnce, one int) {
				for _, p := range alive {
					p.throttle.mu.Lock()
					sh := p.throttle.share
					p.throttle.mu.Unlock()
					if sh.ended || !time.Now().Before(sh.until) {
						continue
					}
					all += o.All / sh.processes()
					if part, mine := sh.of(o.Domain, "many.example"); mine {
						second, atOnce = second+part.Second, atOnce+part.AtOnce
					}
					if part, mine := sh.of(o.Domains["one.example"], "one.example"); mine {
						one += part.AtOnce
					}
				}
				return all, second, atOnce, one
			}
			come(s)
			for range 4000 {
				switch n := wild.IntN(400); {
				case n == 0 && len(alive) < 6:
					come(s)
				case n == 1 && len(alive) < 6:
					come(deaf{s})
				case n == 2 && len(alive) > 1:
					i := wild.IntN(len(alive))
					alive[i].stop()
					alive = append(alive[:i], alive[i+1:]...)
				case n == 3:
					s.mu.Lock()
					s.away = !s.away
					s.mu.Unlock()
				}
				time.Sleep(50 * time.Millisecond)
				synctest.Wait()
				all, second, atOnce, one := add()
				require.LessOrEqual(t, all, 100.0001, "seed %d", seed)
				require.LessOrEqual(t, second, 10.0001, "seed %d", seed)
				require.LessOrEqual(t, atOnce, 3, "seed %d", seed)
				require.LessOrEqual(t, one, 1, "seed %d", seed)
			}
			s.mu.Lock()
			s.away, s.calm = false, true
			s.mu.Unlock()
			time.Sleep(time.Minute)
			for range 600 {
				time.Sleep(50 * time.Millisecond)
				synctest.Wait()
				all, second, atOnce, one := add()
				require.InDelta(t, 100, all, 0.001, "seed %d: it is used", seed)
				require.InDelta(t, 10, second, 0.001, "seed %d", seed)
				require.Equal(t, []int{3, 1}, []int{atOnce, one}, "seed %d", seed)
			}
		})
	}
}

// A process that stops has nobody wait for a share that never comes.
func TestNobodyWaitsForAShareAtTheEnd(t *testing.T) {
	t.Parallel()
	th := NewThrottle(ThrottleOptions{All: 1})
	require.NoError(t, th.Ready(t.Context()), "who shares with nobody has all")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := &table{seen: map[uuid.UUID]time.Time{}, wild: rand.New(rand.NewPCG(1, 1)), away: true}
	th.Share()
	go func() { ended <- th.Keep(ctx, s, slog.New(slog.DiscardHandler)) }()
	waited := make(chan error, 1)
	go func() { waited <- th.Ready(context.Background()) }()
	stop()
	require.NoError(t, <-ended)
	require.Error(t, <-waited)
}

// scripted answers the same share, however long it was not asked.
type scripted struct{ place, of int }

func (s *scripted) Share(context.Context, uuid.UUID, time.Duration) (place, of int, err error) {
	return s.place, s.of, nil
}

func (s *scripted) Unshare(context.Context, uuid.UUID) error { return nil }

// A process that has not said for long that it is there may have been forgotten: others divided without it, and it must wait until
// they know of it again, though it reads what it read before.
func TestWhoMayHaveBeenForgottenWaits(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	th := NewThrottle(ThrottleOptions{All: 10})
	th.now = func() time.Time { return now }
	th.Share()
	s := &scripted{place: 0, of: 2}
	good := func(after time.Duration) bool {
		now = now.Add(after)
		require.NoError(t, th.beat(t.Context(), s, uuid.Nil))
		return now.Before(th.share.until)
	}
	require.False(t, good(0))
	require.False(t, good(2*time.Second), "others may not know of it")
	require.True(t, good(2*time.Second))
	require.True(t, good(2*time.Second))
	require.False(t, good(shareLease))
	require.False(t, good(2*time.Second))
	require.True(t, good(2*time.Second))
	s.of = 3
	require.False(t, good(time.Second), "others may still have another share")
	require.False(t, good(2*time.Second))
	require.True(t, good(time.Second))
}
