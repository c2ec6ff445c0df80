package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// queued lets a lead of its own have its first mail queued, and gives lead and delivery.
func queued(t *testing.T, s *Store, email string) (lead, delivery string) {
	t.Helper()
	lead = nurturing(t, s, record.Capture{Email: email})
	goOn(t, s, lead, lifecycle.Position{}, time.Now())
	return lead, one[string](t, s, "SELECT id FROM deliveries WHERE lead_id = $1", lead)
}

func claim(t *testing.T, s *Store, lane string) []record.Delivery {
	t.Helper()
	out, err := s.ClaimDeliveries(t.Context(), lane, 100, time.Minute)
	require.NoError(t, err)
	return out
}

// held is the claim that is the newest of a delivery now.
func held(t *testing.T, s *Store, id string) record.Delivery {
	t.Helper()
	return record.Delivery{
		ID: id, Attempts: one[int](t, s, "SELECT attempts FROM deliveries WHERE id = $1", id),
		To: one[string](t, s, "SELECT coalesce(l.email, '') FROM deliveries d LEFT JOIN leads l ON l.id = d.lead_id WHERE d.id = $1", id),
	}
}

func sending(t *testing.T, s *Store, id string) string {
	t.Helper()
	stop, err := s.Sending(t.Context(), held(t, s, id))
	require.NoError(t, err)
	return stop
}

func state(t *testing.T, s *Store, id string) string {
	t.Helper()
	return one[string](t, s, "SELECT btrim(state || ' ' || code) FROM deliveries WHERE id = $1", id)
}

func leaseOver(t *testing.T, s *Store) {
	t.Helper()
	exec(t, s, "UPDATE deliveries SET claimed_until = now() - interval '1 second' WHERE claimed_until IS NOT NULL")
}

func TestAMailIsClaimedSentAndDone(t *testing.T) {
	s := garden(t)
	lead, id := queued(t, s, "ada@example.com")
	after, waits, err := s.NextDelivery(t.Context(), record.LaneBulk)
	require.NoError(t, err)
	require.True(t, waits)
	require.LessOrEqual(t, after, time.Duration(0))
	require.Empty(t, claim(t, s, record.LaneAlert), "every lane has its own")
	got := claim(t, s, record.LaneBulk)
	require.Len(t, got, 1)
	d := got[0]
	require.Equal(t, []any{id, "ada@example.com", lead, "hello", "welcome", 1, 1, ""}, []any{d.ID, d.To, d.Lead.ID, d.Step, d.Sequence, d.Version, d.Attempts, d.Stop})
	require.JSONEq(t, testSequence, string(d.Document))
	require.Empty(t, claim(t, s, record.LaneBulk))

	d.Message, d.MessageID = []byte("first"), "<1@x>"
	stop, err := s.Sending(t.Context(), d)
	require.NoError(t, err)
	require.Empty(t, stop)
	require.Equal(t, "sending", state(t, s, id))
	require.Equal(t, "lost", sending(t, s, id), "one sends")
	require.NoError(t, s.RetryDelivery(t.Context(), d, "4.2.1", 0))
	d = claim(t, s, record.LaneBulk)[0]
	require.Equal(t, []any{"first", "<1@x>"}, []any{string(d.Message), d.MessageID}, "a retry sends the same bytes")
	d.Message, d.MessageID = []byte("second"), "<2@x>"
	_, err = s.Sending(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, "first", string(one[[]byte](t, s, "SELECT message FROM deliveries")))
	require.NoError(t, s.FinishDelivery(t.Context(), d, "sent", "2.0.0"))
	require.Equal(t, "sent 2.0.0", state(t, s, id))
	require.NoError(t, s.RetryDelivery(t.Context(), d, "late", 0))
	require.NoError(t, s.FinishDelivery(t.Context(), d, "failed", "late"))
	require.Equal(t, "sent 2.0.0", state(t, s, id), "what is over stays")
	_, waits, err = s.NextDelivery(t.Context(), record.LaneBulk)
	require.NoError(t, err)
	require.False(t, waits)
}

func TestADeliveryIsClaimedByOneOfMany(t *testing.T) {
	s := garden(t)
	for i := range 40 {
		queued(t, s, fmt.Sprintf("p%d@example.com", i))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	together(t, 8, func(int) error {
		for range 5 {
			got, err := s.ClaimDeliveries(t.Context(), record.LaneBulk, 3, time.Minute)
			if err != nil {
				return err
			}
			mu.Lock()
			for _, d := range got {
				seen[d.ID]++
			}
			mu.Unlock()
		}
		return nil
	})
	require.Len(t, seen, 40)
	for _, n := range seen {
		require.Equal(t, 1, n)
	}
}

func TestALeaseThatRunsOutBeforeSendingIsTriedAgainAndAfterItIsUnknown(t *testing.T) {
	s := garden(t)
	_, before := queued(t, s, "before@example.com")
	_, after := queued(t, s, "after@example.com")
	claim(t, s, record.LaneBulk)
	require.Empty(t, sending(t, s, after))
	leaseOver(t, s)
	require.Equal(t, "lost", sending(t, s, before), "a sender that slept over its lease does not send")
	again := claim(t, s, record.LaneBulk)
	require.Len(t, again, 1)
	require.Equal(t, []any{before, 2}, []any{again[0].ID, again[0].Attempts})
	require.Equal(t, "unknown sender_lost", state(t, s, after), "it may have left: nobody sends it again")

	require.NoError(t, s.FinishDelivery(t.Context(), held(t, s, after), "sent", "2.0.0"))
	require.Equal(t, "sent 2.0.0", state(t, s, after), "unless its sender comes back and knows")

	exec(t, s, "UPDATE deliveries SET at_least_once = true WHERE id = $1", before)
	require.Empty(t, sending(t, s, before))
	leaseOver(t, s)
	require.Len(t, claim(t, s, record.LaneBulk), 1, "one that may come twice does")
}

func TestADeliveryWaitsForItsRetry(t *testing.T) {
	s := garden(t)
	_, id := queued(t, s, "ada@example.com")
	claim(t, s, record.LaneBulk)
	require.NoError(t, s.RetryDelivery(t.Context(), held(t, s, id), "4.2.1", time.Hour))
	require.Equal(t, "queued 4.2.1", state(t, s, id))
	require.Empty(t, claim(t, s, record.LaneBulk))
	after, waits, err := s.NextDelivery(t.Context(), record.LaneBulk)
	require.NoError(t, err)
	require.True(t, waits)
	require.InDelta(t, time.Hour, after, float64(time.Minute))
	exec(t, s, "UPDATE deliveries SET not_before = now(), failing_since = failing_since - interval '2 days'")
	d := claim(t, s, record.LaneBulk)[0]
	require.InDelta(t, 48*time.Hour, time.Since(d.FailingSince), float64(time.Minute))
	require.NoError(t, s.RetryDelivery(t.Context(), d, "4.2.1", 0))
	d = claim(t, s, record.LaneBulk)[0]
	require.InDelta(t, 48*time.Hour, time.Since(d.FailingSince), float64(time.Minute), "giving up counts from the first failure")
	require.NoError(t, s.HoldDelivery(t.Context(), d, "paused", 0))
	require.Zero(t, claim(t, s, record.LaneBulk)[0].FailingSince, "and a pause is none")
}

// A sender that slept over its lease comes back while another has the delivery: it sends nothing, and takes nothing from
// under the other's hands. Otherwise a third would claim what the second has just sent.
func TestWhoLostItsClaimChangesNothing(t *testing.T) {
	for _, began := range []bool{false, true} { // whether the second has begun to send
		s := garden(t)
		_, id := queued(t, s, "ada@example.com")
		first := claim(t, s, record.LaneBulk)[0]
		leaseOver(t, s)
		second := claim(t, s, record.LaneBulk)[0]
		if began {
			require.Empty(t, sending(t, s, id))
		}
		before := state(t, s, id)
		first.Message = []byte("of the first")
		stop, err := s.Sending(t.Context(), first)
		require.NoError(t, err)
		require.Equal(t, "lost", stop)
		require.NoError(t, s.RetryDelivery(t.Context(), first, "lost", 0))
		require.NoError(t, s.HoldDelivery(t.Context(), first, "paused", 0))
		require.NoError(t, s.FinishDelivery(t.Context(), first, "failed", "compose"))
		require.Equal(t, before, state(t, s, id))
		require.Nil(t, one[[]byte](t, s, "SELECT message FROM deliveries"))
		if !began {
			require.Empty(t, sending(t, s, id))
		}
		require.NoError(t, s.FinishDelivery(t.Context(), second, "sent", ""))
		require.Equal(t, "sent", state(t, s, id))
	}
}

// That the lead cannot be read now is no reason to throw its mail away.
func TestAMailOutlivesADatabaseThatStumbles(t *testing.T) {
	s := garden(t)
	ada, id := queued(t, s, "ada@example.com")
	_, other := queued(t, s, "bob@example.com")
	profile := one[string](t, s, "SELECT profile::text FROM leads WHERE id = $1", ada)
	exec(t, s, "UPDATE leads SET profile = '[]' WHERE id = $1", ada)
	got, err := s.ClaimDeliveries(t.Context(), record.LaneBulk, 2, time.Minute)
	require.Error(t, err)
	require.Len(t, got, 1)
	require.Equal(t, other, got[0].ID, "a neighbour does not suffer")
	require.Equal(t, "claimed", state(t, s, id))
	exec(t, s, "UPDATE leads SET profile = $2 WHERE id = $1", ada, profile)
	leaseOver(t, s)
	require.Empty(t, claim(t, s, record.LaneBulk)[0].Stop)
}

// What happened between the decision and this instant counts, before the claim and after it.
func TestBeforeSendingEverythingIsLookedAtAgain(t *testing.T) {
	for want, change := range map[string]string{
		"suppressed:unsubscribed": "UPDATE leads SET muted = 'unsubscribed'",
		"suppressed:no_address":   "UPDATE leads SET email = NULL",
		"expired:stage":           "UPDATE leads SET stage = 'qualified'",
		"expired:cycle":           "UPDATE leads SET cycle = 2",
		"paused":                  "UPDATE leads SET paused = true",
		"moved":                   "UPDATE leads SET email = 'other' || email",
	} {
		t.Run(want, func(t *testing.T) {
			s := garden(t)
			_, claimed := queued(t, s, "ada@example.com")
			first := claim(t, s, record.LaneBulk)
			_, waits := queued(t, s, "bob@example.com")
			exec(t, s, change)
			stop, err := s.Sending(t.Context(), first[0])
			require.NoError(t, err)
			require.Equal(t, want, stop)
			require.Equal(t, "claimed", state(t, s, claimed))
			got := claim(t, s, record.LaneBulk)
			require.Equal(t, waits, got[0].ID)
			switch want {
			case "paused":
				require.True(t, got[0].Hold)
			case "moved":
				require.Equal(t, []string{"otherbob@example.com", ""}, []string{got[0].To, got[0].Stop}, "it goes where the person is now")
			default:
				require.Equal(t, want, got[0].Stop)
			}
		})
	}
}

func TestASuppressionIsSeenAtTheInstantOfSending(t *testing.T) {
	s := garden(t)
	_, id := queued(t, s, "ada@example.com")
	claimed := claim(t, s, record.LaneBulk)
	_, err := s.Suppress(t.Context(), "ada@example.com", "manual")
	require.NoError(t, err)
	stop, err := s.Sending(t.Context(), claimed[0])
	require.NoError(t, err)
	require.Equal(t, "suppressed:manual", stop, "as its pool asks")
	require.Equal(t, "suppressed:manual", sending(t, s, id), "and of whatever nothing is known")
	leaseOver(t, s)
	require.Equal(t, "suppressed:manual", claim(t, s, record.LaneBulk)[0].Stop, "nothing is composed")
}

// Who is leaving at this very moment is waited for, and what they say counts.
func TestAMailWaitsForWhoIsLeaving(t *testing.T) {
	s := garden(t)
	lead, _ := queued(t, s, "ada@example.com")
	mail := claim(t, s, record.LaneBulk)[0]
	leaving, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = leaving.Rollback(context.Background()) })
	_, err = leaving.Exec(t.Context(), "UPDATE leads SET muted = 'unsubscribed' WHERE id = $1", lead)
	require.NoError(t, err)
	said := make(chan string, 1)
	go func() {
		stop, _ := s.Sending(t.Context(), mail)
		said <- stop
	}()
	require.Eventually(t, func() bool {
		return one[int](t, s, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
	}, time.Minute, time.Millisecond, "it waits for the lead")
	require.NoError(t, leaving.Commit(t.Context()))
	require.Equal(t, "suppressed:unsubscribed", <-said)
}

func TestAnAlertOfAnOfferThatIsClosedExpiresAndItsSubscriberIsTold(t *testing.T) {
	s := garden(t)
	rep := newRep(t, s, "rep", nil)
	_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "secret", Active: true})
	require.NoError(t, err)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	offer(t, s, lead, 1)
	alert := claim(t, s, record.LaneAlert)
	require.Len(t, alert, 1)
	require.Equal(t, []any{"rep@example.com", "rep", "offer", lead, ""}, []any{alert[0].To, alert[0].ToName, alert[0].Kind, alert[0].Lead.ID, alert[0].Stop})
	exec(t, s, "UPDATE assignments SET state = 'accepted', decided_at = now()")
	require.Equal(t, "expired:offer_closed", sending(t, s, alert[0].ID))
	hooks := claim(t, s, record.LaneWebhook)
	require.Len(t, hooks, 1)
	require.Equal(t, []any{"https://example.com/in", "secret", ""}, []any{hooks[0].Webhook.URL, hooks[0].Webhook.Secret, hooks[0].Stop})
	require.NotContains(t, string(hooks[0].Payload), "@", "ids and codes only")
	require.Contains(t, string(hooks[0].Payload), rep)
	require.Empty(t, sending(t, s, hooks[0].ID))
}

func TestWhoIsErasedLeavesNoMailBehind(t *testing.T) {
	s := garden(t)
	lead, id := queued(t, s, "ada@example.com")
	claim(t, s, record.LaneBulk)
	require.NoError(t, s.EraseLead(t.Context(), lead, sysActor))
	d := record.Delivery{ID: id, Attempts: 1}
	_, err := s.Sending(t.Context(), d)
	require.ErrorIs(t, err, record.ErrNotFound)
	require.NoError(t, s.FinishDelivery(t.Context(), d, "sent", ""))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries"))
}

// A mail that began to be sent between the two statements of a claim, by a sender who was late, is not claimed: it may have
// left. What is parked first does not see it, so the claim itself must not take it.
func TestAClaimTakesNothingThatMayHaveLeft(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	goOn(t, s, ada, lifecycle.Position{}, time.Now())
	claimed := func() int {
		rows, _ := s.pool.Query(t.Context(), sqlClaimDeliveries, pgx.NamedArgs{"lane": record.LaneBulk, "rows": 9, "lease": time.Minute, "steps": []int{}})
		all, err := pgx.CollectRows(rows, pgx.RowToStructByName[claimedRow])
		require.NoError(t, err)
		return len(all)
	}
	exec(t, s, "UPDATE deliveries SET state = 'sending', claimed_until = now() - interval '1 second'")
	require.Zero(t, claimed())
	exec(t, s, "UPDATE deliveries SET at_least_once = true")
	require.Equal(t, 1, claimed(), "it may come twice")
	exec(t, s, "UPDATE deliveries SET at_least_once = false, state = 'claimed', claimed_until = now() - interval '1 second'")
	require.Equal(t, 1, claimed(), "nothing of it can have left")
}
