package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Captures, batches, patches, sweeps and relays of the same people and visitors, each from another end: whoever meets
// waits, and nobody waits in a circle. What is folded is what the rows say.
func TestEverybodyAtOnceWithoutADeadlock(t *testing.T) {
	quiet := house(t) // asks when the others have gone home: Postgres counts with their leave
	ctx := t.Context()
	pool, err := pgxpool.NewWithConfig(ctx, quiet.pool.Config())
	require.NoError(t, err)
	s := New(pool, Options{SuppressionKey: testKey})
	const people = 6
	ids, emails, visitors := make([]string, people), make([]string, people), make([]string, people)
	for i := range people {
		emails[i], visitors[i] = fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("visitor-%d-0123456789abcdef", i)
		ids[i] = newLead(t, s, emails[i])
	}
	together(t, 100, func(i int) error {
		k, back := i%people, people-1-i%people
		switch i % 5 {
		case 0:
			_, err := s.Capture(ctx, record.Capture{Email: emails[k], VisitorID: visitors[back], Via: "form", Event: &record.Event{Type: "form_submit"}})
			return err
		case 1, 2:
			var batch []record.Event
			for n := range people { // in this order or the other, by any of the keys
				at := n
				if i%2 == 0 {
					at = people - 1 - n
				}
				if i%5 == 1 { // visitors are locked first: with them in every batch the locks of the leads would not be put to the test
					batch = append(batch, record.Event{VisitorID: visitors[at], Type: "page_view", ClientID: fmt.Sprint("v", i%4)})
				}
				batch = append(batch, record.Event{Email: emails[at], Type: "unsubscribe", ClientID: fmt.Sprint("u", i%4)},
					record.Event{LeadID: ids[people-1-at], Type: "webinar_attendance", ClientID: fmt.Sprint("w", i)})
			}
			return takeAll(ctx, s, batch)
		case 3:
			return s.PatchLead(ctx, ids[back], record.Capture{Profile: map[string]any{"title": fmt.Sprint("Chief ", i)}, Via: "api"})
		}
		rows, err := s.ClaimOutbox(ctx, 10, time.Minute)
		if err == nil {
			err = s.SentOutbox(ctx, rows)
		}
		return err
	})
	for _, id := range ids {
		require.Equal(t, recomputed(t, s, id, testModel).Score, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", id))
	}
	require.Equal(t, people*40, one[int](t, s, "SELECT count(*) FROM events WHERE type = 'webinar_attendance'"))
	pool.Close()
	require.Zero(t, one[int](t, quiet, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
}

// A thousand writers on ten leads, each with a burst on one of them and an event of each other, from more connections than
// there are leads: every event counts once, nobody waits in a circle, and scores are what their rows say.
func TestAThousandWritersOnTenLeads(t *testing.T) {
	quiet := house(t)
	ctx := t.Context()
	cfg := quiet.pool.Config()
	cfg.MaxConns = 24
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	require.NoError(t, err)
	s := New(pool, Options{SuppressionKey: testKey})
	const leads, writers, burst = 10, 1000, 5
	ids := make([]string, leads)
	for i := range ids {
		ids[i] = newLead(t, quiet, fmt.Sprintf("p%d@example.com", i))
	}
	types := []string{"form_submit", "page_view", "cta_click", "content_download", "webinar_attendance"}
	together(t, writers, func(i int) error {
		var batch []record.Event
		for n := range burst {
			batch = append(batch, record.Event{LeadID: ids[i/2%leads], Type: types[n], ClientID: fmt.Sprint(i/2, "/", n)}) // two send the same
		}
		for n := range leads { // in an order of its own
			batch = append(batch, record.Event{Email: fmt.Sprintf("p%d@example.com", (n*7+i)%leads), Type: types[i%5]})
		}
		return takeAll(ctx, s, batch)
	})
	pool.Close()
	require.Equal(t, writers*leads, one[int](t, quiet, "SELECT count(*) FROM events WHERE client_id IS NULL"))
	require.Equal(t, writers/2*burst, one[int](t, quiet, "SELECT count(*) FROM events WHERE client_id IS NOT NULL"))
	for _, id := range ids {
		want := recomputed(t, quiet, id, testModel)
		require.Equal(t, want.Score, one[int](t, quiet, "SELECT score FROM scores WHERE lead_id = $1", id))
		require.Equal(t, want.Engagement, one[float64](t, quiet, "SELECT engagement FROM scores WHERE lead_id = $1", id))
	}
	require.Zero(t, one[int](t, quiet, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
}
