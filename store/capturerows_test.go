package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// rowsOfAFile are captures of one import: some of known people, some that refuse mail, some that come with a source.
func rowsOfAFile(importID string, claim, n int) []record.Capture {
	out := make([]record.Capture, n)
	for i := range out {
		c := record.Capture{
			Email: fmt.Sprintf("a%d@example.com", i), Profile: map[string]any{"first_name": "Ada", "city": fmt.Sprint("City ", i), "custom.size": float64(i)},
			Via: "import", Actor: lifecycle.Actor{Type: "key", ID: "0190b0a0-0000-7000-8000-000000000007"}, FillBlanks: true,
			NoAlert: i%2 == 0, NoNurture: i%3 == 0, SkipKnown: i%5 == 0,
			Row: &record.ImportRef{ImportID: importID, Claim: claim, Row: i + 2},
		}
		switch i % 4 {
		case 0:
			c.ExternalID = fmt.Sprint("crm:", i)
		case 1:
			c.Consent = &record.Consent{Purpose: "marketing", Granted: i%8 == 1}
		case 2:
			c.Source, c.SourceCode = record.Source{Channel: "fair", Campaign: "spring"}, "fair"
		}
		out[i] = c
	}
	return out
}

// onePile is a store with some people and an import under way.
func onePile(t *testing.T) (*Store, record.Import) {
	s, ctx := house(t), t.Context()
	for i := range 20 {
		_, err := s.Capture(ctx, record.Capture{Email: fmt.Sprintf("a%d@example.com", i), Profile: map[string]any{"first_name": "Ada"}, Via: "api"})
		require.NoError(t, err)
	}
	for _, keys := range [][2]string{{"", "crm:8"}, {"", "crm:60"}} {
		_, err := s.Capture(ctx, record.Capture{Email: keys[0], ExternalID: keys[1], Via: "api"})
		require.NoError(t, err)
	}
	_, err := s.pool.Exec(ctx, "DELETE FROM outbox WHERE lead_id NOT IN (SELECT id FROM leads WHERE email = 'a7@example.com')")
	require.NoError(t, err)
	id := newImport(t, s, 64)
	require.NoError(t, s.StartImport(ctx, id, 64, 0))
	imp, ok, err := s.ClaimImport(ctx)
	require.NoError(t, err)
	require.True(t, ok)
	return s, imp
}

// What a store holds, without what is of this run: ids, times, the order of what is written at once.
var written = []string{
	`SELECT email, external_id, profile, source, source_code, consent, nurture, alert, stage, cycle FROM leads ORDER BY email, external_id`,
	`SELECT l.email, field, value, v.source FROM profile_values v JOIN leads l ON l.id = v.lead_id ORDER BY 1, 2, 3`,
	`SELECT l.email, t.source FROM touches t JOIN leads l ON l.id = t.lead_id ORDER BY 1, 2`,
	`SELECT l.email, purpose, granted, c.source FROM consents c JOIN leads l ON l.id = c.lead_id ORDER BY 1, 2, 3`,
	`SELECT l.email, kind, actor_type, actor_id, why, t.cycle, t.version, data FROM timeline t JOIN leads l ON l.id = t.lead_id ORDER BY 1, t.id`,
	`SELECT l.email, model_version, accumulators, score, fit, band, grade FROM scores s JOIN leads l ON l.id = s.lead_id ORDER BY 1, l.external_id`,
	`SELECT l.email, o.score, o.band, (SELECT string_agg(k, ',' ORDER BY k) FROM jsonb_object_keys(triggers) AS k), attempts
		FROM outbox o JOIN leads l ON l.id = o.lead_id ORDER BY 1`,
	`SELECT s.email, s.reason, l.email FROM suppressions s LEFT JOIN leads l ON l.id = s.lead_id ORDER BY 1`,
}

// What only rows of a file write: a start that is parked, unless somebody else is to be told already, and what became of the row.
var ofImports = []string{
	`SELECT l.email, not_before = 'infinity', import_id IS NOT NULL FROM outbox o JOIN leads l ON l.id = o.lead_id ORDER BY 1`,
	`SELECT row, r.state, l.email, cells, repeated, before - 'at' FROM import_rows r LEFT JOIN leads l ON l.id = r.lead_id ORDER BY 1`,
}

func read(t *testing.T, s *Store, sql string) [][]any {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), sql)
	require.NoError(t, err)
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	require.NoError(t, err)
	return out
}

func TestRowsTogetherWriteWhatCapturesAndRowsAloneWrite(t *testing.T) {
	captured, one := onePile(t)
	alone, another := onePile(t)
	together, many := onePile(t)
	out, err := together.CaptureRows(t.Context(), rowsOfAFile(many.ID, many.Claim, 64))
	require.NoError(t, err)
	rows := rowsOfAFile(another.ID, another.Claim, 64)
	for i, c := range rowsOfAFile(one.ID, one.Claim, 64) {
		by, err := alone.CaptureRows(t.Context(), rows[i:i+1])
		require.NoError(t, err)
		want, err := captured.Capture(t.Context(), c)
		if i == 8 {
			var conflict *record.IdentityConflict
			require.ErrorAs(t, err, &conflict)
			require.NotNil(t, by[0].Conflict)
			require.NotNil(t, out[i].Conflict)
			require.Less(t, out[i].Conflict.LeadIDs[0], out[i].Conflict.LeadIDs[1])
			continue
		}
		require.NoError(t, err)
		require.NotEmpty(t, out[i].LeadID)
		want.LeadID, by[0].LeadID, out[i].LeadID = "", "", ""
		require.Equal(t, want, by[0].Captured, i)
		require.Equal(t, want, out[i].Captured, i)
	}
	for _, sql := range slices.Concat(written, ofImports) {
		want := read(t, alone, sql)
		require.NotEmpty(t, want, sql)
		require.Equal(t, want, read(t, together, sql), sql)
	}
	for _, sql := range written {
		require.Equal(t, read(t, captured, sql), read(t, together, sql), sql)
	}
	verified(t, together)
	require.Empty(t, read(t, together, "SELECT v.id FROM profile_values v JOIN leads l ON l.id = v.lead_id WHERE v.learned_at > l.updated_at"), "explained at its beginning a lead has the profile it came with")

	// Again: the rows are decided, and nothing of them may stay.
	before := read(t, together, written[4])
	_, err = together.CaptureRows(t.Context(), rowsOfAFile(many.ID, many.Claim, 64))
	require.ErrorIs(t, err, record.ErrDecided)
	_, err = together.CaptureRows(t.Context(), rowsOfAFile(many.ID, many.Claim+1, 64))
	require.ErrorIs(t, err, record.ErrNotFound, "another claim holds it")
	require.Equal(t, before, read(t, together, written[4]))
}

// Two files with the same people in the opposite order, at once: nobody is made twice, and nobody waits for ever.
func TestFilesWithTheSamePeopleMakeThemOnce(t *testing.T) {
	s := house(t)
	const n = 60
	var g sync.WaitGroup
	errs := make(chan error, 2)
	for turned := range 2 {
		id := newImport(t, s, n)
		require.NoError(t, s.StartImport(t.Context(), id, n, 0))
		imp, ok, err := s.ClaimImport(t.Context())
		require.NoError(t, err)
		require.True(t, ok)
		rows := rowsOfAFile(imp.ID, imp.Claim, n)
		if turned == 1 {
			for i := range n / 2 {
				rows[i], rows[n-1-i] = rows[n-1-i], rows[i]
			}
		}
		g.Go(func() {
			_, err := s.CaptureRows(context.Background(), rows)
			errs <- err
		})
	}
	g.Wait()
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	require.Len(t, read(t, s, "SELECT id FROM leads"), n)
	require.Len(t, read(t, s, "SELECT id FROM timeline WHERE kind = 'captured'"), n)
}
