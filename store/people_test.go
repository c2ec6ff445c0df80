package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// testModel has a rule of every kind the store must fold: for ever, windowed, halving, capped, negative.
const testModel = `{
	"mql": {"score": 100}, "bands": {"hot": 100, "warm": 40, "hysteresis": 10}, "grades": {"A": 45, "B": 30, "C": 15},
	"caps": {"fit": 60, "engagement": 150}, "floor": -50,
	"fit": [{"id": "chief", "field": "title", "contains": "chief", "points": 30},
		{"id": "plan", "field": "custom.plan", "equals": "gold", "points": 5}],
	"groups": {"content": {"cap": 90}},
	"engagement": [
		{"id": "paper", "on": "content_download", "points": 10, "half_life": "30d", "cap": 60, "group": "content"},
		{"id": "webinar", "on": "webinar_attendance", "points": 20, "group": "content"},
		{"id": "visits", "on": "page_view", "count": 3, "within": "7d", "points": 15},
		{"id": "form", "on": "form_submit", "points": 5},
		{"id": "click", "on": "cta_click", "points": 7, "within": "14d", "cap": 21},
		{"id": "leave", "on": "unsubscribe", "points": -40}],
	"triggers": ["demo_request"]}`

// house is a store in which a model is published.
func house(t *testing.T) *Store {
	t.Helper()
	s := newStore(t)
	publish(t, s, testModel)
	return s
}

func publish(t *testing.T, s *Store, document string) {
	t.Helper()
	m, err := s.CreateModel(t.Context(), record.Model{Source: document, Document: json.RawMessage(document)})
	require.NoError(t, err)
	_, err = s.PublishModel(t.Context(), m.Version)
	require.NoError(t, err)
}

func capture(t *testing.T, s *Store, c record.Capture) record.Captured {
	t.Helper()
	if c.Via == "" {
		c.Via = "api"
	}
	out, err := s.Capture(t.Context(), c)
	require.NoError(t, err)
	return out
}

// one reads one value.
func one[T any](t *testing.T, s *Store, sql string, args ...any) T {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), sql, args...)
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return v
}

func many[T any](t *testing.T, s *Store, sql string, args ...any) []T {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), sql, args...)
	v, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return v
}

func exec(t *testing.T, s *Store, sql string, args ...any) {
	t.Helper()
	_, err := s.pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func TestNobodyIsCapturedWithoutAModel(t *testing.T) {
	s := newStore(t)
	_, err := s.Capture(t.Context(), record.Capture{Email: "ada@example.com", Via: "api"})
	require.ErrorIs(t, err, ErrNoModel)
	require.ErrorContains(t, err, "leadflow migrate")
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM leads"))
}

func TestCaptureKeepsWhatWasSaid(t *testing.T) {
	s := house(t)
	c := record.Capture{
		Email: "ada@example.com", ExternalID: "crm:1", Source: record.Source{Channel: "ads", Campaign: "may"}, SourceCode: "ads",
		Profile: map[string]any{"title": "Chief Engineer", "custom.plan": "gold", "company_size": 50, "phone": nil},
		Consent: &record.Consent{Purpose: "marketing", Granted: true}, NoAlert: true, NoNurture: true,
		Event: &record.Event{Type: "form_submit", Properties: map[string]any{"form": "contact"}},
		Actor: lifecycle.Actor{Type: "key", ID: "k"},
	}
	got := capture(t, s, c)
	require.True(t, got.Created)
	require.JSONEq(t, `{"title": "Chief Engineer", "company_size": 50, "custom": {"plan": "gold"}}`,
		one[string](t, s, "SELECT profile::text FROM leads"))
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM profile_values WHERE lead_id = $1", got.LeadID))
	require.Equal(t, 40, one[int](t, s, "SELECT score FROM scores"))
	require.Equal(t, "warm", one[string](t, s, "SELECT band FROM scores"))
	require.Equal(t, "ads false false true", one[string](t, s,
		"SELECT concat_ws(' ', source_code, nurture::text, alert::text, consent->>'marketing') FROM leads"))
	require.Equal(t, []string{"captured"}, timelineKinds(t, s, got.LeadID))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outbox WHERE triggers ? 'capture' AND score = 40 AND band = 'warm'"))
	require.NotNil(t, one[*time.Time](t, s, "SELECT engaged_at FROM scores"))

	again := capture(t, s, record.Capture{
		Email: "ada@example.com", Profile: map[string]any{"title": nil, "company_size": 50.0, "custom.plan": "gold", "city": "Bonn"},
		Source: record.Source{Channel: "mail"}, SourceCode: "mail",
	})
	require.Equal(t, record.Captured{LeadID: got.LeadID, Changed: true}, again)
	require.JSONEq(t, `{"city": "Bonn", "company_size": 50, "custom": {"plan": "gold"}}`, one[string](t, s, "SELECT profile::text FROM leads"))
	require.Equal(t, "title=null,city=\"Bonn\"", one[string](t, s, `SELECT string_agg(field || '=' || coalesce(value::text, 'null'), ',' ORDER BY field DESC)
		FROM profile_values WHERE id > 3`), "only what changed")
	require.Equal(t, "ads", one[string](t, s, "SELECT source_code FROM leads"))
	require.JSONEq(t, `{"channel": "mail"}`, one[string](t, s, "SELECT source::text FROM touches"))
	require.Equal(t, []string{"captured", "recaptured"}, timelineKinds(t, s, got.LeadID))
	require.Equal(t, 10, one[int](t, s, "SELECT score FROM scores"), "the title counts no more")
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outbox WHERE score = 10 AND seq = 2 AND triggers = '{\"capture\": 2}'"))
}

func timelineKinds(t *testing.T, s *Store, leadID string) []string {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), "SELECT kind FROM timeline WHERE lead_id = $1 ORDER BY at, id", leadID)
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return kinds
}

func TestAHundredCapturesOfOneAddressMakeOneLead(t *testing.T) {
	s := house(t)
	var mu sync.Mutex
	created, ids := 0, map[string]bool{}
	together(t, 100, func(i int) error {
		out, err := s.Capture(t.Context(), record.Capture{
			Email: "ada@example.com", Via: "api", Profile: map[string]any{fmt.Sprintf("custom.f%d", i): i},
			Event: &record.Event{Type: "form_submit"},
		})
		mu.Lock()
		defer mu.Unlock()
		ids[out.LeadID] = true
		if out.Created {
			created++
		}
		return err
	})
	require.Len(t, ids, 1)
	require.Equal(t, 1, created)
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM leads"))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outbox"))
	require.Equal(t, 100, one[int](t, s, "SELECT count(*) FROM leads, jsonb_object_keys(profile->'custom')"), "no value is lost")
	require.Equal(t, 100, one[int](t, s, "SELECT count(*) FROM events"))
	require.Equal(t, 150, one[int](t, s, "SELECT score FROM scores"), "no point is lost: 100 x 5, capped")
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outbox WHERE triggers ? 'mql'"))
}

func TestKeysOfTwoLeadsAreAConflict(t *testing.T) {
	s := house(t)
	a := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	b := capture(t, s, record.Capture{ExternalID: "crm:1"}).LeadID
	_, err := s.Capture(t.Context(), record.Capture{Email: "ada@example.com", ExternalID: "crm:1", Via: "api"})
	var conflict *record.IdentityConflict
	require.ErrorAs(t, err, &conflict)
	require.ElementsMatch(t, []string{a, b}, conflict.LeadIDs[:])
	_, err = s.PreviewCapture(t.Context(), record.Capture{Email: "ada@example.com", ExternalID: "crm:1"})
	require.ErrorAs(t, err, &conflict)
	require.ErrorAs(t, s.PatchLead(t.Context(), b, record.Capture{Email: "ada@example.com", Via: "api"}), &conflict)
}

func TestALeadGainsTheKeyItLacksAndKeepsTheOneItHas(t *testing.T) {
	s := house(t)
	id := capture(t, s, record.Capture{ExternalID: "crm:1"}).LeadID
	require.Equal(t, id, capture(t, s, record.Capture{ExternalID: "crm:1", Email: "ada@example.com"}).LeadID)
	require.Equal(t, id, capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID)
	require.Equal(t, id, capture(t, s, record.Capture{ExternalID: "crm:1", Email: "eve@example.com"}).LeadID)
	require.Equal(t, "ada@example.com", one[string](t, s, "SELECT email FROM leads"))

	require.NoError(t, s.PatchLead(t.Context(), id, record.Capture{Email: "ada@example.org", Via: "api"}))
	require.Equal(t, "ada@example.org", one[string](t, s, "SELECT email FROM leads"))
	require.NotEqual(t, id, capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID)
}

func TestImportsFillBlanksAndAreQuietWhenRepeated(t *testing.T) {
	s := house(t)
	row := record.Capture{
		Email: "ada@example.com", Via: "import", FillBlanks: true, NoAlert: true, NoNurture: true,
		Profile: map[string]any{"title": "Chief", "city": "Bonn"}, Source: record.Source{Channel: "csv"},
	}
	preview, err := s.PreviewCapture(t.Context(), row)
	require.NoError(t, err)
	require.Equal(t, record.Captured{Created: true, Changed: true}, preview)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM leads"))
	id := capture(t, s, row).LeadID
	exec(t, s, "DELETE FROM outbox")

	require.Equal(t, record.Captured{LeadID: id}, capture(t, s, row))
	require.Zero(t, one[int](t, s, "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM touches)"))
	require.Equal(t, []string{"captured"}, timelineKinds(t, s, id))

	row.Profile = map[string]any{"title": "Intern", "city": nil, "country": "DE"}
	preview, err = s.PreviewCapture(t.Context(), row)
	require.NoError(t, err)
	require.Equal(t, record.Captured{LeadID: id, Changed: true}, preview)
	require.Equal(t, preview, capture(t, s, row))
	require.JSONEq(t, `{"title": "Chief", "city": "Bonn", "country": "DE"}`, one[string](t, s, "SELECT profile::text FROM leads"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox"), "a file wakes nobody")
}

func TestARefusalOfMarketingSuppresses(t *testing.T) {
	s := house(t)
	no := &record.Consent{Purpose: "marketing", Granted: false}
	id := capture(t, s, record.Capture{ExternalID: "crm:1", Consent: no}).LeadID
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM suppressions"), "nothing to suppress yet")
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outbox WHERE triggers ? 'unsubscribe'"))
	capture(t, s, record.Capture{ExternalID: "crm:1", Email: "ada@example.com"})
	require.Equal(t, "consent", one[string](t, s, "SELECT reason FROM suppressions WHERE email = 'ada@example.com' AND lead_id = $1", id))
	capture(t, s, record.Capture{Email: "ada@example.com", Consent: no})
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM consents"), "the same answer is no news")
}

func TestPatchMergesAndRescoresWithoutATouch(t *testing.T) {
	s := house(t)
	id := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	exec(t, s, "DELETE FROM outbox")
	require.NoError(t, s.PatchLead(t.Context(), id, record.Capture{Profile: map[string]any{"title": "Chief"}, Via: "api"}))
	require.Equal(t, 30, one[int](t, s, "SELECT score FROM scores"))
	require.Zero(t, one[int](t, s, "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM touches)"), "no band was crossed")
	require.Equal(t, []string{"captured", "changed"}, timelineKinds(t, s, id))
	require.NoError(t, s.PatchLead(t.Context(), id, record.Capture{Profile: map[string]any{"title": "Chief"}, Via: "api"}))
	require.Len(t, timelineKinds(t, s, id), 2, "nothing changed")
	require.ErrorIs(t, s.PatchLead(t.Context(), newID(), record.Capture{}), record.ErrNotFound)
	require.ErrorIs(t, s.PatchLead(t.Context(), "x", record.Capture{}), record.ErrNotFound)
}

func TestANewAddressInheritsTheWishOfThePerson(t *testing.T) {
	s, ctx := house(t), t.Context()
	id := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	require.NoError(t, s.Unsubscribe(ctx, id))
	require.NoError(t, s.Unsubscribe(ctx, id))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM events WHERE type = 'unsubscribe'"))
	require.NoError(t, s.PatchLead(ctx, id, record.Capture{Email: "ada@example.org", Via: "api"}))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM suppressions WHERE reason = 'unsubscribe'"))
	require.ErrorIs(t, s.Unsubscribe(ctx, newID()), record.ErrNotFound)

	eve := capture(t, s, record.Capture{Email: "eve@example.com"}).LeadID
	ingest(t, s, record.Event{LeadID: eve, Type: "email_bounce"})
	require.NoError(t, s.PatchLead(ctx, eve, record.Capture{Email: "eve@example.org", Via: "api"}))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM suppressions WHERE email = 'eve@example.org'"), "the old address bounced")
}

func TestSuppressionsAreListedAndLifted(t *testing.T) {
	s, ctx := house(t), t.Context()
	for i := range 5 {
		_, err := s.Suppress(ctx, fmt.Sprintf("p%d@example.com", i), "manual")
		require.NoError(t, err)
	}
	again, err := s.Suppress(ctx, "p0@example.com", "manual")
	require.NoError(t, err)
	require.Equal(t, "manual", again.Reason)
	seen := map[string]bool{}
	for cursor := ""; ; {
		page, err := s.Suppressions(ctx, "", cursor, 2)
		require.NoError(t, err)
		for _, x := range page.Items {
			seen[*x.Email] = true
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	require.Len(t, seen, 5)
	require.NoError(t, s.Unsuppress(ctx, "p0@example.com"))
	require.ErrorIs(t, s.Unsuppress(ctx, "p0@example.com"), record.ErrNotFound)
	_, err = s.Suppressions(ctx, "", "!", 2)
	require.ErrorIs(t, err, record.ErrBadCursor)
}

func TestNotesStayInPostgresAndTheTimelineOnlyNamesThem(t *testing.T) {
	s, ctx := house(t), t.Context()
	id := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	rep := newID()
	n, err := s.AddNote(ctx, record.Note{LeadID: id, RepID: &rep, Text: "likes tea"}, lifecycle.Actor{Type: "rep", ID: rep})
	require.NoError(t, err)
	require.Equal(t, "likes tea", n.Text)
	require.NotNil(t, one[*time.Time](t, s, "SELECT worked_at FROM leads"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM timeline WHERE data::text LIKE '%tea%'"))
	_, err = s.AddNote(ctx, record.Note{LeadID: newID(), Text: "x"}, lifecycle.System)
	require.ErrorIs(t, err, record.ErrNotFound)
}
