package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

var sysActor = lifecycle.System

func TestOutboxRowsAreClaimedByOneRelay(t *testing.T) {
	s, ctx := house(t), t.Context()
	for i := range 40 {
		capture(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", i), SourceCode: "ads"})
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	together(t, 8, func(int) error {
		rows, err := s.ClaimOutbox(ctx, 10, time.Minute)
		mu.Lock()
		defer mu.Unlock()
		for _, r := range rows {
			claimed[r.LeadID]++
		}
		return err
	})
	require.LessOrEqual(t, len(claimed), 40)
	for _, n := range claimed {
		require.Equal(t, 1, n)
	}
	waits, err := s.Backlog(ctx)
	require.NoError(t, err)
	require.Equal(t, 40, waits.Outbox)
	require.Positive(t, waits.OutboxOldest)
}

func TestAnOutboxRowThatGrewIsNotDeletedAndComesAgain(t *testing.T) {
	s, ctx := house(t), t.Context()
	ada := capture(t, s, record.Capture{Email: "ada@example.com", SourceCode: "ads"}).LeadID
	rows, err := s.ClaimOutbox(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Minute), rows[0].ClaimedUntil, 30*time.Second)
	require.Equal(t, record.OutboxRow{
		LeadID: ada, Seq: 1, ClaimedUntil: rows[0].ClaimedUntil, Band: "cold", Triggers: map[string]int64{"capture": 1}, Attempts: 1, Stage: "captured", SourceCode: "ads", Cycle: 1,
	}, rows[0])
	ingest(t, s, record.Event{LeadID: ada, Type: "demo_request"})
	more, err := s.ClaimOutbox(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Empty(t, more, "one is in flight")
	require.NoError(t, s.SentOutbox(ctx, rows))
	more, err = s.ClaimOutbox(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, more, 1)
	require.Equal(t, map[string]int64{"capture": 1, "demo_request": 2}, more[0].Triggers)
	require.NoError(t, s.SentOutbox(ctx, rows), "an old delivery that ends late deletes nothing")
	require.NoError(t, s.SentOutbox(ctx, more))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox"))
	require.NoError(t, s.SentOutbox(ctx, nil))
}

// A row that grows in a transaction which is still open when its delivery ends: the delivery waits and sees it.
func TestAnOutboxRowThatGrowsWhileItIsSentIsDue(t *testing.T) {
	s, ctx := house(t), t.Context()
	ada := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	rows, err := s.ClaimOutbox(ctx, 10, time.Minute)
	require.NoError(t, err)
	tx, err := s.pool.Begin(ctx)
	require.NoError(t, err)
	b := &pgx.Batch{}
	tell(b, told{lead: ada, kinds: []string{"demo_request"}})
	require.NoError(t, tx.SendBatch(ctx, b).Close())
	ended := make(chan error, 1)
	go func() { ended <- s.SentOutbox(ctx, rows) }()
	require.Eventually(t, func() bool {
		return one[int](t, s, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 1
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, tx.Commit(ctx))
	require.NoError(t, <-ended)
	more, err := s.ClaimOutbox(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, more, 1)
	require.Equal(t, more[0].Seq, more[0].Triggers["demo_request"])
}

func TestAnOutboxLeaseRunsOutAndADeferredRowWaits(t *testing.T) {
	s, ctx := house(t), t.Context()
	ada := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	var rows []record.OutboxRow
	claim := func() int {
		last, err := s.ClaimOutbox(ctx, 10, time.Minute)
		require.NoError(t, err)
		rows = append(rows, last...)
		return len(last)
	}
	require.Equal(t, 1, claim())
	require.Equal(t, 0, claim())
	exec(t, s, "UPDATE outbox SET claimed_until = now() - interval '1 second'")
	require.Equal(t, 1, claim(), "its relay died")
	require.Equal(t, 2, one[int](t, s, "SELECT attempts FROM outbox"))
	require.NoError(t, s.DeferOutbox(ctx, rows[0], 0))
	require.NoError(t, s.ReleaseOutbox(ctx, rows[:1]))
	require.NoError(t, s.SentOutbox(ctx, []record.OutboxRow{{LeadID: ada, Seq: 0, ClaimedUntil: rows[0].ClaimedUntil}}))
	require.Equal(t, 0, claim(), "who lost the lease gives nothing back that another has")
	require.NoError(t, s.ReleaseOutbox(ctx, rows[1:2]))
	require.Equal(t, 1, one[int](t, s, "SELECT attempts FROM outbox"), "given back untried")
	require.Equal(t, 1, claim())
	require.NoError(t, s.DeferOutbox(ctx, rows[2], time.Hour))
	require.Equal(t, 0, claim())
	ingest(t, s, record.Event{LeadID: ada, Type: "demo_request"})
	require.Equal(t, 1, claim(), "news make it due: of two moments the earlier")
}

// Whatever is told while relays send is heard in the end, and each trigger with its own, highest seq.
func TestNothingToldIsLostWhileRelaysRace(t *testing.T) {
	s, ctx := house(t), t.Context()
	var leads []string
	for i := range 5 {
		leads = append(leads, capture(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", i)}).LeadID)
	}
	var mu sync.Mutex
	heard := map[string]int64{}
	relay := func() error {
		rows, err := s.ClaimOutbox(ctx, 3, time.Minute)
		if err != nil {
			return err
		}
		mu.Lock()
		for _, r := range rows {
			heard[r.LeadID] = max(heard[r.LeadID], r.Triggers["demo_request"])
		}
		mu.Unlock()
		return s.SentOutbox(ctx, rows)
	}
	together(t, 60, func(i int) error {
		if i%2 == 0 {
			return relay()
		}
		var events []record.Event
		for _, id := range leads {
			events = append(events, record.Event{LeadID: id, Type: "demo_request"})
		}
		return takeAll(ctx, s, events)
	})
	for range 5 {
		require.NoError(t, relay())
	}
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox"))
	var highest int64
	for _, id := range leads {
		highest = max(highest, heard[id])
	}
	require.Len(t, heard, 5)
	require.Equal(t, one[int64](t, s, "SELECT last_value FROM outbox_seq"), highest)
}

// When much waits, who acts at once goes before who begins, and both before scores that merely moved.
func TestTheOutboxGoesByUrgency(t *testing.T) {
	s, ctx := house(t), t.Context()
	var leads []string
	for i := range 3 {
		leads = append(leads, capture(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", i)}).LeadID)
	}
	exec(t, s, "DELETE FROM outbox WHERE lead_id = $1", leads[0])
	b := &pgx.Batch{}
	tell(b, told{lead: leads[0], score: 40, band: "warm"})
	require.NoError(t, s.pool.SendBatch(ctx, b).Close())
	exec(t, s, "UPDATE outbox SET not_before = not_before - interval '1 hour' WHERE lead_id = $1", leads[0])
	ingest(t, s, record.Event{LeadID: leads[2], Type: "demo_request"})
	var order []string
	for range 3 {
		rows, err := s.ClaimOutbox(ctx, 1, time.Minute)
		require.NoError(t, err)
		order = append(order, rows[0].LeadID)
	}
	require.Equal(t, []string{leads[2], leads[1], leads[0]}, order)
}
