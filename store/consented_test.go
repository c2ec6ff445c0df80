package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Where the policy wants a yes, a sequence rests until there is one, whoever brings it, and goes on at once: no run is muted for
// what may come any day.
func TestASequenceRestsUntilSomebodySaysYes(t *testing.T) {
	yes := &record.Consent{Purpose: "marketing", Granted: true}
	for name, say := range map[string]func(s *Store, lead string) error{
		"by the API": func(s *Store, lead string) error {
			_, err := s.Capture(t.Context(), record.Capture{Email: "ada@example.com", Consent: yes, Via: "api"})
			return err
		},
		"by a patch": func(s *Store, lead string) error {
			return s.PatchLead(t.Context(), lead, record.Capture{Consent: yes, Via: "api"})
		},
		"on the page of preferences": func(s *Store, lead string) error {
			return s.Choose(t.Context(), record.Chosen{LeadID: lead, Consent: map[string]bool{"marketing": true}})
		},
		"by a file": func(s *Store, lead string) error {
			_, err := s.CaptureRows(t.Context(), rowsOf(t, s, record.Capture{Email: "ada@example.com", Consent: yes}))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := garden(t)
			exec(t, s, `UPDATE policies SET document = jsonb_set(document, '{consent}', '{"require": true}')`)
			ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
			loaded, err := s.LoadLead(t.Context(), ada, time.Now())
			require.NoError(t, err)
			require.Empty(t, loaded.Muted)
			now := time.Now().UTC().Truncate(time.Microsecond)
			rest := goOn(t, s, ada, lifecycle.Position{}, now)
			require.Equal(t, lifecycle.Move{At: now.Add(30 * 24 * time.Hour), Position: lifecycle.Position{Sequence: "welcome", Version: 1}}, rest)
			require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries"))
			lead, err := s.Lead(t.Context(), ada)
			require.NoError(t, err)
			require.Equal(t, "no_consent", lead.Mail.State)
			p, err := s.Preferences(t.Context(), ada)
			require.NoError(t, err)
			require.True(t, p.Required, "a box that is ticked beforehand is no yes")

			exec(t, s, "DELETE FROM outbox")
			require.NoError(t, say(s, ada))
			require.Contains(t, heard(t, s, ada), "first_touch")
			c := command(ada, lifecycle.CommandMail, "mail/welcome@1//2")
			c.Position = lifecycle.Position{Sequence: "welcome", Version: 1}
			c.At = now.Add(time.Minute)
			m, err := s.GoOn(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, "hello", m.Mail)
			require.Equal(t, "queued", one[string](t, s, "SELECT state FROM deliveries"))
			lead, err = s.Lead(t.Context(), ada)
			require.NoError(t, err)
			require.Equal(t, "active", lead.Mail.State)
		})
	}
}

// An import that is to send no mail wakes nobody by what it says of consent.
func TestAFileThatSendsNoMailWakesNobody(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	exec(t, s, "DELETE FROM outbox")
	_, err := s.CaptureRows(t.Context(), rowsOf(t, s, record.Capture{Email: "ada@example.com", NoNurture: true, Consent: &record.Consent{Purpose: "marketing", Granted: true}}))
	require.NoError(t, err)
	require.Equal(t, "nothing", heard(t, s, ada))
	require.JSONEq(t, `{"marketing": true}`, one[string](t, s, "SELECT consent::text FROM leads"))
}

// A yes to a topic is one to its mails, where a yes is required; one to marketing is one to every topic that was not refused.
func TestAYesIsOfItsPurpose(t *testing.T) {
	for _, tt := range []struct {
		consent map[string]bool
		purpose string
		want    string
	}{
		{map[string]bool{}, "", ""},
		{map[string]bool{}, "news", ""},
		{map[string]bool{"news": true}, "news", "queued"},
		{map[string]bool{"news": true}, "events", ""},
		{map[string]bool{"news": true}, "", ""},
		{map[string]bool{"marketing": true}, "", "queued"},
		{map[string]bool{"marketing": true}, "news", "queued"},
		{map[string]bool{"marketing": true, "news": false}, "news", "suppressed no_consent"},
		{map[string]bool{"marketing": false, "news": true}, "news", "suppressed no_consent"},
	} {
		s := floor(t)
		exec(t, s, `UPDATE policies SET document = jsonb_set(document, '{consent}', '{"require": true}')`)
		newSequence(t, s, "welcome", `{"name": "welcome", "purpose": "`+tt.purpose+`", "steps": [{"id": "hello", "mail": {"subject": "Hello", "body": "Hi"}}]}`, true)
		ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
		exec(t, s, "UPDATE leads SET consent = $1", tt.consent)
		goOn(t, s, ada, lifecycle.Position{}, time.Now())
		require.Equal(t, tt.want, one[string](t, s, "SELECT coalesce(max(btrim(state || ' ' || code)), '') FROM deliveries"), "%v under %q", tt.consent, tt.purpose)
	}
}

// What a file says of a consent answers a question that was open, and is evidence of the address it was said for.
func TestAFileAnswersWhatWasAsked(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes})
	asked := question(t, s, ada)
	_, err := s.CaptureRows(t.Context(), rowsOf(t, s, record.Capture{Email: "ada@example.com", Consent: &record.Consent{Purpose: "marketing", Granted: true}}))
	require.NoError(t, err)
	require.Equal(t, []string{"marketing granted import ", "marketing superseded api 2026-11"}, consents(t, s, ada))
	require.ErrorIs(t, s.ConfirmConsent(t.Context(), record.Asked{LeadID: ada, ConfirmationID: asked}), record.ErrNotFound)
	require.Equal(t, "hello", goOn(t, s, ada, lifecycle.Position{}, time.Now()).Mail, "nobody waits for an answer any more")
	all, err := s.Consents(t.Context(), ada)
	require.NoError(t, err)
	require.Len(t, all[0].AddressHash, 64)
}

// Whose address is suppressed is found by its hash, which is all that erasure leaves: they came again, and get nothing.
func TestWhoCameAgainIsShownAsSuppressed(t *testing.T) {
	s := garden(t)
	gone := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	require.NoError(t, s.Unsubscribe(t.Context(), gone))
	require.NoError(t, s.EraseLead(t.Context(), gone, sysActor))
	again := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	other := nurturing(t, s, record.Capture{Email: "bob@example.com"})
	for lead, want := range map[string]string{again: "unsubscribed", other: "active"} {
		l, err := s.Lead(t.Context(), lead)
		require.NoError(t, err)
		require.Equal(t, want, l.Mail.State)
	}
	page, err := s.Leads(t.Context(), record.LeadFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	for _, l := range page.Items {
		require.Equal(t, l.ID == again, l.Mail.State == "unsubscribed")
	}
	p, err := s.Preferences(t.Context(), again)
	require.NoError(t, err)
	require.True(t, p.Suppressed)
}

// Who came with an import that sends no mail, and says yes by themselves, has asked for it: from the next cycle on at the latest.
func TestWhoSaysYesAfterAnImportHasAsked(t *testing.T) {
	yes := &record.Consent{Purpose: "marketing", Granted: true}
	for name, say := range map[string]func(s *Store, lead string) error{
		"by a form": func(s *Store, lead string) error {
			_, err := s.Capture(t.Context(), record.Capture{Email: "ada@example.com", Consent: yes, Via: "form"})
			return err
		},
		"by the mail they were asked with": func(s *Store, lead string) error {
			capture(t, s, record.Capture{Email: "ada@example.com", Consent: doubleYes, Via: "form"})
			return s.ConfirmConsent(t.Context(), record.Asked{LeadID: lead, ConfirmationID: question(t, s, lead)})
		},
		"on the page of preferences": func(s *Store, lead string) error {
			return s.Choose(t.Context(), record.Chosen{LeadID: lead, Consent: map[string]bool{"news": true}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := garden(t)
			ada := nurturing(t, s, record.Capture{Email: "ada@example.com", NoNurture: true})
			capture(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"city": "Rome"}, Via: "form"})
			asked := func() bool { return one[bool](t, s, "SELECT nurture FROM leads WHERE id = $1", ada) }
			require.False(t, asked(), "a form that does not speak of mail is no yes")
			require.NoError(t, say(s, ada))
			require.True(t, asked())
			require.Equal(t, "hello", goOn(t, s, ada, lifecycle.Position{}, time.Now()).Mail)
			require.Equal(t, "queued", one[string](t, s, "SELECT state FROM deliveries WHERE kind = 'nurture'"))
		})
	}
}

// rowsOf are rows of an import under way.
func rowsOf(t *testing.T, s *Store, rows ...record.Capture) []record.Capture {
	t.Helper()
	id := newImport(t, s, len(rows))
	require.NoError(t, s.StartImport(t.Context(), id, len(rows), 0))
	imp, ok, err := s.ClaimImport(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	for i := range rows {
		rows[i].Via, rows[i].Actor = "import", sysActor
		rows[i].Row = &record.ImportRef{ImportID: imp.ID, Claim: imp.Claim, Row: i + 2}
	}
	return rows
}
