package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ownerIn is somebody whose events go through a lane.
func ownerIn(t *testing.T, lane int) string {
	t.Helper()
	for i := range 100 {
		address := fmt.Sprintf("ada%d@example.com", i)
		if laneOf(address, defaultLanes) == lane {
			return address
		}
	}
	t.Fatal("all owners go the same way")
	return ""
}

// Where much waits, owners go one way or the other; what is said of one owner stays in order, and waits for its like only.
func TestLanes_commitBesideEachOther(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.wide, s.commit.cfg.late = 2, time.Hour
	send := func(lane, waiting, under int) <-chan EventsAnswer {
		answers := sent(s, about(ownerIn(t, lane), ""), about(ownerIn(t, lane), ""))
		require.Eventually(t, func() bool { return waits(s) == waiting && s.commit.under() == under }, 5*time.Second, time.Millisecond)
		return answers
	}
	answers := []<-chan EventsAnswer{
		send(0, 0, 2),
		send(1, 0, 4), // the second transaction does not wait for the first
		send(0, 2, 4),
	}
	close(k.gate)
	for _, a := range answers {
		require.Equal(t, 2, (<-a).Accepted)
	}
	require.Equal(t, []int{2, 2, 2}, k.batches)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
}

// Where little waits it goes together, whoever it is about.
func TestLanes_littleGoesTogether(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.late = time.Hour
	answers := []<-chan EventsAnswer{sent(s, about(ownerIn(t, 0), ""))}
	require.Eventually(t, func() bool { return s.commit.under() == 1 }, 5*time.Second, time.Millisecond)
	for lane := range 2 {
		answers = append(answers, sent(s, about(ownerIn(t, lane), "")))
		require.Eventually(t, func() bool { return waits(s) == lane+1 }, 5*time.Second, time.Millisecond)
	}
	close(k.gate)
	for _, a := range answers {
		require.Equal(t, 1, (<-a).Accepted)
	}
	require.Equal(t, []int{1, 2}, k.batches)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
}

// Who comes behind a transaction that is late does not wait for it, unless it is about the owners of its own lane.
func TestLanes_goOnBesideWhatIsLate(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.late = 20 * time.Millisecond
	answers := []<-chan EventsAnswer{sent(s, about(ownerIn(t, 0), ""), about(ownerIn(t, 1), ""))}
	require.Eventually(t, func() bool { return s.commit.under() == 2 }, 5*time.Second, time.Millisecond)
	for lane := range 2 {
		answers = append(answers, sent(s, about(ownerIn(t, lane), "")))
	}
	require.Eventually(t, func() bool { return s.commit.under() == 3 && waits(s) == 1 }, 5*time.Second, time.Millisecond)
	close(k.gate)
	for _, a := range answers {
		<-a
	}
	require.ElementsMatch(t, []int{2, 1, 1}, k.batches)
	require.Len(t, k.events, 4)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
}

// Whatever comes when, every event is stored once and nothing is left running.
func TestLanes_loseNothingUnderLoad(t *testing.T) {
	t.Parallel()
	k := &kept{}
	s := busy(k, Config{Lanes: 3})
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
}

// One transaction has at most so many events, of however many lanes; what is left comes next, in its order.
func TestLanes_aBatchIsNoLargerThanItMayBe(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{})
	s.commit.cfg.wide, s.commit.cfg.late = 10*maxBatch, time.Hour
	first := sent(s, about(ownerIn(t, 0), ""))
	require.Eventually(t, func() bool { return s.commit.under() == 1 }, 5*time.Second, time.Millisecond)
	var items []json.RawMessage
	for i := range maxBatch {
		items = append(items, about(ownerIn(t, i%2), fmt.Sprint(i)), about(ownerIn(t, i%2), fmt.Sprint(maxBatch+i)))
	}
	rest := sent(s, items...)
	require.Eventually(t, func() bool { return waits(s) == len(items) }, 5*time.Second, time.Millisecond)
	close(k.gate)
	require.Equal(t, 1, (<-first).Accepted)
	require.Equal(t, len(items), (<-rest).Accepted)
	require.Equal(t, []int{1, maxBatch, maxBatch}, k.batches)
	require.Eventually(t, func() bool { return s.commit.idle() }, 5*time.Second, time.Millisecond)
	for lane := range 2 {
		var came, told []string
		for i, raw := range items {
			if i/2%2 == lane {
				came = append(came, idOf(t, raw))
			}
		}
		for _, e := range k.events {
			if e.Email == ownerIn(t, lane) && e.ClientID != "" {
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

// idle reports that nothing runs and every lane is free again.
func (c *committer) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs == 0 && c.late == 0 && !slices.ContainsFunc(c.lanes, func(l lane) bool { return l.by != nil })
}
