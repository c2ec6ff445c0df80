package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
)

// While the transaction of one side is under way, mails of the other begin, are sent and end: in commits of their own, each mail in those of
// one side.
func TestSides_oneTalksWhileTheOtherWaits(t *testing.T) {
	t.Parallel()
	waits, goes := &book{gate: make(chan struct{})}, &book{gate: open()}
	side := func(b *book) Side {
		return Side{&Mailing{Deliveries: NewLedger(nil, b, 2), Composer: fixed{}, Sender: &server{answer: mail.Outcome{Kind: mail.Sent}}, Log: slog.New(slog.DiscardHandler)}, 2}
	}
	s := NewSides(side(waits), side(goes))
	var all sync.WaitGroup
	var carried atomic.Int32
	for i := range 2 * 2 * mailsForEach {
		d := bulkOf(fmt.Sprint(i))
		d.Kind = kindNurture
		all.Go(func() {
			_ = s.Carry(t.Context(), d)
			carried.Add(1)
		})
	}
	require.Eventually(t, func() bool { return carried.Load() == 2*mailsForEach }, 30*time.Second, time.Millisecond, "half of them are on the other side")
	close(waits.gate)
	all.Wait()
	for _, b := range []*book{waits, goes} {
		seen := map[string]string{}
		for _, commit := range b.commits {
			for _, what := range commit {
				seen[what[1:]] += what[:1]
			}
		}
		require.Len(t, seen, 2*mailsForEach)
		for id, what := range seen {
			require.Equal(t, "+-", what, id)
		}
	}
}

// hung is a side whose mails do not end.
type hung struct {
	held atomic.Int32
	end  chan struct{}
}

func (h *hung) Carry(context.Context, record.Delivery) error {
	h.held.Add(1)
	<-h.end
	return nil
}

type quick struct{ carried atomic.Int32 }

func (q *quick) Carry(context.Context, record.Delivery) error {
	q.carried.Add(1)
	return nil
}

// A side that hangs keeps no more mails than it has room for: all others go by the other one.
func TestSides_oneThatHangsKeepsItsOwnOnly(t *testing.T) {
	t.Parallel()
	slow, other := &hung{end: make(chan struct{})}, &quick{}
	s := NewSides(Side{slow, 2}, Side{other, 1})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _ = s.Carry(t.Context(), record.Delivery{}) })
	}
	require.Eventually(t, func() bool { return other.carried.Load() == 100-2*mailsForEach }, 30*time.Second, time.Millisecond)
	require.EqualValues(t, 2*mailsForEach, slow.held.Load())
	close(slow.end)
	all.Wait()
}
