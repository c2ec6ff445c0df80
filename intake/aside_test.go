package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func about(owner, id string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"id":%q,"type":"page_view","email":%q}`, id, owner))
}

// sent sends in the background.
func sent(s *Service, items ...json.RawMessage) <-chan EventsAnswer {
	answers := make(chan EventsAnswer, 1)
	go func() {
		answer, _ := s.Events(context.Background(), items)
		answers <- answer
	}()
	return answers
}

func (c *committer) asideNow() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.aside.waiting)
}

// Who is held waits, in order; nobody else does. Let go, they are stored, and go the way of all others again.
func TestAside_whoIsHeldWaitsAlone(t *testing.T) {
	t.Parallel()
	k := &kept{}
	s := busy(k, Config{})
	k.holds.Store("held@example.com", true)
	first := sent(s, about("held@example.com", "1"), about("free@example.com", "2"))
	require.Eventually(t, func() bool { return s.commit.asideNow() == 1 }, 5*time.Second, time.Millisecond)
	second := sent(s, about("held@example.com", "3"))
	require.Eventually(t, func() bool { return s.commit.asideNow() == 2 }, 5*time.Second, time.Millisecond)
	for i := range 20 {
		answer, err := s.Events(t.Context(), []json.RawMessage{about("free@example.com", fmt.Sprint(10+i))})
		require.NoError(t, err)
		require.Equal(t, 1, answer.Accepted)
	}
	require.Empty(t, first, "its other event waits")
	k.holds.Delete("held@example.com")
	require.Equal(t, 2, (<-first).Accepted)
	require.Equal(t, 1, (<-second).Accepted)
	require.Eventually(t, func() bool { return s.commit.asideNow() == 0 && !s.Busy() }, 5*time.Second, time.Millisecond)
	var order []string
	for _, e := range k.events {
		if e.Email == "held@example.com" {
			order = append(order, e.ClientID)
		}
	}
	require.Equal(t, []string{"1", "3"}, order)
	s.commit.mu.Lock()
	defer s.commit.mu.Unlock()
	require.Empty(t, s.commit.aside.owners)
	require.Zero(t, s.commit.count)
	require.Zero(t, s.commit.size)
}

// What came of an owner behind an event that is held is not stored before it.
func TestAside_takesWhatStandsBehindInTheLane(t *testing.T) {
	t.Parallel()
	k := &kept{gate: make(chan struct{})}
	s := busy(k, Config{Lanes: 1})
	k.holds.Store("held@example.com", true)
	first := sent(s, about("held@example.com", "1"))
	require.Eventually(t, func() bool { return s.commit.under() == 1 }, 5*time.Second, time.Millisecond)
	behind := sent(s, about("held@example.com", "2"), about("free@example.com", "3"))
	require.Eventually(t, func() bool { return waits(s) == 2 }, 5*time.Second, time.Millisecond)
	close(k.gate)
	require.Eventually(t, func() bool { return s.commit.asideNow() == 2 }, 5*time.Second, time.Millisecond)
	k.holds.Delete("held@example.com")
	require.Equal(t, 1, (<-first).Accepted)
	require.Equal(t, 2, (<-behind).Accepted)
}

func TestAside_isGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	k := &kept{}
	s := busy(k, Config{Hold: 100 * time.Millisecond})
	k.holds.Store("held@example.com", true)
	answer, err := s.Events(t.Context(), []json.RawMessage{about("held@example.com", "1"), about("free@example.com", "2")})
	require.NoError(t, err)
	require.Equal(t, 1, answer.Accepted)
	require.True(t, answer.Unavailable())
	require.Equal(t, 0, answer.Rejected[0].Index)
}

// One lead that is held and much spoken of does not fill all the room there is.
func TestAside_isBounded(t *testing.T) {
	t.Parallel()
	k := &kept{}
	s := busy(k, Config{})
	k.holds.Store("ada@example.com", true)
	var answers []<-chan EventsAnswer
	for range 4 {
		answers = append(answers, sent(s, many(maxAside/4)...))
	}
	require.Eventually(t, func() bool { return s.commit.asideNow() == maxAside }, 10*time.Second, time.Millisecond)
	answer, err := s.Events(t.Context(), append(many(10), about("free@example.com", "x")))
	require.NoError(t, err)
	require.Equal(t, 1, answer.Accepted)
	require.Len(t, answer.Rejected, 10)
	k.holds.Delete("ada@example.com")
	for _, a := range answers {
		require.Equal(t, maxAside/4, (<-a).Accepted)
	}
}
