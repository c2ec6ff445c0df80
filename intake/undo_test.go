package intake_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

var somebody = lifecycle.Actor{Type: "key", ID: "0190b0a0-0000-7000-8000-00000000000a"}

// undo asks for an undo and carries it out.
func (d desk) undo(t *testing.T, id string) record.Import {
	t.Helper()
	_, err := d.st.UndoImport(t.Context(), id, somebody)
	require.NoError(t, err)
	worked, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).UndoOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	return d.read(t, id)
}

// left is what an undo left, by lead: what and why.
func (d desk) left(t *testing.T, id string) map[string][]record.LeftOver {
	t.Helper()
	out := map[string][]record.LeftOver{}
	for cursor := ""; ; {
		page, err := d.st.UndoneImport(t.Context(), id, cursor, 2)
		require.NoError(t, err)
		for _, k := range page.Items {
			require.NotContains(t, out, k.LeadID, "a lead is listed once")
			out[k.LeadID] = k.Left
		}
		if cursor = page.NextCursor; cursor == "" {
			return out
		}
	}
}

func (d desk) lead(t *testing.T, key string) record.Lead {
	t.Helper()
	page, err := d.st.Leads(t.Context(), record.LeadFilter{Query: key})
	require.NoError(t, err)
	require.Len(t, page.Items, 1, key)
	return page.Items[0]
}

func (d desk) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := d.pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

const overwriting = mapping + "on_known: overwrite\nsource: {channel: {value: fair}}\n"

// Leads that an import made go, leads that it changed are what they were, and what a person learned is kept in order.
func TestAnUndoneImportLeavesThingsAsTheyWere(t *testing.T) {
	d := newDesk(t, intake.Config{})
	d.run(t, header+"ada@example.com,,,Ada,Bonn,\n,9,,Gus,,\n", intake.ImportOptions{})
	ada, gus := d.lead(t, "ada@example.com"), d.lead(t, "crm:9")
	imp := d.under(t, overwriting, header+
		"new1@example.com,,,N,Rome,1\n"+
		"ada@example.com,7,,Countess,London,3\n"+
		"gus@example.com,9,,Gustav,,\n"+
		"new2@example.com,,,N,Rome,1\n"+
		"ada@example.com,7,,Lovelace,Paris,\n"+
		"new1@example.com,,,M,,\n", intake.ImportOptions{})
	require.Equal(t, counts{State: "done", Rows: 6, Created: 2, Updated: 4}, countsOf(imp))
	require.Equal(t, 4, d.count(t, "SELECT count(*) FROM leads"))

	imp = d.undo(t, imp.ID)
	require.Equal(t, &record.ImportUndone{Removed: 2, Restored: 2}, imp.Undo)
	require.Equal(t, "undone", imp.State)
	require.Empty(t, d.left(t, imp.ID))
	for was, key := range map[*record.Lead]string{&ada: "ada@example.com", &gus: "crm:9"} {
		now := d.lead(t, key)
		require.Equal(t, []any{was.Email, was.ExternalID, was.Profile, was.Score, was.Band, was.Source}, []any{now.Email, now.ExternalID, now.Profile, now.Score, now.Band, now.Source})
	}
	require.Equal(t, 2, d.count(t, "SELECT count(*) FROM leads WHERE stage = 'erased'"))
	require.Zero(t, d.count(t, "SELECT count(*) FROM touches"), "what the import told as a touch is no touch")
	require.Equal(t, 7, d.count(t, "SELECT count(*) FROM profile_values WHERE lead_id = $1 AND source = 'import'", ada.ID), "what was learned stays learned")
	require.Equal(t, 3, d.count(t, "SELECT count(*) FROM profile_values WHERE lead_id = $1 AND source = 'undo'", ada.ID), "each field is put back once")
	require.Equal(t, 2, d.count(t, "SELECT count(*) FROM timeline WHERE kind = 'import_undone' AND data <> '{}' AND actor_id = $1", somebody.ID))

	again, err := d.st.UndoImport(t.Context(), imp.ID, somebody)
	require.NoError(t, err, "the same again changes nothing")
	require.Equal(t, "undone", again.State)
	redone := d.under(t, overwriting, header+"new1@example.com,,,N,Rome,1\nada@example.com,7,,Countess,London,3\n", intake.ImportOptions{})
	require.Equal(t, counts{State: "done", Rows: 2, Created: 1, Updated: 1}, countsOf(redone), "and the file can be imported again")
}

// What somebody touched since stays, and it is told why.
func TestAnUndoKeepsWhatWasTouchedSince(t *testing.T) {
	d := newDesk(t, intake.Config{})
	var file strings.Builder
	file.WriteString(header)
	names := []string{"engaged", "decided", "mail_sent", "noted", "changed_since", "imported_again", "refused", "queued"}
	for i, name := range names {
		file.WriteString(name + "@example.com," + strconv.Itoa(i) + "," + map[bool]string{true: "no"}[name == "refused"] + ",N,Bonn,\n")
	}
	imp := d.run(t, file.String(), intake.ImportOptions{})
	id := map[string]string{}
	for _, name := range names {
		id[name] = d.lead(t, name+"@example.com").ID
	}
	_, err := d.st.Ingest(t.Context(), []record.Event{{LeadID: id["engaged"], Type: "page_view"}})
	require.NoError(t, err)
	d.exec(t, `INSERT INTO decisions (id, lead_id, kind, body, fingerprint) VALUES (gen_random_uuid(), $1, 'pause', '{}', '')`, id["decided"])
	d.exec(t, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id) VALUES (gen_random_uuid(), 'a', 'bulk', 'mail', 'nurture', 'sent', $1)`, id["mail_sent"])
	d.exec(t, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id) VALUES (gen_random_uuid(), 'b', 'bulk', 'mail', 'nurture', 'queued', $1)`, id["queued"])
	_, err = d.st.AddNote(t.Context(), record.Note{LeadID: id["noted"], Text: "called"}, somebody)
	require.NoError(t, err)
	_, err = d.st.Capture(t.Context(), record.Capture{Email: "changed_since@example.com", Via: "api"})
	require.NoError(t, err)
	d.run(t, header+"imported_again@example.com,,,,,7\n", intake.ImportOptions{})

	undone := d.undo(t, imp.ID)
	require.Equal(t, &record.ImportUndone{Removed: 2, Kept: 6}, undone.Undo)
	left := d.left(t, imp.ID)
	require.Len(t, left, 6)
	for _, why := range names[:6] {
		require.Equal(t, []record.LeftOver{{What: "lead", Reason: why}}, left[id[why]])
		require.Equal(t, id[why], d.lead(t, why+"@example.com").ID)
	}
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM deliveries"), "nothing is sent to whom is gone")
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM suppressions WHERE email = 'refused@example.com' AND lead_id IS NULL"), "who refused stays refused")
}

// A file sent twice, and another that was taken back itself, stand in the way of no undo.
func TestImportsThatChangedNothingOrWereUndoneHoldNoLead(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, people(4), intake.ImportOptions{})
	require.Equal(t, 4, d.run(t, people(4), intake.ImportOptions{}).Unchanged)
	wrong := d.under(t, overwriting, header+"p1@example.com,,,Q,,\np1@example.com,,,R,,\np2@example.com,,,Q,,\n", intake.ImportOptions{})
	require.Equal(t, 3, wrong.Updated)
	require.Equal(t, &record.ImportUndone{Restored: 2}, d.undo(t, wrong.ID).Undo)
	partly := d.under(t, overwriting, header+"p3@example.com,,no,Q,,\n", intake.ImportOptions{})
	require.Equal(t, &record.ImportUndone{Kept: 1}, d.undo(t, partly.ID).Undo)
	_, err := d.st.Capture(t.Context(), record.Capture{Email: "p2@example.com", Via: "api"})
	require.NoError(t, err)
	id := map[string]string{"p2": d.lead(t, "p2@example.com").ID, "p3": d.lead(t, "p3@example.com").ID}
	require.Equal(t, &record.ImportUndone{Removed: 2, Kept: 2}, d.undo(t, imp.ID).Undo)
	require.Equal(t, map[string][]record.LeftOver{
		id["p2"]: {{What: "lead", Reason: "changed_since"}}, id["p3"]: {{What: "lead", Reason: "imported_again"}},
	}, d.left(t, imp.ID))
}

// Of a known lead only what still is as the import made it is put back.
func TestAnUndoPutsBackOnlyWhatStillIsSo(t *testing.T) {
	d := newDesk(t, intake.Config{})
	d.run(t, header+"ada@example.com,,,Ada,Bonn,\n", intake.ImportOptions{})
	ada := d.lead(t, "ada@example.com").ID
	imp := d.under(t, overwriting, header+"ada@example.com,7,no,Countess,London,3\n", intake.ImportOptions{})
	require.NoError(t, d.st.PatchLead(t.Context(), ada, record.Capture{Profile: map[string]any{"city": "Paris"}, ExternalID: "crm:8", Via: "api"}))
	imp = d.undo(t, imp.ID)
	require.Equal(t, &record.ImportUndone{Kept: 1}, imp.Undo)
	require.Equal(t, []record.LeftOver{{What: "city", Reason: "changed_since"}, {What: "external_id", Reason: "changed_since"}, {What: "consent", Reason: "refusal_stays"}}, d.left(t, imp.ID)[ada])
	now := d.lead(t, "ada@example.com")
	require.Equal(t, map[string]any{"first_name": "Ada", "city": "Paris"}, now.Profile)
	require.Equal(t, "crm:8", *now.ExternalID)
}

// A granted consent of a wrong file was never given.
func TestAnUndoTakesBackAGrantedConsent(t *testing.T) {
	d := newDesk(t, intake.Config{})
	d.run(t, header+"ada@example.com,,,Ada,Bonn,\n", intake.ImportOptions{})
	m := strings.Replace(mapping, `refused: ["no"]`, `granted: ["yes"]`, 1)
	imp := d.under(t, m, header+"ada@example.com,,yes,,,\n", intake.ImportOptions{})
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM consents"))
	require.Equal(t, &record.ImportUndone{Restored: 1}, d.undo(t, imp.ID).Undo)
	require.Zero(t, d.count(t, "SELECT count(*) FROM consents"))
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM leads WHERE consent = '{}'"))
}

// A run that was started hears that its lead is gone; one whose start still waits is never started.
func TestAnUndoTellsRunsThatWereStarted(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, people(4), intake.ImportOptions{})
	n, _, err := d.st.ReleaseStarts(t.Context(), 1e9, 2)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	claimed, err := d.st.ClaimOutbox(t.Context(), 10, 1e9)
	require.NoError(t, err)
	require.Len(t, claimed, 2)
	require.NoError(t, d.st.SentOutbox(t.Context(), claimed[:1])) // the other one is on its way
	require.Equal(t, 4, d.undo(t, imp.ID).Undo.Removed)
	require.Equal(t, 2, d.count(t, `SELECT count(*) FROM outbox WHERE triggers ? 'erased'`))
	require.Equal(t, 2, d.count(t, `SELECT count(*) FROM outbox`))
}

func TestWhatCannotBeUndoneIsSaid(t *testing.T) {
	d := newDesk(t, intake.Config{})
	dry := d.run(t, people(3), intake.ImportOptions{DryRun: true})
	_, err := d.st.UndoImport(t.Context(), dry.ID, somebody)
	require.ErrorIs(t, err, record.ErrConflict, "a dry run wrote nothing")
	waits := d.start(t, people(4), intake.ImportOptions{})
	_, err = d.st.UndoImport(t.Context(), waits.ID, somebody)
	require.ErrorIs(t, err, record.ErrConflict, "it is not over")
	stopped, err := d.st.CancelImport(t.Context(), waits.ID)
	require.NoError(t, err)
	require.Equal(t, "cancelled", stopped.State)
	_, err = d.st.UndoImport(t.Context(), waits.ID, somebody)
	require.ErrorIs(t, err, record.ErrConflict, "it never began")
	done := d.run(t, people(5), intake.ImportOptions{})
	d.exec(t, "UPDATE imports SET finished_at = now() - interval '1 hour' WHERE id = $1", done.ID)
	_, err = d.st.UndoImport(t.Context(), done.ID, somebody)
	require.ErrorIs(t, err, record.ErrConflict, "too long ago")
	_, err = d.st.CancelImport(t.Context(), done.ID)
	require.ErrorIs(t, err, record.ErrConflict)
	for _, id := range []string{"x", "0190b0a0-0000-7000-8000-000000000001"} {
		_, err = d.st.UndoImport(t.Context(), id, somebody)
		require.ErrorIs(t, err, record.ErrNotFound)
		_, err = d.st.CancelImport(t.Context(), id)
		require.ErrorIs(t, err, record.ErrNotFound)
	}
	require.NoError(t, d.st.Sweep(t.Context()))
	require.Zero(t, d.count(t, "SELECT count(*) FROM import_rows WHERE before IS NOT NULL"))
}

// Cancel answers, and from then on nothing is decided: what is undone after it is all there was.
func TestACancelledImportDecidesNothingMore(t *testing.T) {
	d := newDesk(t, intake.Config{})
	const n = 600
	imp := d.start(t, people(n), intake.ImportOptions{})
	leads := make(chan int, 1)
	h := &hook{Store: d.st, capture: once(250, func() error {
		if _, err := d.st.CancelImport(context.Background(), imp.ID); err != nil {
			return err
		}
		var there int
		err := d.pool.QueryRow(context.Background(), "SELECT count(*) FROM leads").Scan(&there)
		leads <- there
		return err
	})}
	slow := intake.New(intake.Deps{Captures: d.st, Events: d.st, Imports: h}, intake.Config{})
	_, err := intake.NewRunner(slow, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	there := <-leads
	require.Less(t, there, n)
	require.Equal(t, there, d.count(t, "SELECT count(*) FROM leads"))
	stopped := d.read(t, imp.ID)
	require.Equal(t, []any{"cancelled", there}, []any{stopped.State, stopped.Created}, "what was decided is counted, told of or not")
	require.Equal(t, there, d.undo(t, imp.ID).Undo.Removed)
	require.NoError(t, d.st.Sweep(t.Context()))
	require.Zero(t, d.count(t, "SELECT count(*) FROM import_rows WHERE cells <> '{}'"), "rows that will never be decided are not kept")
}

// Two ask for the undo, two carry it out, one of them loses its lease in the middle: each lead is undone once.
func TestTwoUndoAtOnce(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, people(500), intake.ImportOptions{})
	var g errgroup.Group
	for range 4 {
		g.Go(func() error {
			if _, err := d.st.UndoImport(context.Background(), imp.ID, somebody); err != nil {
				return err
			}
			if _, err := d.pool.Exec(context.Background(), "UPDATE imports SET claimed_until = now() - interval '1 second' WHERE claim = 2"); err != nil {
				return err
			}
			_, err := intake.NewRunner(d.Service, intake.RunnerConfig{}).UndoOne(context.Background())
			return err
		})
	}
	require.NoError(t, g.Wait())
	undone := d.read(t, imp.ID)
	require.Equal(t, []any{"undone", &record.ImportUndone{Removed: 500}}, []any{undone.State, undone.Undo})
	require.Equal(t, 500, d.count(t, "SELECT count(*) FROM timeline WHERE kind = 'import_undone'"))
}
