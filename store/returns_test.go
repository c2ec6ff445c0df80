package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// sent is a mail that has been sent to a lead of its own.
func sent(t *testing.T, s *Store, email string) (lead, delivery string) {
	t.Helper()
	lead, delivery = queued(t, s, email)
	exec(t, s, "UPDATE deliveries SET state = 'sent', sent_at = now(), message = $2 WHERE id = $1", delivery,
		[]byte("From: x@acme.example\r\nTo: <"+email+">\r\nSubject: s\r\n\r\nHello\r\n"))
	return lead, delivery
}

func takeBack(t *testing.T, s *Store, r record.Returned) string {
	t.Helper()
	if r.Via == "" {
		r.Via = "smtp"
	}
	as, err := s.TakeReturned(t.Context(), r)
	require.NoError(t, err)
	return as
}

func suppressedAs(t *testing.T, s *Store, email string) string {
	t.Helper()
	return one[string](t, s, "SELECT coalesce((SELECT reason FROM suppressions WHERE hash = $1), '')", s.suppressionHash(email))
}

func eventsOf(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, "SELECT coalesce(string_agg(concat_ws('/', type, properties ->> 'kind'), ' ' ORDER BY received_at, type), '') FROM events WHERE lead_id = $1", lead)
}

func lastOnTimeline(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, "SELECT kind || ' ' || why FROM timeline WHERE lead_id = $1 ORDER BY id DESC LIMIT 1", lead)
}

func TestAHardBounceThatComesBackActsOnce(t *testing.T) {
	s := garden(t)
	lead, id := sent(t, s, "ada@example.com")
	hard := record.Returned{Kind: record.ReturnedBounce, Hard: true, Status: "5.1.1", DeliveryID: id, Report: "one"}
	require.Equal(t, record.AsHard, takeBack(t, s, hard))
	require.Equal(t, "hard_bounce", suppressedAs(t, s, "ada@example.com"))
	require.Equal(t, "email_bounce/hard", eventsOf(t, s, lead))
	require.Equal(t, "bounce", heard(t, s, lead))
	require.Equal(t, "mail_bounce hard", lastOnTimeline(t, s, lead))
	require.Equal(t, "5.1.1 smtp hard", one[string](t, s, "SELECT concat_ws(' ', status, via, outcome) FROM mail_returns"))

	exec(t, s, "DELETE FROM outbox")
	hard.Report, hard.Via, hard.DeliveryID = "another, of a provider", "ses", strings.ToUpper(id)
	require.Equal(t, record.AsDuplicate, takeBack(t, s, hard))
	require.Equal(t, "email_bounce/hard", eventsOf(t, s, lead))
	require.Equal(t, "nothing", heard(t, s, lead))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM timeline WHERE lead_id = $1 AND kind = 'mail_bounce'", lead))
}

// A question whether a consent is theirs that nobody can be asked is a bounce as any other: whoever typed the address is not asked again.
func TestAQuestionThatComesBack(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	asked := one[string](t, s, "SELECT id::text FROM deliveries WHERE kind = 'confirmation'")
	exec(t, s, "UPDATE deliveries SET state = 'sent', sent_at = now()")
	require.Equal(t, record.AsHard, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Hard: true, Status: "5.1.1", DeliveryID: asked, Report: "one"}))
	require.Equal(t, "hard_bounce", suppressedAs(t, s, "ada@example.com"))
	require.Equal(t, "email_bounce/hard", eventsOf(t, s, ada))
	exec(t, s, "UPDATE confirmations SET asked_at = now() - interval '2 days'")
	capture(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'confirmation'"))
}

// Of many who tell the same at once one is believed.
func TestReportsOfOneMailAtOnce(t *testing.T) {
	s := garden(t)
	lead, id := sent(t, s, "ada@example.com")
	as := make([]string, 12)
	together(t, len(as), func(i int) (err error) {
		as[i], err = s.TakeReturned(t.Context(), record.Returned{Kind: record.ReturnedComplaint, DeliveryID: id, Report: fmt.Sprint(i), Via: "smtp"})
		return err
	})
	first := 0
	for _, a := range as {
		if a == record.AsComplaint {
			first++
		}
	}
	require.Equal(t, 1, first)
	require.Equal(t, "complaint", eventsOf(t, s, lead))
}

func TestWhatWasRefusedAtTheDoorIsNotHardTwice(t *testing.T) {
	s := garden(t)
	lead, id := sent(t, s, "ada@example.com")
	door := record.Returned{Kind: record.ReturnedBounce, Hard: true, DeliveryID: id, SentTo: "Ada@example.com", Via: "sending"}
	require.Equal(t, record.AsHard, takeBack(t, s, door))
	require.Equal(t, record.AsDuplicate, takeBack(t, s, door))
	require.Equal(t, record.AsDuplicate, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Hard: true, DeliveryID: id, Report: "x"}))
	require.Equal(t, "hard_bounce", suppressedAs(t, s, "ada@example.com"))
	require.Equal(t, "email_bounce/hard", eventsOf(t, s, lead))
	require.Equal(t, "bounce", heard(t, s, lead))
}

// The address may have changed between the claim and the refusal, and no bytes are kept yet that would tell.
func TestARefusalAtTheDoorIsOfTheAddressThatWasTried(t *testing.T) {
	s := garden(t)
	lead, id := queued(t, s, "old@example.com")
	require.NoError(t, s.PatchLead(t.Context(), lead, record.Capture{Email: "new@example.com", Via: "api"}))
	require.Equal(t, record.AsHard, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Hard: true, DeliveryID: id, SentTo: "old@example.com", Via: "sending"}))
	require.Equal(t, "hard_bounce", suppressedAs(t, s, "old@example.com"))
	require.Empty(t, suppressedAs(t, s, "new@example.com"))
	require.Empty(t, eventsOf(t, s, lead))
}

// A question whose address is nobody's must not be asked again, and nothing else sent there.
func TestAConfirmationThatBouncesSuppresses(t *testing.T) {
	s := garden(t)
	for via, sentTo := range map[string]string{"sending": "sending@example.com", "smtp": ""} {
		lead, id := queued(t, s, via+"@example.com")
		exec(t, s, "UPDATE deliveries SET kind = 'confirmation' WHERE id = $1", id)
		require.Equal(t, record.AsHard, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Hard: true, DeliveryID: id, SentTo: sentTo, Via: via}))
		require.Equal(t, "hard_bounce", suppressedAs(t, s, via+"@example.com"))
		require.Equal(t, "email_bounce/hard", eventsOf(t, s, lead))
	}
}

// A blocklist that our server is on refuses everybody there: nobody is lost by it.
func TestBouncesThatAreAboutUsDoNotCount(t *testing.T) {
	s := garden(t)
	_, id := sent(t, s, "ada@example.com")
	require.Equal(t, record.AsSoft, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Ours: true, Status: "5.7.1", DeliveryID: id}))
	soft := func(report string, ours bool) string {
		return takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Ours: ours, Status: "5.7.1", Email: "ada@example.com", Report: report})
	}
	for _, report := range []string{"1", "2", "3", "4"} {
		require.Equal(t, record.AsSoft, soft(report, true))
	}
	require.Equal(t, record.AsSoft, soft("5", false))
	require.Equal(t, record.AsSoft, soft("6", false))
	require.Empty(t, suppressedAs(t, s, "ada@example.com"))
	require.Equal(t, record.AsSoft, soft("7", true), "three, but this one is not counted")
	require.Equal(t, record.AsHard, soft("8", false))
	require.Equal(t, "hard_bounce", suppressedAs(t, s, "ada@example.com"))
}

func TestSoftBouncesTurnHardByThePolicy(t *testing.T) {
	s := garden(t)
	lead, id := sent(t, s, "ada@example.com")
	soft := func(report string) string {
		return takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Status: "4.2.2", Email: "ada@example.com", Report: report})
	}
	require.Equal(t, record.AsSoft, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Status: "5.2.2", DeliveryID: id, Report: "1"}))
	require.Equal(t, record.AsDuplicate, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Status: "5.2.2", DeliveryID: id, Report: "2"}), "the same mail")
	require.Equal(t, record.AsSoft, soft("3"))
	require.Empty(t, suppressedAs(t, s, "ada@example.com"))
	require.NotContains(t, heard(t, s, lead), "bounce")
	exec(t, s, "UPDATE mail_returns SET received_at = received_at - interval '15 days' WHERE key LIKE '%/3'")
	require.Equal(t, record.AsSoft, soft("4"), "what is long ago does not count")
	require.Equal(t, record.AsHard, soft("5"))
	require.Equal(t, "hard_bounce", suppressedAs(t, s, "ada@example.com"))
	require.Equal(t, "bounce", heard(t, s, lead))
	require.Equal(t, "soft_too_often", one[string](t, s, "SELECT properties ->> 'why' FROM events WHERE properties ->> 'kind' = 'hard'"))

	strict := strings.Replace(testPolicy, `"stale"`, `"bounces": {"soft": 1, "within": "1d"}, "stale"`, 1)
	_, err := s.CreatePolicy(t.Context(), record.Policy{Name: "strict", Active: true, Source: "x", Document: json.RawMessage(strict)})
	require.NoError(t, err)
	_, other := sent(t, s, "bob@example.com")
	require.Equal(t, record.AsHard, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, DeliveryID: other}))
}

func TestComplaintsAndUnsubscribingMails(t *testing.T) {
	s := garden(t)
	ada, id := sent(t, s, "ada@example.com")
	require.Equal(t, record.AsComplaint, takeBack(t, s, record.Returned{Kind: record.ReturnedComplaint, Status: "abuse", DeliveryID: id}))
	require.Equal(t, "complaint", suppressedAs(t, s, "ada@example.com"))
	require.Equal(t, "complaint", heard(t, s, ada))
	require.Equal(t, "mail_complaint complaint", lastOnTimeline(t, s, ada))
	bob := nurturing(t, s, record.Capture{Email: "bob@example.com"})
	require.Equal(t, record.AsUnsubscribed, takeBack(t, s, record.Returned{Kind: record.ReturnedUnsubscribe, Email: "bob@example.com", Report: "r"}))
	require.Equal(t, "unsubscribe", suppressedAs(t, s, "bob@example.com"))
	require.Equal(t, "unsubscribe", heard(t, s, bob))
}

// Somebody who has another address by now keeps it: the one that bounced is suppressed.
func TestABounceOfAnEarlierAddress(t *testing.T) {
	s := garden(t)
	lead, id := sent(t, s, "old@example.com")
	require.NoError(t, s.PatchLead(t.Context(), lead, record.Capture{Email: "new@example.com", Via: "api"}))
	exec(t, s, "DELETE FROM outbox")
	require.Equal(t, record.AsHard, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, Hard: true, DeliveryID: id}))
	require.Equal(t, "hard_bounce", suppressedAs(t, s, "old@example.com"))
	require.Empty(t, suppressedAs(t, s, "new@example.com"))
	require.Empty(t, eventsOf(t, s, lead))
	require.Equal(t, "nothing", heard(t, s, lead))
	require.Equal(t, "mail_bounce hard", lastOnTimeline(t, s, lead))
}

func TestAnAnswerEndsTheSequenceAndTellsSales(t *testing.T) {
	s := garden(t)
	boss := newRep(t, s, "boss", nil)
	newTeam(t, s, record.Team{Name: "north", ManagerID: &boss})
	ada, id := sent(t, s, "ada@example.com")
	exec(t, s, "INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, sequence, sequence_version, step) VALUES (gen_random_uuid(), 'later', 'bulk', 'mail', 'nurture', $1, 1, 'welcome', 1, 'invite')", ada)
	reply := record.Returned{Kind: record.ReturnedReply, DeliveryID: id, Report: "<1@person.example>", Text: "Call me on Monday.\n"}
	require.Equal(t, record.AsReplied, takeBack(t, s, reply))
	require.Equal(t, "email_reply", eventsOf(t, s, ada))
	require.Equal(t, "first_touch", heard(t, s, ada), "the run looks at its sequence at once")
	require.Equal(t, "expired replied", one[string](t, s, "SELECT state || ' ' || code FROM deliveries WHERE key = 'later'"))
	require.Empty(t, suppressedAs(t, s, "ada@example.com"))
	require.Equal(t, "Call me on Monday.\n", one[string](t, s, "SELECT text FROM notes WHERE lead_id = $1", ada))
	require.Equal(t, "mail_reply replied", lastOnTimeline(t, s, ada))
	told := claim(t, s, record.LaneAlert)
	require.Len(t, told, 1)
	require.Equal(t, []any{"reply", "boss@example.com", ada}, []any{told[0].Kind, told[0].To, told[0].LeadID})
	require.Contains(t, string(told[0].Payload), "Call me on Monday.")
	require.Empty(t, told[0].Stop)
	move := goOn(t, s, ada, lifecycle.Position{Step: "rest", Since: time.Now()}, time.Now())
	require.Equal(t, []any{true, "exit:replied"}, []any{move.Done, move.Why})

	require.Equal(t, record.AsDuplicate, takeBack(t, s, reply))
	reply.Report = "<2@person.example>"
	require.Equal(t, record.AsReplied, takeBack(t, s, reply), "another answer is another")
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM deliveries WHERE lane = 'alert'"))

	owner := newRep(t, s, "owner", nil)
	exec(t, s, "UPDATE leads SET owner = $2 WHERE id = $1", ada, owner)
	reply.Report = "<3@person.example>"
	takeBack(t, s, reply)
	require.Equal(t, owner, one[string](t, s, "SELECT rep_id FROM deliveries WHERE lane = 'alert' ORDER BY created_at DESC, id DESC LIMIT 1"))
	subscribed, err := s.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "whsec_x", Active: true})
	require.NoError(t, err)
	reply.Report = "<4@person.example>"
	takeBack(t, s, reply)
	hook := one[string](t, s, "SELECT payload::text FROM deliveries WHERE webhook_id = $1", subscribed.ID)
	require.Contains(t, hook, "mail.replied")
	require.NotContains(t, hook, "Monday", "a subscriber is told ids and codes")
}

func TestWhatIsNobodysChangesNothing(t *testing.T) {
	s := garden(t)
	ada, id := sent(t, s, "ada@example.com")
	require.NoError(t, s.EraseLead(t.Context(), ada, lifecycle.Actor{Type: "key"}))
	bob, alive := sent(t, s, "bob@example.com")
	require.Equal(t, record.AsSoft, takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, DeliveryID: alive}))
	before := wholeDatabase(t, s)
	for _, r := range []record.Returned{
		{Kind: record.ReturnedBounce, Hard: true, DeliveryID: id},
		{Kind: record.ReturnedBounce, Hard: true, DeliveryID: newID()},
		{Kind: record.ReturnedComplaint, Email: "ada@example.com", Report: "r"},
		{Kind: record.ReturnedComplaint, Report: "r"},
		{Kind: record.ReturnedReply, DeliveryID: "no id", Report: "r", Text: "t"},
	} {
		require.Equal(t, record.AsUnknown, takeBack(t, s, r))
	}
	require.Equal(t, before, wholeDatabase(t, s))
	require.NoError(t, s.EraseLead(t.Context(), bob, lifecycle.Actor{Type: "key"}))
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM mail_returns"), "the person is gone from there as well")
}

// A mail that was cut off and then bounces, is complained of or answered had left: it is no unknown any more, and cannot be sent a
// second time by somebody who does not know.
func TestWhatComesBackTellsThatAMailLeft(t *testing.T) {
	for _, kind := range []string{record.ReturnedBounce, record.ReturnedComplaint, record.ReturnedReply} {
		s := garden(t)
		_, d := parked(t, s, "ada@example.com")
		takeBack(t, s, record.Returned{Kind: kind, DeliveryID: d.ID, Report: "r", Text: "t"})
		require.Equal(t, "sent came_back", state(t, s, d.ID), kind)
		require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries WHERE id = $1 AND sent_at = sending_at", d.ID))
		_, err := s.DecideMail(t.Context(), d.ID, record.MailRetry, clerk)
		var refused *record.MailRefused
		require.ErrorAs(t, err, &refused)
	}
	s := garden(t)
	_, id := queued(t, s, "bob@example.com")
	takeBack(t, s, record.Returned{Kind: record.ReturnedBounce, DeliveryID: id, Via: "sending", SentTo: "bob@example.com"})
	require.Equal(t, "queued", one[string](t, s, "SELECT state FROM deliveries WHERE id = $1", id), "one that was refused at once had not")
}
