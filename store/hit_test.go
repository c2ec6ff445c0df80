package store

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scanner"
)

const clicked = `{"mql": {"score": 20}, "bands": {"hot": 20, "warm": 10, "hysteresis": 2}, "grades": {"A": 45, "B": 30, "C": 15},
	"engagement": [{"id": "click", "on": "email_click", "points": 10}, {"id": "open", "on": "email_open", "points": 1}]}`

func hit(t *testing.T, s *Store, lead, mail, link, known string) record.HitNoted {
	t.Helper()
	out, err := s.Hit(t.Context(), record.Hit{
		Event:  record.Event{LeadID: lead, Type: "email_click", ClientID: "click/" + mail + link, Properties: map[string]any{"mail_id": mail, "url": link}},
		MailID: mail, Link: link, Known: known,
	})
	require.NoError(t, err)
	return out
}

func ago(t *testing.T, s *Store, seconds int) {
	t.Helper()
	exec(t, s, "UPDATE events SET received_at = received_at - make_interval(secs => $1), occurred_at = occurred_at - make_interval(secs => $1)", seconds)
}

// A scanner that follows every link makes an MQL for a moment, and then none was made.
func TestAScannerMakesNoMQL(t *testing.T) {
	s := newStore(t)
	publish(t, s, clicked)
	ada, mail := newLead(t, s, "ada@example.com"), newID()
	require.Empty(t, hit(t, s, ada, mail, "https://a", "").Machine)
	ago(t, s, 4)
	require.Empty(t, hit(t, s, ada, mail, "https://b", "").Machine)
	require.Equal(t, "20 hot 1", rowOf(t, s, ada))
	require.Equal(t, "mql", heard(t, s, ada))
	ago(t, s, 4)
	require.Equal(t, scanner.Burst, hit(t, s, ada, mail, "https://c", "").Machine)
	require.Equal(t, "0 cold -", rowOf(t, s, ada))
	require.Equal(t, "mql mql_revoked", heard(t, s, ada))
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM events WHERE void_reason = 'scanner_burst'"))
	verified(t, s)
	ago(t, s, 60)
	require.Equal(t, record.HitNoted{}, hit(t, s, ada, mail, "https://a", ""))
	require.Equal(t, record.HitNoted{Duplicate: true}, hit(t, s, ada, mail, "https://a", ""))
	require.Equal(t, "10 warm -", rowOf(t, s, ada), "a person came after it")
	verified(t, s)

	// Another mail is judged by itself, and so is another lead.
	require.Empty(t, hit(t, s, ada, newID(), "https://b", "").Machine)
	bob := newLead(t, s, "bob@example.com")
	require.Empty(t, hit(t, s, bob, mail, "https://b", "").Machine)
}

// What was known before is one of those that tell: a link that counted long ago and is followed again in a burst stays.
func TestALinkThatCountedStays(t *testing.T) {
	s := newStore(t)
	publish(t, s, clicked)
	ada, mail := newLead(t, s, "ada@example.com"), newID()
	hit(t, s, ada, mail, "https://a", "")
	ago(t, s, 600)
	require.Empty(t, hit(t, s, ada, mail, "https://b", "").Machine)
	require.Equal(t, scanner.Burst, hit(t, s, ada, mail, "https://a", "").Machine)
	require.Equal(t, "10 warm -", rowOf(t, s, ada), "the first was a person's")
	require.Equal(t, scanner.Trap, hit(t, s, ada, mail, "trap", scanner.Trap).Machine)
	verified(t, s)
}

func TestTooEarlyAHitCountsNowhere(t *testing.T) {
	s := newStore(t)
	s.scanners.Early = 5e9
	publish(t, s, clicked)
	ada := newLead(t, s, "ada@example.com")
	_, err := s.CreateSequence(t.Context(), record.Sequence{Name: "w", Source: "x", Document: []byte(`{}`)})
	require.NoError(t, err)
	mail := one[string](t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, sent_at)
		VALUES (gen_random_uuid(), 'k', 'bulk', 'mail', 'nurture', 'sent', $1, now() - interval '2 seconds') RETURNING id::text`, ada)
	require.Equal(t, scanner.Early, hit(t, s, ada, mail, "https://a", "").Machine)
	ago(t, s, 60)
	exec(t, s, "UPDATE deliveries SET sent_at = now() - interval '20 seconds'")
	require.Empty(t, hit(t, s, ada, mail, "https://a", "").Machine)
	require.Equal(t, "10 warm -", rowOf(t, s, ada))
}

// A gateway with many hands: however the hits of a burst meet, none counts.
func TestABurstFromManyConnections(t *testing.T) {
	s := newStore(t)
	publish(t, s, clicked)
	ada, mail := newLead(t, s, "ada@example.com"), newID()
	var all sync.WaitGroup
	failed := make([]error, 12)
	for i := range failed {
		all.Go(func() {
			link := fmt.Sprint("https://", i%6)
			_, failed[i] = s.Hit(t.Context(), record.Hit{
				Event:  record.Event{LeadID: ada, Type: "email_click", ClientID: "click/" + link, Properties: map[string]any{"mail_id": mail, "url": link}},
				MailID: mail, Link: link,
			})
		})
	}
	all.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	require.Equal(t, "0 cold -", rowOf(t, s, ada))
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM events WHERE voided_at IS NULL"))
	verified(t, s)
}

func TestAHitOfNobody(t *testing.T) {
	s := newStore(t)
	publish(t, s, clicked)
	ada := newLead(t, s, "ada@example.com")
	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	for lead, want := range map[string]error{ada: record.ErrErased, newID(): record.ErrNotFound, "x": record.ErrNotFound} {
		_, err := s.Hit(t.Context(), record.Hit{Event: record.Event{LeadID: lead, Type: "email_click"}})
		require.ErrorIs(t, err, want)
	}
}
