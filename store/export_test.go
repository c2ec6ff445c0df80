package store

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func exportOf(t *testing.T, s *Store, lead string) (map[string]json.RawMessage, string) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, s.ExportLead(t.Context(), lead, &out))
	sections := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(out.Bytes(), &sections), out.String())
	return sections, out.String()
}

func TestAnExportHoldsAllOfAPersonAndNothingOfOthers(t *testing.T) {
	s := house(t)
	id, _ := fill(t, s)
	other := newLead(t, s, "somebody-else@example.com")
	ingest(t, s, record.Event{LeadID: other, Type: "form_submit", ClientID: "others", Properties: map[string]any{"text": "others"}})
	_, err := s.AddNote(t.Context(), record.Note{LeadID: other, Text: "others"}, lifecycle.System)
	require.NoError(t, err)
	exec(t, s, `INSERT INTO routings (lead_id, key, candidates, why) VALUES ($1, 'k', '[{"rep_id": "others", "excluded": "others"}]', 'in_turn')`, id)
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, message, payload)
		VALUES ($1, 'o', 'alert', 'mail', 'offer', 'sent', $2, 'To: rep@example.com', '{"to": "rep@example.com"}')`, newID(), id)
	got, all := exportOf(t, s, id)
	for _, section := range []string{
		"lead", "profile_history", "touches", "consents", "suppressions", "visitors", "events", "score_adjustments", "mails", "notices", "offers", "routings",
		"decisions", "outcomes", "notes", "timeline", "imports",
	} {
		require.NotContains(t, []string{"", "null", "[]"}, string(got[section]), section)
	}
	for _, section := range []string{"lead", "profile_history", "events", "mails", "offers", "decisions", "outcomes", "notes", "suppressions", "imports"} {
		require.Contains(t, string(got[section]), "zyxada", section)
	}
	require.Contains(t, string(got["score"]), `"items"`)
	var events []map[string]any
	require.NoError(t, json.Unmarshal(got["events"], &events))
	require.Equal(t, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", id), len(events), "those of the visitor from before as well")
	require.NotContains(t, all, "others")
	require.NotContains(t, all, "somebody-else")
	require.NotContains(t, all, "rep@example.com", "where colleagues were written to is not the person's")

	require.NoError(t, s.EraseLead(t.Context(), id, lifecycle.System))
	var out bytes.Buffer
	require.ErrorIs(t, s.ExportLead(t.Context(), id, &out), record.ErrErased)
	require.ErrorIs(t, s.ExportLead(t.Context(), newID(), &out), record.ErrNotFound)
	require.Zero(t, out.Len())
}

// A mail whose bytes are no text of any kind does not keep the rest from the person.
func TestAnExportTakesBrokenBytes(t *testing.T) {
	s := house(t)
	id := newLead(t, s, "ada@example.com")
	for i, message := range [][]byte{{0xff, 0xfe, 'x'}, {'a', 0, 'b'}} {
		exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, message) VALUES ($1, $2, 'bulk', 'mail', 'nurture', 'sent', $3, $4)`,
			newID(), string(rune('a'+i)), id, message)
	}
	got, _ := exportOf(t, s, id)
	var mails []map[string]any
	require.NoError(t, json.Unmarshal(got["mails"], &mails))
	require.Equal(t, []any{"ÿþx", nil}, []any{mails[0]["message"], mails[1]["message"]})
}

// notExported are tables that name a lead and are not in an export, and why.
var notExported = map[string]string{
	"scores":            "explained in its place",
	"outbox":            "what its run is about to be told, for moments",
	"held_places":       "who is counted as having it, for moments",
	"account_decisions": "which leads of its company were just looked at, for a day",
	"idempotency_keys":  "answers to requests, kept for a day",
	"event_ids":         "ids of events, which are there",
	"shadow_scores":     "as the score, under a model that has no effect; explained by the version it is asked for",
	"journeys":          "folded from the timeline and the offers, which are there",
	"journeys_due":      "who is to be folded, for moments",
	"offer_times":       "folded from the offers, deliveries and activities, which are there",
}

func TestEveryTableThatNamesALeadIsExported(t *testing.T) {
	s := newStore(t)
	rows, _ := s.pool.Query(t.Context(), `SELECT DISTINCT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE a.attname = 'lead_id' AND NOT a.attisdropped AND n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 15)
	all := sqlExportLead
	for _, section := range exported {
		all += " " + section.sql + " "
	}
	for _, table := range tables {
		if notExported[table] == "" {
			require.Regexp(t, `FROM `+table+`\b`, all, "say in store/export.go what of it is the person's, or here why nothing is")
		}
	}
}
