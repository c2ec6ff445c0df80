package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// crew has so many free workers, and notes what they are given.
type crew struct {
	mu    sync.Mutex
	free  int
	loads []func(context.Context) (record.Delivery, error)
}

func (c *crew) Reserve() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free == 0 {
		return false
	}
	c.free--
	return true
}

func (c *crew) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free++
}

func (c *crew) Take(load func(context.Context) (record.Delivery, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loads = append(c.loads, load)
}

func (c *crew) took(t *testing.T) (out []record.Delivery) {
	t.Helper()
	for _, load := range c.loads {
		d, err := load(t.Context())
		require.NoError(t, err)
		out = append(out, d)
	}
	return out
}

func TestHandOver_aMailIsBornClaimedWhereAWorkerIsFree(t *testing.T) {
	s, c := garden(t), &crew{free: 1}
	stop := s.HandOver(record.LaneBulk, time.Minute, c)
	lead, id := queued(t, s, "ada@example.com")
	_, waits := queued(t, s, "bob@example.com")
	require.Equal(t, []string{"claimed", "queued"}, []string{state(t, s, id), state(t, s, waits)})
	got := c.took(t)
	require.Len(t, got, 1)
	d := got[0]
	require.Equal(t, []any{id, "ada@example.com", lead, "hello", "welcome", 1, 1}, []any{d.ID, d.To, d.Lead.ID, d.Step, d.Sequence, d.Version, d.Attempts})
	require.JSONEq(t, testSequence, string(d.Document))
	require.Equal(t, waits, claim(t, s, record.LaneBulk)[0].ID, "only what waits is claimed")
	require.Empty(t, sending(t, s, id))

	stop()
	c.free = 1
	_, after := queued(t, s, "cyd@example.com")
	require.Equal(t, "queued", state(t, s, after), "it lasts until it is stopped")
}

// Whoever was handed a mail and dies leaves it to the lease, as every claim.
func TestHandOver_aLeaseThatRunsOutIsClaimedByAnother(t *testing.T) {
	s, c := garden(t), &crew{free: 2}
	t.Cleanup(s.HandOver(record.LaneBulk, time.Minute, c))
	_, before := queued(t, s, "before@example.com")
	_, after := queued(t, s, "after@example.com")
	handed := c.took(t)
	require.Len(t, handed, 2)
	require.Empty(t, sending(t, s, after))
	require.Empty(t, claim(t, s, record.LaneBulk), "it is somebody's")
	leaseOver(t, s)
	again := claim(t, s, record.LaneBulk)
	require.Len(t, again, 1)
	require.Equal(t, []any{before, 2}, []any{again[0].ID, again[0].Attempts})
	require.Equal(t, "unknown sender_lost", state(t, s, after))
	stop, err := s.Sending(t.Context(), handed[0])
	require.NoError(t, err)
	require.Equal(t, "lost", stop, "who slept over its lease sends nothing")
}

func TestHandOver_aHeldLaneAndWhoIsSuppressedKeepTheirRows(t *testing.T) {
	s, c := garden(t), &crew{free: 3}
	t.Cleanup(s.HandOver(record.LaneBulk, time.Minute, c))
	require.NoError(t, s.HoldLanes(t.Context(), []string{record.LaneBulk}))
	_, held := queued(t, s, "ada@example.com")
	require.Equal(t, "queued", state(t, s, held))
	exec(t, s, "UPDATE lanes SET held_at = NULL")
	_, err := s.Suppress(t.Context(), "bob@example.com", "manual")
	require.NoError(t, err)
	_, muted := queued(t, s, "bob@example.com")
	require.Equal(t, "suppressed manual", state(t, s, muted))
	require.Empty(t, c.loads)
	require.Equal(t, 3, c.free, "nobody is kept for nothing")
}

// The same command again, and one that fails, hand nothing over and keep nobody.
func TestHandOver_isOnceAndOnlyWhatIsCommitted(t *testing.T) {
	s, c := garden(t), &crew{free: 3}
	t.Cleanup(s.HandOver(record.LaneBulk, time.Minute, c))
	lead, _ := queued(t, s, "ada@example.com")
	goOn(t, s, lead, lifecycle.Position{}, time.Now())
	require.Len(t, c.loads, 1)
	require.Equal(t, 2, c.free)

	exec(t, s, `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`)
	exec(t, s, "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON deliveries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()")
	other := nurturing(t, s, record.Capture{Email: "bob@example.com"})
	_, err := s.GoOn(t.Context(), lifecycle.Command{
		ID: other + "/1/mail/x", Kind: lifecycle.CommandMail, Cycle: 1, At: time.Now(), Position: lifecycle.Position{Sequence: "welcome", Version: 1},
	})
	require.Error(t, err, "refused at the commit")
	require.Len(t, c.loads, 1)
	require.Equal(t, 2, c.free)
}

func TestHandOver_anOfferTellsRepAndSubscribers(t *testing.T) {
	s, alerts, hooks := garden(t), &crew{free: 4}, &crew{free: 2}
	t.Cleanup(s.HandOver(record.LaneAlert, time.Minute, alerts))
	t.Cleanup(s.HandOver(record.LaneWebhook, time.Minute, hooks))
	newRep(t, s, "rep", nil)
	for range 3 {
		_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "secret", Active: true})
		require.NoError(t, err)
	}
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	offer(t, s, lead, 1)
	mails := alerts.took(t)
	require.Len(t, mails, 1)
	require.Equal(t, []any{"rep@example.com", "rep", "offer", lead}, []any{mails[0].To, mails[0].ToName, mails[0].Kind, mails[0].Lead.ID})
	require.Equal(t, 3, alerts.free)
	posts := hooks.took(t)
	require.Len(t, posts, 2)
	require.Equal(t, []any{"https://example.com/in", "secret"}, []any{posts[0].Webhook.URL, posts[0].Webhook.Secret})
	require.Len(t, claim(t, s, record.LaneWebhook), 1, "one waits: there were two workers")
	for _, d := range append(mails, posts...) {
		stop, err := s.Sending(t.Context(), d)
		require.NoError(t, err)
		require.Empty(t, stop)
	}
	offer(t, s, lead, 1)
	require.Len(t, hooks.loads, 2, "once")
}

// While Postgres cannot be read the worker is told, and the row is left to its lease.
func TestHandOver_whatCannotBeReadIsSaid(t *testing.T) {
	s, c := garden(t), &crew{free: 1}
	t.Cleanup(s.HandOver(record.LaneBulk, time.Minute, c))
	queued(t, s, "ada@example.com")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.loads[0](gone)
	require.True(t, errors.Is(err, context.Canceled))
}
