package intake

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// waits is how many events of a service wait and are not under way.
func waits(s *Service) int {
	s.commit.mu.Lock()
	defer s.commit.mu.Unlock()
	return s.commit.waiting()
}

// waiting is how many events are not under way. The caller has the lock.
func (c *committer) waiting() (n int) {
	for _, o := range c.queue.owners {
		n += len(o.waiting)
	}
	return n
}

func busy(k *kept, cfg Config) *Service { return New(Deps{Captures: k, Events: k}, cfg) }

// fill sends events that wait at the gate, and answers once they do.
func fill(t *testing.T, s *Service, n int) <-chan EventsAnswer {
	t.Helper()
	answers := make(chan EventsAnswer, 1)
	go func() {
		answer, _ := s.Events(context.Background(), many(n))
		answers <- answer
	}()
	require.Eventually(t, func() bool {
		s.commit.mu.Lock()
		defer s.commit.mu.Unlock()
		return s.commit.count == n
	}, 5*time.Second, time.Millisecond)
	return answers
}

func TestBacklog_whatFindsNoRoomIsNotTakenAtAll(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{Backlog: 10})
	first := fill(t, s, 6)
	_, err := s.Events(t.Context(), many(5))
	require.ErrorIs(t, err, ErrBusy)
	require.False(t, s.Busy())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Events(ctx, many(4)) // there is room for these
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.True(t, s.Busy())
	_, err = s.Events(t.Context(), many(1))
	require.ErrorIs(t, err, ErrBusy)
	close(k.gate)
	require.Equal(t, 6, (<-first).Accepted, "what was taken is stored")
	require.Eventually(t, func() bool { return !s.Busy() }, 5*time.Second, time.Millisecond)
	answer, err := s.Events(t.Context(), many(10))
	require.NoError(t, err)
	require.Equal(t, 10, answer.Accepted, "all the room is there again, also what a gone request had")
	require.Len(t, k.events, 16)
}

func TestBacklog_isBoundedInBytes(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{BacklogBytes: 1000})
	first := fill(t, s, 1)
	large := `{"type":"page_view","email":"ada@example.com","properties":{"x":"` + strings.Repeat("x", 1000) + `"}}`
	_, err := s.Events(t.Context(), raws(large))
	require.ErrorIs(t, err, ErrBusy)
	close(k.gate)
	<-first
	answer, err := s.Events(t.Context(), raws(large))
	require.NoError(t, err)
	require.Equal(t, 1, answer.Accepted, "alone there is room for whatever one request may bring")
}

// A store that goes away in the middle: what was committed before is told apart from what was not.
func TestEvents_whatCouldNotBeCommittedIsSaid(t *testing.T) {
	t.Parallel()
	var transactions atomic.Int32
	k := &kept{fail: func([]record.Event) error {
		if transactions.Add(1) > 2 {
			return stateError("57P01")
		}
		return nil
	}}
	items := many(1203)
	items[3], items[1201] = json.RawMessage(`7`), json.RawMessage(`{"type":"page_view"}`)
	answer, err := newService(k).Events(t.Context(), items)
	require.NoError(t, err)
	require.Equal(t, 1000, answer.Accepted)
	require.Len(t, k.events, 1000)
	require.Len(t, answer.Rejected, 203)
	require.Equal(t, 3, answer.Rejected[0].Index)
	for _, r := range answer.Rejected[1:] {
		want := codeUnavailable
		if r.Index == 1201 {
			want = CodeInvalid
		}
		require.Greater(t, r.Index, 1000)
		require.Equal(t, want, r.Error.Code)
		require.NotEmpty(t, r.Error.Detail)
	}
}

// Of two requests in one transaction that fails, each is told so, and neither hangs.
func TestEvents_nothingCommittedIsAnError(t *testing.T) {
	t.Parallel()
	failure := errors.New("boom")
	k := &kept{fail: func([]record.Event) error { return failure }}
	_, err := newService(k).Events(t.Context(), append(many(2), json.RawMessage(`7`)))
	require.ErrorIs(t, err, failure, "the bad one may be sent again with the others")
	answer, err := newService(k).Events(t.Context(), raws(`7`))
	require.NoError(t, err, "an all-bad batch needs no store")
	require.Len(t, answer.Rejected, 1)
}

// under is how many events are under way.
func (c *committer) under() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count - c.waiting()
}

func TestLinger_gathersWhatComesMeanwhile(t *testing.T) {
	t.Parallel()
	k := &kept{}
	s := busy(k, Config{Linger: 500 * time.Millisecond})
	answers := make(chan EventsAnswer, 3)
	for range 3 {
		go func() {
			answer, _ := s.Events(context.Background(), many(1))
			answers <- answer
		}()
	}
	require.Eventually(t, func() bool { return waits(s) == 3 }, 5*time.Second, time.Millisecond)
	for range 3 {
		<-answers
	}
	require.Equal(t, []int{3}, k.batches)
}
