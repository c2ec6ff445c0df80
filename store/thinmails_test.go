package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// bytesOf are of which mails the bytes are kept, by address of their leads.
func bytesOf(t *testing.T, s *Store) string {
	t.Helper()
	return one[string](t, s, `SELECT coalesce(string_agg(split_part(l.email, '@', 1), ' ' ORDER BY l.email), '')
		FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.message IS NOT NULL`)
}

func TestTheBytesOfMailsHaveTheirTime(t *testing.T) {
	s := garden(t)
	ids := map[string]string{}
	for i, state := range []string{"sent", "failed", "suppressed", "expired", "unknown", "queued"} {
		_, id := sent(t, s, state+"@example.com")
		exec(t, s, "UPDATE deliveries SET state = $2, message_id = 'kept', created_at = now() - interval '90 days' - $3 * interval '1 hour' WHERE id = $1", id, state, i+1)
		ids[state] = id
	}
	_, young := sent(t, s, "young@example.com")
	exec(t, s, "UPDATE deliveries SET created_at = now() - interval '89 days' WHERE id = $1", young)
	require.NoError(t, s.thinMails(t.Context()))
	require.Contains(t, bytesOf(t, s), "sent", "who did not say how long keeps them for good")

	s.keepMails = 90 * 24 * time.Hour
	thin := func() string {
		require.NoError(t, s.Sweep(t.Context()))
		return bytesOf(t, s)
	}
	require.Equal(t, "queued unknown young", thin(), "what may be sent again keeps its bytes")
	require.Equal(t, 6, one[int](t, s, "SELECT count(*) FROM deliveries WHERE message_id = 'kept'"), "the ledger stays")
	require.Equal(t, "queued unknown young", thin())

	_, err := s.DecideMail(t.Context(), ids["unknown"], record.MailMarkSent, lifecycle.System)
	require.NoError(t, err)
	require.Equal(t, "queued young", thin(), "when it comes to its end, they go")
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM mail_thin_later"))

	// One that is sent after all gets bytes, which go in their turn.
	_, err = s.DecideMail(t.Context(), ids["failed"], record.MailRetry, lifecycle.System)
	require.NoError(t, err)
	exec(t, s, "UPDATE deliveries SET message = 'again' WHERE id = $1", ids["failed"])
	require.Equal(t, "failed queued young", thin())
	exec(t, s, "UPDATE deliveries SET state = 'sent' WHERE id = $1", ids["failed"])
	require.Equal(t, "queued young", thin())

	exec(t, s, "UPDATE deliveries SET created_at = created_at - interval '2 days' WHERE id = $1", young)
	exec(t, s, "UPDATE mail_thinned SET before = before - interval '2 days'")
	require.Equal(t, "queued", thin())
}

// More than one transaction takes, of the same moment, and by several at once.
func TestManyMailsAreThinned(t *testing.T) {
	s := garden(t)
	s.keepMails = 90 * 24 * time.Hour
	lead, _ := queued(t, s, "ada@example.com")
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, message, created_at)
		SELECT gen_random_uuid(), 'many/' || n, 'bulk', 'mail', 'nurture', CASE WHEN n % 3 = 0 THEN 'unknown' ELSE 'sent' END, $1, 'To: <ada@example.com>', now() - interval '91 days'
		FROM generate_series(1, 1800) n`, lead)
	together(t, 3, func(int) error { return s.thinMails(t.Context()) })
	require.Equal(t, 600, one[int](t, s, "SELECT count(*) FROM deliveries WHERE message IS NOT NULL"))
	exec(t, s, "UPDATE deliveries SET state = 'sent' WHERE state = 'unknown'")
	require.NoError(t, s.thinMails(t.Context()))
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM deliveries WHERE message IS NOT NULL"))
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM mail_thin_later"))
	require.Equal(t, 1800, one[int](t, s, "SELECT count(*) FROM deliveries WHERE mailed = $1", s.suppressionHash("ada@example.com")))
}

// What comes back of a mail without bytes is still of the address it went to.
func TestWhatComesBackOfAThinMail(t *testing.T) {
	s := garden(t)
	s.keepMails = 24 * time.Hour
	for i, address := range []string{"same", "old", "gone"} {
		lead, id := sent(t, s, address+"@example.com")
		exec(t, s, "UPDATE deliveries SET created_at = now() - interval '2 days' WHERE id = $1", id)
		exec(t, s, "DELETE FROM mail_thinned")
		require.NoError(t, s.thinMails(t.Context()))
		switch address {
		case "old":
			require.NoError(t, s.PatchLead(t.Context(), lead, record.Capture{Email: "new@example.com", Via: "api"}))
		case "gone":
			exec(t, s, "UPDATE leads SET email = NULL, external_id = 'crm:1' WHERE id = $1", lead)
		}
		require.Equal(t, record.AsComplaint, takeBack(t, s, record.Returned{Kind: record.ReturnedComplaint, DeliveryID: id, Report: fmt.Sprint(i)}))
		require.Equal(t, "complaint", suppressedAs(t, s, address+"@example.com"))
	}
	require.Empty(t, suppressedAs(t, s, "new@example.com"))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM suppressions WHERE email IS NULL"))
}
