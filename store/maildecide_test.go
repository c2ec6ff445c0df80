package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

var clerk = lifecycle.Actor{Type: "key", ID: "0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59"}

// parked makes a mail whose outcome nobody knows.
func parked(t *testing.T, s *Store, email string) (lead string, d record.Delivery) {
	t.Helper()
	lead, _ = queued(t, s, email)
	d = claim(t, s, record.LaneBulk)[0]
	d.Message, d.MessageID = []byte("bytes of "+email), "lf."+d.ID
	stop, err := s.Sending(t.Context(), d)
	require.NoError(t, err)
	require.Empty(t, stop)
	require.NoError(t, s.FinishDelivery(t.Context(), d, "unknown", "lost_at_reply"))
	return lead, d
}

func TestWhatIsUnknownIsDecidedByPeople(t *testing.T) {
	for decision, want := range map[record.MailDecision]string{
		record.MailRetry: "queued retried", record.MailMarkSent: "sent marked", record.MailSkip: "expired skipped",
	} {
		t.Run(string(decision), func(t *testing.T) {
			s := garden(t)
			lead, d := parked(t, s, "ada@example.com")
			m, err := s.DecideMail(t.Context(), d.ID, decision, clerk)
			require.NoError(t, err)
			require.Equal(t, want, state(t, s, d.ID))
			require.Equal(t, []any{string(decision), "key:" + clerk.ID}, []any{m.Decided, m.DecidedBy})
			require.WithinDuration(t, time.Now(), *m.DecidedAt, time.Minute)
			require.NotNil(t, m.SendingAt, "where to look in the mail server's log")
			require.Equal(t, 1, one[int](t, s, `SELECT count(*) FROM timeline WHERE lead_id = $1 AND kind = 'mail_decided' AND why = $2 AND actor_type = 'key'
				AND actor_id = $3 AND data ->> 'delivery_id' = $4 AND data ->> 'was' = 'unknown'`, lead, string(decision), clerk.ID, d.ID))
			again := claim(t, s, record.LaneBulk)
			if decision != record.MailRetry {
				require.Empty(t, again, "it is over")
				return
			}
			require.Equal(t, []any{string(d.Message), d.MessageID}, []any{string(again[0].Message), again[0].MessageID}, "the same bytes")
			require.NoError(t, s.FinishDelivery(t.Context(), again[0], "sent", ""))
		})
	}
}

// Of the eight states each decision takes those it names, and says of the others what they are.
func TestADecisionThatTheStateDoesNotAllowIsRefused(t *testing.T) {
	s := garden(t)
	_, d := parked(t, s, "ada@example.com")
	allowed := map[record.MailDecision][]string{
		record.MailRetry: {"unknown", "failed", "expired"}, record.MailMarkSent: {"unknown"}, record.MailSkip: {"unknown", "queued", "failed"},
	}
	for _, was := range []string{"queued", "claimed", "sending", "sent", "failed", "unknown", "suppressed", "expired"} {
		for decision, states := range allowed {
			exec(t, s, "UPDATE deliveries SET state = $1, code = 'why'", was)
			_, err := s.DecideMail(t.Context(), d.ID, decision, clerk)
			var refused *record.MailRefused
			if errors.As(err, &refused) {
				require.NotContains(t, states, was, decision)
				require.Equal(t, record.MailRefused{State: was, Code: "why"}, *refused)
				require.Equal(t, was+" why", state(t, s, d.ID))
				continue
			}
			require.NoError(t, err)
			require.Contains(t, states, was, decision)
		}
	}
	exec(t, s, "UPDATE deliveries SET state = 'suppressed', code = $1", record.CodeSafeMode)
	_, err := s.DecideMail(t.Context(), d.ID, record.MailRetry, clerk)
	require.NoError(t, err, "what safe mode kept may go when it is over")
	_, err = s.DecideMail(t.Context(), newID(), record.MailRetry, clerk)
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.DecideMail(t.Context(), "x", record.MailRetry, clerk)
	require.ErrorIs(t, err, record.ErrNotFound)
}

func TestOfTwoWhoDecideAtOnceOneWins(t *testing.T) {
	for round := range 6 {
		s := garden(t)
		lead, d := parked(t, s, "ada@example.com")
		about := 1
		if round%2 == 1 { // a mail that is about nobody: its own lock alone holds the others off
			exec(t, s, "UPDATE deliveries SET lead_id = NULL")
			about = 0
		}
		decisions := []record.MailDecision{record.MailRetry, record.MailMarkSent, record.MailRetry, record.MailMarkSent}
		var mu sync.Mutex
		won, lost := 0, 0
		together(t, len(decisions), func(i int) error {
			_, err := s.DecideMail(t.Context(), d.ID, decisions[i], clerk)
			mu.Lock()
			defer mu.Unlock()
			var refused *record.MailRefused
			switch {
			case err == nil:
				won++
			case errors.As(err, &refused):
				lost++
			default:
				return err
			}
			return nil
		})
		require.Equal(t, []int{1, len(decisions) - 1}, []int{won, lost})
		require.Equal(t, about, one[int](t, s, "SELECT count(*) FROM timeline WHERE lead_id = $1 AND kind = 'mail_decided'", lead))
	}
}

// A long outage leaves thousands, all of one moment: each is on one page, also while somebody decides about those that were shown.
func TestThousandsOfUnknownMailsAreListed(t *testing.T) {
	s := garden(t)
	lead, _ := queued(t, s, "ada@example.com")
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, code, lead_id, created_at)
		SELECT gen_random_uuid(), 'many/' || n, 'bulk', 'mail', 'nurture', 'unknown', 'sender_lost', $1, date_trunc('second', now()) - (n % 3) * interval '1 second'
		FROM generate_series(1, 5000) n`, lead)
	seen := map[string]bool{}
	for cursor, pages := "", 0; ; pages++ {
		require.Less(t, pages, 100)
		page, err := s.Mails(t.Context(), "unknown", "", cursor, 200)
		require.NoError(t, err)
		for i, m := range page.Items {
			require.False(t, seen[m.ID])
			seen[m.ID] = true
			if i == 0 {
				_, err := s.DecideMail(t.Context(), m.ID, record.MailSkip, clerk)
				require.NoError(t, err)
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	require.Len(t, seen, 5000)
}
