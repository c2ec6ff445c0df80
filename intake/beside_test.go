package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// ada is one of many.
func ada(n int) string { return fmt.Sprintf("ada%d@example.com", n) }

// Where much waits there are transactions beside each other; what is said of one owner stays in order, and waits for its like only.
func TestBeside_muchGoesBesideEachOther(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.wide, s.commit.cfg.late = 2, time.Hour
	send := func(who, waiting, under int) <-chan EventsAnswer {
		answers := sent(s, about(ada(who), ""), about(ada(who), ""))
		require.Eventually(t, func() bool { return waits(s) == waiting && s.commit.under() == under }, 5*time.Second, time.Millisecond)
		return answers
	}
	answers := []<-chan EventsAnswer{
		send(0, 0, 2),
		send(1, 0, 4), // the second transaction does not wait for the first
		send(0, 2, 4), // this one does
		send(2, 4, 4), // there are no more at once
	}
	close(k.gate)
	for _, a := range answers {
		require.Equal(t, 2, (<-a).Accepted)
	}
	require.Len(t, k.events, 8)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
}

// Where little waits it goes together, whoever it is about.
func TestBeside_littleGoesTogether(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.late = time.Hour
	answers := []<-chan EventsAnswer{sent(s, about(ada(0), ""))}
	require.Eventually(t, func() bool { return s.commit.under() == 1 }, 5*time.Second, time.Millisecond)
	for who := range 2 {
		answers = append(answers, sent(s, about(ada(who), "")))
		require.Eventually(t, func() bool { return waits(s) == who+1 }, 5*time.Second, time.Millisecond)
	}
	close(k.gate)
	for _, a := range answers {
		require.Equal(t, 1, (<-a).Accepted)
	}
	require.Equal(t, []int{1, 2}, k.batches)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
}

// Who comes behind a transaction that is late does not wait for it, unless it is about them.
func TestBeside_goOnBesideWhatIsLate(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.late = 20 * time.Millisecond
	answers := []<-chan EventsAnswer{sent(s, about(ada(0), ""), about(ada(1), ""))}
	require.Eventually(t, func() bool { return s.commit.under() == 2 }, 5*time.Second, time.Millisecond)
	for who := range 3 {
		answers = append(answers, sent(s, about(ada(who), "")))
	}
	require.Eventually(t, func() bool { return s.commit.under() == 3 && waits(s) == 2 }, 5*time.Second, time.Millisecond)
	close(k.gate)
	for _, a := range answers {
		<-a
	}
	require.Len(t, k.events, 5)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
}

// apart notes how often somebody is in two transactions, and how many there are at most.
type apart struct {
	*kept
	mu    sync.Mutex
	under map[string]int
	runs  int
	most  int
	met   int
}

func (a *apart) Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	who := map[string]bool{}
	for _, e := range events {
		who[ownerOf(e)] = true
	}
	a.count(who, 1)
	defer a.count(who, -1)
	runtime.Gosched()
	return a.kept.Ingest(ctx, events)
}

func (a *apart) count(who map[string]bool, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.under == nil {
		a.under = map[string]int{}
	}
	for name := range who {
		if a.under[name] += n; a.under[name] > 1 {
			a.met++
		}
	}
	a.runs += n
	a.most = max(a.most, a.runs)
}

// Whatever comes when, every event is stored once and nothing is left running.
func TestBeside_loseNothingUnderLoad(t *testing.T) {
	t.Parallel()
	k := &apart{kept: &kept{}}
	s := New(Deps{Captures: k, Events: k}, Config{Lanes: 3})
	s.commit.cfg.wide, s.commit.cfg.late = 5, 100*time.Microsecond
	var all sync.WaitGroup
	var told, accepted atomic.Int64
	for client := range 20 {
		all.Go(func() {
			for n := range 50 {
				var items []json.RawMessage
				for i := range 1 + (client+n)%7 {
					items = append(items, about(fmt.Sprintf("p%d@example.com", (client+i*n)%40), fmt.Sprintf("%d-%d-%d", client, n, i)))
				}
				told.Add(int64(len(items)))
				answer, _ := s.Events(context.Background(), items)
				accepted.Add(int64(answer.Accepted))
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
	require.Zero(t, s.commit.under())
	ids := map[string]bool{}
	for _, e := range k.events {
		ids[e.ClientID] = true
	}
	require.Equal(t, told.Load(), accepted.Load())
	require.EqualValues(t, told.Load(), len(ids))
	require.EqualValues(t, told.Load(), len(k.events))
	require.Zero(t, k.met, "nobody is in two transactions at once")
	require.Equal(t, 3, k.most)
}

// One transaction has at most so many events, of however many owners; what is left comes next, in its order.
func TestBeside_aBatchIsNoLargerThanItMayBe(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.wide, s.commit.cfg.late = 10*maxBatch, time.Hour
	first := sent(s, about(ada(0), ""))
	require.Eventually(t, func() bool { return s.commit.under() == 1 }, 5*time.Second, time.Millisecond)
	var items []json.RawMessage
	for i := range maxBatch {
		items = append(items, about(ada(i%2), fmt.Sprint(i)), about(ada(i%2), fmt.Sprint(maxBatch+i)))
	}
	rest := sent(s, items...)
	require.Eventually(t, func() bool { return waits(s) == len(items) }, 5*time.Second, time.Millisecond)
	close(k.gate)
	require.Equal(t, 1, (<-first).Accepted)
	require.Equal(t, len(items), (<-rest).Accepted)
	require.Equal(t, []int{1, maxBatch, maxBatch}, k.batches)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
	for who := range 2 {
		var came, told []string
		for i, raw := range items {
			if i/2%2 == who {
				came = append(came, idOf(t, raw))
			}
		}
		for _, e := range k.events {
			if e.Email == ada(who) && e.ClientID != "" {
				told = append(told, e.ClientID)
			}
		}
		require.Equal(t, came, told)
	}
}

func idOf(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var e struct{ ID string }
	require.NoError(t, json.Unmarshal(raw, &e))
	return e.ID
}

// idle reports that nothing runs and nobody is kept in mind.
func (c *committer) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs == 0 && c.late == 0 && c.queue.ready == 0 && len(c.queue.owners)+len(c.queue.free) == 0
}
