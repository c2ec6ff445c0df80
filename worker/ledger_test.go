package worker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// book is a ledger that notes what is committed together. It fails as it is told.
type book struct {
	mu      sync.Mutex
	commits [][]string // ids: -id an end, +id a beginning
	fail    func(ends []record.DeliveryEnd, begin []record.Delivery) error
	gate    chan struct{} // closed: commits go through
	asked   atomic.Int32
}

func (b *book) Advance(_ context.Context, ends []record.DeliveryEnd, begin []record.Delivery) ([]string, error) {
	b.asked.Add(1)
	<-b.gate
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(ends, begin); err != nil {
			return nil, err
		}
	}
	var commit []string
	for _, e := range ends {
		commit = append(commit, "-"+e.ID)
	}
	stops := make([]string, len(begin))
	for i, d := range begin {
		commit = append(commit, "+"+d.ID)
		if d.Step == "stop" {
			stops[i] = "paused"
		}
	}
	b.commits = append(b.commits, commit)
	return stops, nil
}

func open() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func bulkOf(id string) record.Delivery { return record.Delivery{ID: id, Lane: record.LaneBulk} }

// Who comes while a commit is under way shares the next one; each gets its own answer.
func TestLedger_whoWaitsSharesACommit(t *testing.T) {
	t.Parallel()
	b := &book{gate: make(chan struct{})}
	l := NewLedger(nil, b, 4)
	waiting := func() int {
		c := l.lanes[record.LaneBulk]
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.waiting)
	}
	var all sync.WaitGroup
	stops := make([]string, 20)
	for i := range stops {
		all.Go(func() {
			d := bulkOf(fmt.Sprint(i))
			if i%2 == 1 {
				d.Step = "stop"
			}
			stops[i], _ = l.Sending(t.Context(), d)
		})
		if i == 0 {
			require.Eventually(t, func() bool { return b.asked.Load() == 1 }, 10*time.Second, time.Millisecond)
		}
	}
	require.Eventually(t, func() bool { return waiting() == 19 }, 10*time.Second, time.Millisecond)
	close(b.gate)
	all.Wait()
	require.Len(t, b.commits, 2, "the first alone, all others together")
	for i, stop := range stops {
		require.Equal(t, map[bool]string{false: "", true: "paused"}[i%2 == 1], stop)
	}
}

// A sender that ends one mail and begins the next has at most one in sending at every commit, whoever else there is.
func TestLedger_aSenderHasOneInSending(t *testing.T) {
	t.Parallel()
	b := &book{gate: open()}
	l := NewLedger(nil, b, 4)
	const senders, mails = 8, 200
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			ended := make(chan struct{})
			close(ended)
			for n := range mails {
				d := bulkOf(fmt.Sprintf("%d/%d", s, n))
				_, _ = l.Sending(t.Context(), d)
				<-ended // the end of the one before was asked for first, and may be stored now
				ended = make(chan struct{})
				asked := &asked{end: &record.DeliveryEnd{ID: d.ID, State: "sent"}, answer: make(chan answer, 1)}
				l.lanes[record.LaneBulk].take(asked)
				go func(done chan struct{}) { <-asked.answer; close(done) }(ended)
			}
			<-ended
		})
	}
	all.Wait()
	open := map[byte]int{}
	for _, commit := range b.commits {
		for _, what := range commit {
			if what[0] == '-' {
				open[what[1]]--
			} else {
				open[what[1]]++
			}
		}
		for s, n := range open {
			require.LessOrEqual(t, n, 1, "sender %c", s)
		}
	}
}

// Postgres is away: nothing begins, and what is known is kept until it is back.
func TestLedger_endsOutliveADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	tries := 0
	b := &book{gate: open(), fail: func([]record.DeliveryEnd, []record.Delivery) error {
		if tries++; tries <= 3 {
			return record.ErrUnavailable
		}
		return nil
	}}
	l := NewLedger(nil, b, 4)
	_, err := l.Sending(t.Context(), bulkOf("begins"))
	require.ErrorIs(t, err, record.ErrUnavailable, "its connection waits for nobody")
	require.NoError(t, l.FinishDelivery(t.Context(), bulkOf("ends"), "sent", ""))
	require.Equal(t, [][]string{{"-ends"}}, b.commits)

	b.fail = func([]record.DeliveryEnd, []record.Delivery) error { return record.ErrUnavailable }
	l.lanes[record.LaneBulk].patience = 150 * time.Millisecond
	require.ErrorIs(t, l.FinishDelivery(t.Context(), bulkOf("ends"), "sent", ""), record.ErrUnavailable, "but not for ever")
}

type objection struct{}

func (objection) Error() string    { return "23514" }
func (objection) SQLState() string { return "23514" }

// What Postgres objects to fails alone.
func TestLedger_oneThatIsRefusedHarmsNoNeighbour(t *testing.T) {
	t.Parallel()
	b := &book{gate: make(chan struct{}), fail: func(ends []record.DeliveryEnd, begin []record.Delivery) error {
		for _, d := range begin {
			if d.ID == "3" {
				return objection{}
			}
		}
		return nil
	}}
	l := NewLedger(nil, b, 4)
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		all.Go(func() { _, errs[i] = l.Sending(t.Context(), bulkOf(fmt.Sprint(i))) })
	}
	close(b.gate)
	all.Wait()
	for i, err := range errs {
		if i == 3 {
			require.ErrorIs(t, err, objection{})
			continue
		}
		require.NoError(t, err, i)
	}
}

// A commit waits for other connections only while there are any that have not begun.
func TestLedger_waitsForNobodyWhenAllBegin(t *testing.T) {
	t.Parallel()
	b := &book{gate: open()}
	l := NewLedger(nil, b, 3)
	l.lanes[record.LaneBulk].linger = time.Hour
	for round := range 3 {
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() { _, _ = l.Sending(t.Context(), bulkOf(fmt.Sprint(round, i))) })
		}
		all.Wait()
	}
	require.Len(t, b.commits, 3)
	for _, together := range b.commits {
		require.Len(t, together, 3)
	}
}
