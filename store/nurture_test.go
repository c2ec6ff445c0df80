package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const testSequence = `{"name": "welcome", "exit": ["replied"], "steps": [
	{"id": "hello", "mail": {"subject": "Hello", "body": "Hi"}}, {"id": "rest", "wait": "3d"},
	{"id": "ask", "wait_for": {"any": ["email_click"], "timeout": "7d"}, "then": "warm", "else": "end"},
	{"id": "warm", "branch": [{"if": {"field": "title", "contains": "Chief"}, "to": "invite"}], "else": "end"},
	{"id": "invite", "mail": {"subject": "Come", "body": "Come", "on_unknown": "resend"}}]}`

// garden is a floor with a sequence that is sent by default.
func garden(t *testing.T) *Store {
	t.Helper()
	s := floor(t)
	newSequence(t, s, "welcome", testSequence, true)
	return s
}

func newSequence(t *testing.T, s *Store, name, document string, isDefault bool) {
	t.Helper()
	q, err := s.CreateSequence(t.Context(), record.Sequence{Name: name, Default: isDefault, Source: "x", Document: json.RawMessage(document)})
	require.NoError(t, err)
	_, err = s.PublishSequence(t.Context(), record.Publication{Name: name, Version: q.Version})
	require.NoError(t, err)
}

// nurturing captures somebody whose run has begun.
func nurturing(t *testing.T, s *Store, c record.Capture) string {
	t.Helper()
	id := capture(t, s, c).LeadID
	exec(t, s, "UPDATE leads SET stage = 'nurturing' WHERE id = $1", id)
	exec(t, s, "DELETE FROM outbox WHERE lead_id = $1", id)
	return id
}

func goOn(t *testing.T, s *Store, lead string, at lifecycle.Position, now time.Time) lifecycle.Move {
	t.Helper()
	at.Sequence, at.Version = "welcome", 1
	c := command(lead, lifecycle.CommandMail, fmt.Sprintf("mail/welcome@1/%s/%d", at.Step, now.UnixNano()))
	c.Position, c.At = at, now
	out, err := s.GoOn(t.Context(), c)
	require.NoError(t, err)
	return out
}

func TestALeadWalksThroughItsSequence(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"title": "Chief"}})
	loaded, err := s.LoadLead(t.Context(), ada, time.Now())
	require.NoError(t, err)
	require.Equal(t, lifecycle.Position{Sequence: "welcome", Version: 1}, loaded.Position)

	now := time.Now().UTC().Truncate(time.Microsecond)
	move := goOn(t, s, ada, lifecycle.Position{}, now)
	require.Equal(t, lifecycle.Move{Mail: "hello", At: now.Add(72 * time.Hour), Position: lifecycle.Position{Sequence: "welcome", Version: 1, Step: "rest", Since: now}}, move)
	require.Equal(t, ada+"/1/mail/welcome@1/hello queued bulk nurture", one[string](t, s, "SELECT concat_ws(' ', key, state, lane, kind) FROM deliveries"))

	now = now.Add(72 * time.Hour)
	move = goOn(t, s, ada, move.Position, now)
	require.Equal(t, []any{"", "ask", now.Add(7 * 24 * time.Hour)}, []any{move.Mail, move.Position.Step, move.At})
	require.Equal(t, []string{"email_click"}, one[[]string](t, s, "SELECT touch_wanted FROM leads"), "a click is to be told")
	ingest(t, s, record.Event{LeadID: ada, Type: "email_click"})
	require.Equal(t, "first_touch", heard(t, s, ada))
	require.Nil(t, one[[]string](t, s, "SELECT touch_wanted FROM leads"))

	exec(t, s, "UPDATE events SET occurred_at = $1", now.Add(time.Hour))
	move = goOn(t, s, ada, move.Position, now.Add(2*time.Hour))
	require.Equal(t, "invite", move.Mail)
	require.True(t, move.Done)
	require.Equal(t, "hello false,invite true", one[string](t, s, "SELECT string_agg(step || ' ' || at_least_once, ',' ORDER BY step) FROM deliveries"))
}

// A window that names a zone is open by the clocks of that zone, whatever the lead's own; and by the lead's where it says so.
func TestAWindowIsOfTheZoneItNames(t *testing.T) {
	s := garden(t)
	const document = `{"name": "%s", "window": {"from": "09:00", "to": "17:00", "zone": "%s"}, "steps": [{"id": "a", "mail": {"subject": "A", "body": "A"}}]}`
	newSequence(t, s, "office", fmt.Sprintf(document, "office", "America/New_York"), false)
	newSequence(t, s, "home", fmt.Sprintf(document, "home", "lead"), false)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"time_zone": "Asia/Tokyo"}})
	opens := func(sequence string, now time.Time) time.Time {
		c := command(lead, lifecycle.CommandMail, "mail/"+sequence+now.String())
		c.Position, c.At = lifecycle.Position{Sequence: sequence, Version: 1}, now
		move, err := s.GoOn(t.Context(), c)
		require.NoError(t, err)
		require.Empty(t, move.Mail)
		return move.At
	}
	utc := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	require.Equal(t, utc(6, 14), opens("office", utc(6, 2)), "nine in New York, in winter")
	require.Equal(t, utc(9, 13), opens("office", utc(9, 2)), "and in summer, which began the night before")
	require.Equal(t, utc(7, 0), opens("home", utc(6, 20)), "nine in Tokyo")
}

func TestTheSameWishQueuesOneMail(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	now := time.Now().UTC().Truncate(time.Microsecond)
	c := command(ada, lifecycle.CommandMail, "mail/welcome@1//1")
	c.Position, c.At = lifecycle.Position{Sequence: "welcome", Version: 1}, now
	together(t, 20, func(int) error {
		_, err := s.GoOn(t.Context(), c)
		return err
	})
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries"))
	first, err := s.GoOn(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "hello", first.Mail)

	// Its answer was lost, and the wish is carried out again when things have changed: it says the same.
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	again, err := s.GoOn(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, first, again)

	c.ID = ada + "/1/mail/welcome@1//2" // another wish that comes to the same step: the ledger has one row
	_, err = s.GoOn(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries"))
	c.Cycle, c.ID = 2, ada+"/2/mail/welcome@1//1"
	_, err = s.GoOn(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM deliveries"), "the next cycle has mails of its own")
}

func TestWhoMayNotBeWrittenToIsInTheLedgerAndGetsNothing(t *testing.T) {
	s := garden(t)
	no := &record.Consent{Purpose: "marketing"}
	unsubscribed := nurturing(t, s, record.Capture{Email: "bob@example.com"})
	require.NoError(t, s.Unsubscribe(t.Context(), unsubscribed))
	for lead, want := range map[string]string{
		nurturing(t, s, record.Capture{ExternalID: "crm:1"}):                       "suppressed no_address",
		nurturing(t, s, record.Capture{Email: "eve@example.com", Consent: no}):     "suppressed no_consent",
		nurturing(t, s, record.Capture{Email: "gus@example.com", NoNurture: true}): "suppressed not_asked",
		unsubscribed: "suppressed unsubscribed",
		nurturing(t, s, record.Capture{Email: "ada@example.com"}): "queued",
	} {
		move := goOn(t, s, lead, lifecycle.Position{}, time.Now())
		require.Equal(t, "hello", move.Mail)
		require.Equal(t, want, one[string](t, s, "SELECT btrim(state || ' ' || code) FROM deliveries WHERE lead_id = $1", lead))
	}
	claimed, err := s.ClaimDeliveries(t.Context(), record.LaneBulk, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
}

func TestExitRulesEndTheSequence(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	ingest(t, s, record.Event{LeadID: ada, Type: "email_reply"})
	move := goOn(t, s, ada, lifecycle.Position{}, time.Now().Add(time.Second))
	require.Equal(t, lifecycle.Move{Done: true, Why: "exit:replied", Position: lifecycle.Position{Sequence: "welcome", Version: 1}}, move)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries"))

	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	c := command(ada, lifecycle.CommandMail, "mail/x")
	c.Position = lifecycle.Position{Sequence: "welcome", Version: 1}
	_, err := s.GoOn(t.Context(), c)
	require.ErrorIs(t, err, record.ErrErased)
	c.Position.Version = 9
	_, err = s.GoOn(t.Context(), c)
	require.ErrorIs(t, err, record.ErrNotFound)
}

func TestACycleBeginsWithItsScorePolicyAsADatedAdjustment(t *testing.T) {
	for policy, want := range map[lifecycle.ScorePolicy]int{
		lifecycle.ScoreKeep: 55, "": 55, lifecycle.ScoreHalve: 43, lifecycle.ScoreZero: 30, lifecycle.ScoreFloor: -50,
	} {
		t.Run("policy "+string(policy), func(t *testing.T) {
			s := garden(t)
			newSequence(t, s, "back", testSequence, false)
			ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"title": "Chief"}})
			now := time.Now().UTC()
			ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance", OccurredAt: now.Add(-time.Hour)},
				record.Event{LeadID: ada, Type: "form_submit", OccurredAt: now.Add(-time.Hour)})
			exec(t, s, "DELETE FROM outbox")
			c := command(ada, lifecycle.CommandBegin, "begin")
			c.ID, c.Cycle, c.Policy, c.Sequence, c.At = ada+"/2/begin", 2, policy, "back", now.Add(-time.Minute)
			begun, err := s.BeginCycle(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, want, begun.Score)
			require.Equal(t, lifecycle.Position{Sequence: "back", Version: 1}, begun.Position)
			require.Equal(t, begun.Score, one[int](t, s, "SELECT score FROM scores"))
			require.Equal(t, begun.Score, recomputed(t, s, ada, testModel).Score)
			require.Equal(t, begun.Score, explained(t, s, ada, time.Time{}, 0).Score)
			require.Equal(t, "nothing", heard(t, s, ada), "a kept score qualifies nobody")

			again, err := s.BeginCycle(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, begun, again)
			require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM adjustments WHERE cycle = 2"))
			require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM events"), "the events are as they were")
		})
	}
}

func TestACycleWithoutASequenceOfItsOwnGetsTheDefault(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	c := command(ada, lifecycle.CommandBegin, "begin")
	c.Cycle, c.Sequence = 2, "gone"
	begun, err := s.BeginCycle(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, lifecycle.Position{Sequence: "welcome", Version: 1}, begun.Position)
	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	_, err = s.BeginCycle(t.Context(), c)
	require.ErrorIs(t, err, record.ErrErased)
}

// A step waits for what happens while it waits. What happened before may come to the lead later.
func TestAnOldEventIsNoTouchThatAStepWaitsFor(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"title": "Chief"}})
	now := time.Now().UTC().Truncate(time.Microsecond)
	move := goOn(t, s, ada, lifecycle.Position{Step: "rest", Since: now.Add(-73 * time.Hour)}, now.Add(-time.Hour))
	require.Equal(t, []any{"ask", []string{"email_click"}}, []any{move.Position.Step, one[[]string](t, s, "SELECT touch_wanted FROM leads")})
	click := func(ago time.Duration) {
		exec(t, s, "DELETE FROM outbox")
		ingest(t, s, record.Event{LeadID: ada, Type: "email_click", OccurredAt: now.Add(-ago)})
	}
	click(20 * 24 * time.Hour)
	require.Equal(t, "nothing", heard(t, s, ada))
	old := seen("email_click", "old")
	old.OccurredAt = now.Add(-2 * time.Hour)
	ingest(t, s, old)
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.Equal(t, "capture", heard(t, s, ada))
	require.Equal(t, []string{"email_click"}, one[[]string](t, s, "SELECT touch_wanted FROM leads"), "it still waits")
	click(55 * time.Minute)
	require.Equal(t, "first_touch", heard(t, s, ada), "while it waited, and told late")

	// The next step that waits for the same waits since later.
	exec(t, s, "UPDATE leads SET touch_wanted = '{email_click}'")
	goOn(t, s, ada, lifecycle.Position{Step: "rest", Since: now.Add(-72*time.Hour - time.Minute)}, now.Add(-time.Minute))
	click(50 * time.Minute)
	require.Equal(t, "nothing", heard(t, s, ada))
	click(0)
	require.Equal(t, "first_touch", heard(t, s, ada))
}
