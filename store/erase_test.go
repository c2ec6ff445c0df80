package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// wholeDatabase is every row of every table as text.
func wholeDatabase(t *testing.T, s *Store) string {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'events_default'")
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 20)
	var all strings.Builder
	for _, table := range tables {
		rows, _ := s.pool.Query(t.Context(), fmt.Sprintf("SELECT '%s ' || to_jsonb(x)::text FROM %s x", table, table))
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		all.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return all.String()
}

// fill puts "zyxada" wherever something personal of a lead may be.
func fill(t *testing.T, s *Store) (leadID, keyID string) {
	t.Helper()
	ctx := t.Context()
	visitor := "visitor-zyxada-0123456789"
	ingest(t, s, record.Event{VisitorID: visitor, Type: "page_view", ClientID: "zyxada1", Properties: map[string]any{"path": "/zyxada"}})
	leadID = capture(t, s, record.Capture{
		Email: "zyxada@example.com", ExternalID: "crm:zyxada", VisitorID: visitor, Profile: map[string]any{"first_name": "zyxada"},
		Source: record.Source{Channel: "ads", Referrer: "https://example.com/?q=zyxada"}, SourceCode: "ads",
	}).LeadID
	capture(t, s, record.Capture{
		Email: "zyxada@example.com", Source: record.Source{Term: "zyxada"},
		Consent: &record.Consent{Purpose: "marketing", Granted: true},
	})
	ingest(t, s, record.Event{LeadID: leadID, Type: "form_submit", ClientID: "zyxada2", Properties: map[string]any{"text": "zyxada"}})
	_, err := s.AddNote(ctx, record.Note{LeadID: leadID, Text: "zyxada"}, lifecycle.System)
	require.NoError(t, err)
	require.NoError(t, s.Unsubscribe(ctx, leadID))
	keyID = answerKey(t, s)
	_, _, err = s.BeginAnswer(ctx, keyID, "POST /v1/leads", "one", []byte("x"))
	require.NoError(t, err)
	require.NoError(t, s.FinishAnswer(ctx, keyID, "POST /v1/leads", "one", record.StoredAnswer{Status: 201, Body: []byte("zyxada"), LeadID: leadID}))
	rep := newID()
	exec(t, s, "INSERT INTO reps (id, name, email) VALUES ($1, 'Rep', 'rep@example.com')", rep)
	exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, explanation)
		VALUES ($1, 'k', $2, 1, 1, $3, 'offered', now(), '{"why": "zyxada"}')`, newID(), leadID, rep)
	exec(t, s, `INSERT INTO decisions (id, lead_id, kind, body, fingerprint) VALUES ($1, $2, 'win', '{"note": "zyxada"}', 'zyxada')`, newID(), leadID)
	exec(t, s, `INSERT INTO outcomes (lead_id, cycle, kind, at, amount, currency, one_thing, missing)
		VALUES ($1, 1, 'won', now(), 12, 'EUR', 'zyxada', 'zyxada')`, leadID)
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, message, payload)
		VALUES ($1, 'd', 'bulk', 'mail', 'nurture', 'sent', $2, 'zyxada', '{"to": "zyxada"}')`, newID(), leadID)
	exec(t, s, `INSERT INTO timeline (lead_id, at, kind, actor_type, cycle, data) VALUES ($1, now(), 'won', 'system', 1, '{"why": "zyxada"}')`, leadID)
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, now(), 'halve')", leadID)
	exec(t, s, "UPDATE leads SET state = '{\"lead\": {\"id\": \"zyxada\"}}', version = 7, seq = 3, stage = 'handoff', owner = $2 WHERE id = $1", leadID, rep)

	id, err := s.CreateImport(ctx, record.Import{Mapping: json.RawMessage(`{}`), Columns: []string{"Mail"}})
	require.NoError(t, err)
	require.NoError(t, s.AddImportRows(ctx, id, []record.ImportRow{
		{Row: 2, Cells: []string{"zyxada@example.com"}, Keys: record.Keys("zyxada@example.com", "")},
		{Row: 3, Cells: []string{" ZYXada@example.com"}, Keys: record.Keys("zyxada@example.com", "")},
		{Row: 4, Cells: []string{"zyxada@example.com"}, Keys: record.Keys("zyxada@example.com", "")},
		{Row: 5, Cells: []string{"other@example.com"}, Keys: record.Keys("other@example.com", "")},
		{Row: 6, Cells: []string{"zyxada"}, Keys: record.Keys("", "crm:zyxada")},
		{Row: 7, Cells: []string{"zyxada@example.com"}, Keys: record.Keys("zyxada@example.com", "")},
	}))
	require.NoError(t, s.StartImport(ctx, id, 6, 0))
	imp, _, err := s.ClaimImport(ctx)
	require.NoError(t, err)
	require.NoError(t, s.FinishImportRows(ctx, imp, []record.ImportRow{
		{Row: 2, State: "updated", LeadID: leadID},
		{Row: 3, State: "failed", Column: "Mail", Error: "invalid"},
		{Row: 6, State: "failed"},
		{Row: 7, State: "created"}, // by a dry run, which names nobody
	}))
	return leadID, keyID
}

func TestErasureLeavesNothingOfThePerson(t *testing.T) {
	s, ctx := house(t), t.Context()
	id, key := fill(t, s)
	require.Contains(t, strings.ToLower(wholeDatabase(t, s)), "zyxada")

	require.NoError(t, s.EraseLead(ctx, id, lifecycle.Actor{Type: "key", ID: key}))
	require.NotContains(t, strings.ToLower(wholeDatabase(t, s)), "zyxada")
	for _, table := range []string{
		"deliveries", "idempotency_keys", "events", "visitors", "notes", "consents", "touches", "profile_values",
		"scores", "adjustments",
	} {
		require.Zero(t, one[int](t, s, "SELECT count(*) FROM "+table), table)
	}
	require.Equal(t, "4,5", one[string](t, s, "SELECT string_agg(row::text, ',' ORDER BY row) FROM import_rows"))
	require.Equal(t, "erased 7 ads", one[string](t, s, "SELECT concat_ws(' ', stage, version, source_code) FROM leads WHERE owner IS NULL"))
	require.Equal(t, "12.00 EUR", one[string](t, s, "SELECT amount || ' ' || currency FROM outcomes"), "outcomes stay")
	require.Equal(t, "erased", one[string](t, s, "SELECT code FROM decisions"))
	require.Equal(t, s.suppressionHash("zyxada@example.com"), one[[]byte](t, s, "SELECT hash FROM suppressions WHERE email IS NULL"))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outbox WHERE triggers ? 'erased'"))
	stub := one[lifecycle.Carried](t, s, "SELECT state FROM leads")
	require.Equal(t, lifecycle.StageErased, stub.Lead.Stage)
	require.Equal(t, []any{id, int64(7), int64(3)}, []any{stub.Lead.ID, stub.Lead.Version, stub.Lead.Seq})
	require.Equal(t, "erased", timelineKinds(t, s, id)[len(timelineKinds(t, s, id))-1])
	require.Equal(t, "3 1", one[string](t, s, "SELECT failed || ' ' || updated FROM imports"), "a row that waited counts as failed")

	exec(t, s, "DELETE FROM outbox")
	require.NoError(t, s.EraseLead(ctx, id, lifecycle.System))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox"), "the same again does nothing")
	require.ErrorIs(t, s.EraseLead(ctx, newID(), lifecycle.System), record.ErrNotFound)
	require.ErrorIs(t, s.PatchLead(ctx, id, record.Capture{}), record.ErrErased)
	require.ErrorIs(t, s.Unsubscribe(ctx, id), record.ErrErased)

	again := capture(t, s, record.Capture{Email: "zyxada@example.com"})
	require.True(t, again.Created)
	require.NotEqual(t, id, again.LeadID)
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM suppressions WHERE hash = $1", s.suppressionHash("zyxada@example.com")), "it stays suppressed")
}

func TestAnAnswerThatEndsAfterErasureIsNotKept(t *testing.T) {
	s, ctx := house(t), t.Context()
	id, key := newLead(t, s, "ada@example.com"), answerKey(t, s)
	_, _, err := s.BeginAnswer(ctx, key, "r", "one", []byte("x"))
	require.NoError(t, err)
	require.NoError(t, s.EraseLead(ctx, id, lifecycle.System))
	require.NoError(t, s.FinishAnswer(ctx, key, "r", "one", record.StoredAnswer{Status: 201, Body: []byte("ada"), LeadID: id}))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM idempotency_keys"))
}

func TestErasureRacesWithEverybody(t *testing.T) {
	s, ctx := house(t), t.Context()
	visitor := "visitor-0123456789abcdef"
	id := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	together(t, 30, func(i int) error {
		switch i % 3 {
		case 0:
			return s.EraseLead(ctx, id, lifecycle.System)
		case 1:
			return takeAll(ctx, s, []record.Event{{VisitorID: visitor, Type: "page_view"}, {LeadID: id, Type: "form_submit"}})
		}
		_, err := s.Capture(ctx, record.Capture{Email: "ada@example.com", VisitorID: visitor, Via: "api"})
		return err
	})
	require.Equal(t, "erased", one[string](t, s, "SELECT stage FROM leads WHERE id = $1", id))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", id))
	require.LessOrEqual(t, one[int](t, s, "SELECT count(*) FROM leads WHERE stage <> 'erased'"), 1)
}
