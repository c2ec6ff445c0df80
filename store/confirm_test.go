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

var doubleYes = &record.Consent{Purpose: "marketing", Granted: true, DoubleOptIn: true, Wording: "2026-11"}

func consents(t *testing.T, s *Store, lead string) (out []string) {
	t.Helper()
	all, err := s.Consents(t.Context(), lead)
	require.NoError(t, err)
	for _, e := range all {
		out = append(out, e.Purpose+" "+e.State+" "+e.Source+" "+e.Wording)
	}
	return out
}

func question(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, "SELECT id FROM confirmations WHERE lead_id = $1 AND ended_at IS NULL", lead)
}

// A yes counts once it was confirmed: until then nothing is sent but the question, and then the sequence begins.
func TestAConsentIsConfirmedByMail(t *testing.T) {
	s := garden(t)
	exec(t, s, `UPDATE policies SET document = jsonb_set(document, '{consent}', '{"require": true}')`)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	require.Equal(t, []string{"marketing pending api 2026-11"}, consents(t, s, ada))
	loaded, err := s.LoadLead(t.Context(), ada, time.Now())
	require.NoError(t, err)
	require.Empty(t, loaded.Muted, "its sequence waits, it has not ended")
	now := time.Now().UTC().Truncate(time.Microsecond)
	shown := func() string {
		lead, err := s.Lead(t.Context(), ada)
		require.NoError(t, err)
		return lead.Mail.State
	}
	require.Equal(t, "unconfirmed", shown())
	rest := goOn(t, s, ada, lifecycle.Position{}, now)
	require.Equal(t, lifecycle.Move{At: now.Add(7 * 24 * time.Hour), Position: lifecycle.Position{Sequence: "welcome", Version: 1}}, rest)
	mails := claim(t, s, record.LaneBulk)
	require.Len(t, mails, 1)
	require.Equal(t, []string{"confirmation", "ada@example.com", ""}, []string{mails[0].Kind, mails[0].To, mails[0].Stop})
	require.Empty(t, sending(t, s, mails[0].ID))

	asked := record.Asked{LeadID: ada, ConfirmationID: question(t, s, ada), IP: "192.0.2.7"}
	exec(t, s, "DELETE FROM outbox")
	for range 2 {
		require.NoError(t, s.ConfirmConsent(t.Context(), asked), "the same again is no error")
	}
	require.Equal(t, []string{"marketing granted double_opt_in 2026-11"}, consents(t, s, ada))
	require.Equal(t, "first_touch", heard(t, s, ada), "the sequence goes on at once")
	require.Equal(t, "active", shown())
	move := goOn(t, s, ada, lifecycle.Position{}, now)
	require.Equal(t, "hello", move.Mail)
	require.Equal(t, "queued", one[string](t, s, "SELECT state FROM deliveries WHERE kind = 'nurture'"))

	all, err := s.Consents(t.Context(), ada)
	require.NoError(t, err)
	e := all[0]
	require.NotNil(t, e.AskedAt)
	require.Len(t, e.AddressHash, 64)
	require.Len(t, e.IPHash, 64)
	raw, err := json.Marshal(all)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "ada")
	require.NotContains(t, string(raw), "192.0.2.7")
	require.NotEqual(t, fmt.Sprintf("%x", s.suppressionHash("192.0.2.7")), e.IPHash)
	require.Equal(t, fmt.Sprintf("%x", s.suppressionHash("ada@example.com")), e.AddressHash, "whoever has the key and the address can prove it")
	capture(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM confirmations WHERE ended_at IS NULL"), "who has said yes is not asked again")

	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	require.Zero(t, one[int](t, s, "SELECT (SELECT count(*) FROM consents) + (SELECT count(*) FROM confirmations)"))
	require.ErrorIs(t, s.ConfirmConsent(t.Context(), asked), record.ErrErased)
}

// Nobody is asked often, nobody is asked who may not be written to, and a link answers for the address it was sent to.
func TestWhoIsAskedForAConsent(t *testing.T) {
	s := garden(t)
	mails := func() int { return one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'confirmation'") }
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	for range 5 {
		capture(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	}
	require.Equal(t, 1, mails(), "once a day")
	first := question(t, s, ada)
	exec(t, s, "UPDATE confirmations SET asked_at = now() - interval '25 hours'")
	capture(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	require.Equal(t, 2, mails())
	require.Equal(t, first, question(t, s, ada), "either link answers")

	require.NoError(t, s.PatchLead(t.Context(), ada, record.Capture{Email: "ada@new.example", Via: "api"}))
	require.ErrorIs(t, s.ConfirmConsent(t.Context(), record.Asked{LeadID: ada, ConfirmationID: first}), record.ErrNotFound, "the new address was not asked")
	require.Equal(t, "expired:answered", sending(t, s, claim(t, s, record.LaneBulk)[0].ID), "and is not now")
	require.NoError(t, s.PatchLead(t.Context(), ada, record.Capture{Consent: doubleYes, Via: "api"}))
	second := question(t, s, ada)
	require.NotEqual(t, first, second)
	require.ErrorIs(t, s.ConfirmConsent(t.Context(), record.Asked{LeadID: ada, ConfirmationID: first}), record.ErrNotFound)
	for _, id := range []string{newID(), "x"} {
		require.ErrorIs(t, s.ConfirmConsent(t.Context(), record.Asked{LeadID: ada, ConfirmationID: id}), record.ErrNotFound)
	}
	bob := nurturing(t, s, record.Capture{Email: "bob@example.com"})
	require.ErrorIs(t, s.ConfirmConsent(t.Context(), record.Asked{LeadID: bob, ConfirmationID: second}), record.ErrNotFound, "it is another's")

	no := &record.Consent{Purpose: "marketing"}
	capture(t, s, record.Capture{Email: "ada@new.example", Consent: no})
	require.ErrorIs(t, s.ConfirmConsent(t.Context(), record.Asked{LeadID: ada, ConfirmationID: second}), record.ErrNotFound, "who refused has answered")
	require.Equal(t, []string{"marketing refused api ", "marketing superseded api 2026-11"}, consents(t, s, ada))
	before := mails()
	_, err := s.Suppress(t.Context(), "eve@example.com", "manual")
	require.NoError(t, err)
	capture(t, s, record.Capture{Email: "eve@example.com", Consent: doubleYes})
	capture(t, s, record.Capture{ExternalID: "crm:1", Consent: doubleYes})
	require.Equal(t, before, mails())

	// By policy, but a file is believed.
	exec(t, s, `UPDATE policies SET document = jsonb_set(document, '{consent}', '{"double_opt_in": true}')`)
	yes := &record.Consent{Purpose: "marketing", Granted: true}
	capture(t, s, record.Capture{Email: "form@example.com", Consent: yes, Via: "form"})
	capture(t, s, record.Capture{Email: "file@example.com", Consent: yes, Via: "import"})
	require.Equal(t, before+1, mails())
	require.Equal(t, `{"marketing": true}`, one[string](t, s, "SELECT consent::text FROM leads WHERE email = 'file@example.com'"))
	require.Equal(t, `{}`, one[string](t, s, "SELECT consent::text FROM leads WHERE email = 'form@example.com'"))
}

// What was queued before is looked at again at the instant of sending, by the purpose of its sequence.
func TestAConsentIsSeenAtTheInstantOfSending(t *testing.T) {
	for name, tt := range map[string]struct {
		purpose string
		do      func(s *Store, lead string) error
		want    string
	}{
		"nothing said": {"news", func(*Store, string) error { return nil }, ""},
		"the purpose is refused": {"news", func(s *Store, lead string) error {
			return s.Choose(t.Context(), record.Chosen{LeadID: lead, Consent: map[string]bool{"news": false}})
		}, "suppressed:no_consent"},
		"another purpose is refused": {"events", func(s *Store, lead string) error {
			return s.Choose(t.Context(), record.Chosen{LeadID: lead, Consent: map[string]bool{"news": false}})
		}, ""},
		"marketing is refused": {"news", func(s *Store, lead string) error {
			return s.PatchLead(t.Context(), lead, record.Capture{Consent: &record.Consent{Purpose: "marketing"}, Via: "api"})
		}, "suppressed:consent"},
		"marketing is to be confirmed": {"news", func(s *Store, lead string) error {
			return s.PatchLead(t.Context(), lead, record.Capture{Consent: doubleYes, Via: "api"})
		}, "suppressed:unconfirmed"},
		"unsubscribed": {"news", func(s *Store, lead string) error { return s.Unsubscribe(t.Context(), lead) }, "suppressed:unsubscribe"},
	} {
		t.Run(name, func(t *testing.T) {
			s := floor(t)
			newSequence(t, s, "welcome", fmt.Sprintf(`{"name": "welcome", "purpose": %q, "steps": [{"id": "hello", "mail": {"subject": "Hello", "body": "Hi"}}]}`, tt.purpose), true)
			lead, id := queued(t, s, "ada@example.com")
			claim(t, s, record.LaneBulk)
			require.NoError(t, tt.do(s, lead))
			require.Equal(t, tt.want, sending(t, s, id))
		})
	}
}

// Who refused a topic gets none of its mails queued, and those of others.
func TestARefusedTopicIsNotQueued(t *testing.T) {
	s := floor(t)
	newSequence(t, s, "welcome", `{"name": "welcome", "purpose": "news", "steps": [{"id": "hello", "mail": {"subject": "Hello", "body": "Hi"}}]}`, true)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	require.NoError(t, s.Choose(t.Context(), record.Chosen{LeadID: ada, Consent: map[string]bool{"news": false, "events": true}, MailsPerWeek: new(1), Wording: "7", IP: "192.0.2.7"}))
	goOn(t, s, ada, lifecycle.Position{}, time.Now())
	require.Equal(t, "suppressed no_consent", one[string](t, s, "SELECT state || ' ' || code FROM deliveries"))
	p, err := s.Preferences(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, record.Preferences{Consent: map[string]bool{"news": false, "events": true}, MailsPerWeek: new(1)}, p)
	require.Equal(t, []string{"events granted preferences 7", "news refused preferences 7"}, consents(t, s, ada))
	require.NoError(t, s.Choose(t.Context(), record.Chosen{LeadID: ada, Consent: map[string]bool{"news": false, "events": true}}))
	require.Len(t, consents(t, s, ada), 2, "what did not change is no new evidence")
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM timeline WHERE kind = 'preferences_changed'"))
	require.NoError(t, s.Unsubscribe(t.Context(), ada))
	p, err = s.Preferences(t.Context(), ada)
	require.NoError(t, err)
	require.True(t, p.Suppressed)
	require.Nil(t, p.MailsPerWeek)
	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	_, err = s.Preferences(t.Context(), ada)
	require.ErrorIs(t, err, record.ErrErased)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM preferences"))
	require.ErrorIs(t, s.Choose(t.Context(), record.Chosen{LeadID: ada}), record.ErrErased)
}
