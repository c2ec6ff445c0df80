package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// standsAs is all that an undo puts back of a lead.
func standsAs(t *testing.T, s *Store, id string) string {
	t.Helper()
	return one[string](t, s, `SELECT (jsonb_build_object('lead', to_jsonb(l) - '{version,seq,reborn,updated_at,state,known_since}'::text[],
		'score', (SELECT to_jsonb(x) - '{accumulators,evaluated_at,turns_at}'::text[] FROM scores x WHERE lead_id = l.id),
		'events', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM events e WHERE lead_id = l.id),
		'visitors', (SELECT jsonb_agg(visitor_id ORDER BY 1) FROM visitors WHERE lead_id = l.id),
		'touches', (SELECT jsonb_agg(source ORDER BY id) FROM touches WHERE lead_id = l.id),
		'offers', (SELECT jsonb_agg(to_jsonb(a) ORDER BY id) FROM assignments a WHERE lead_id = l.id),
		'mails', (SELECT jsonb_agg(state || ' ' || code || ' ' || kind ORDER BY created_at) FROM deliveries d WHERE lead_id = l.id AND lane = 'bulk'),
		'inside', (SELECT jsonb_agg(to_jsonb(r)) FROM sequence_runs r WHERE lead_id = l.id),
		'suppressed', (SELECT jsonb_agg(reason) FROM suppressions WHERE lead_id = l.id)))::text FROM leads l WHERE id = $1`, id)
}

func TestAMergeIsUndone(t *testing.T) {
	s := garden(t)
	rep := newRep(t, s, "rita", nil)
	visitor := "visitor-0123456789abcdef"
	ada := nurturing(t, s, record.Capture{ExternalID: "crm:7", Consent: &record.Consent{Purpose: "news", Granted: true}})
	old := nurturing(t, s, record.Capture{
		Email: "ada@old.example.com", VisitorID: visitor, Profile: map[string]any{"title": "Chief", "city": "Rome"}, Source: record.Source{Channel: "ads", Campaign: "x"},
		Consent: &record.Consent{Purpose: "news", Granted: false},
	})
	goOn(t, s, old, lifecycle.Position{}, time.Now())
	ingest(t, s,
		record.Event{LeadID: old, Type: "webinar_attendance", ClientID: "w"}, record.Event{VisitorID: visitor, Type: "page_view", ClientID: "v"},
		record.Event{LeadID: ada, Type: "webinar_attendance", ClientID: "w"}, record.Event{LeadID: ada, Type: "demo_request"},
	)
	exec(t, s, "UPDATE leads SET stage = 'qualified' WHERE id = $1", old)
	offered := offer(t, s, old, 1).Offer.Assignment
	carried := lifecycle.Carried{Lead: lifecycle.New(old)}
	carried.Lead.Stage, carried.Lead.Version, carried.Lead.Assignment = lifecycle.StageHandoff, 7, offered
	exec(t, s, "UPDATE leads SET stage = 'handoff', assignment_id = $2, owner = $3, version = 7, seq = 3, state = $4 WHERE id = $1", old, offered, rep, jsonOf(carried))
	exec(t, s, "DELETE FROM outbox")
	before := [2]string{standsAs(t, s, old), standsAs(t, s, ada)}

	mergeInto(t, s, old, ada)
	require.Equal(t, "ada@old.example.com", one[string](t, s, "SELECT email FROM leads WHERE id = $1", ada))
	require.NotEqual(t, before[0], standsAs(t, s, old))
	// What comes for it since is its own. What both had under one id had stayed.
	ingest(t, s, record.Event{LeadID: old, Type: "cta_click", ClientID: "named"}, record.Event{VisitorID: visitor, Type: "page_view", ClientID: "seen"}, record.Event{LeadID: ada, Type: "cta_click", ClientID: "hers"})
	report, err := s.Unmerge(t.Context(), old, sysActor)
	require.NoError(t, err)
	require.Equal(t, []any{3, 1, []string{"offer_told"}}, []any{report.Events, report.Visitors, report.NotBack})
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1 AND client_id IN ('w', 'v', 'named') AND inherited_at IS NULL", old))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1 AND client_id = 'seen'", old))
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", ada))
	scoredAsExplained(t, s, old)
	scoredAsExplained(t, s, ada)
	_, err = s.Unscore(t.Context(), record.Unscore{LeadID: old, EventIDs: []string{"named", "seen"}, Reason: "test"})
	require.NoError(t, err)
	_, err = s.Unscore(t.Context(), record.Unscore{LeadID: ada, EventIDs: []string{"hers"}, Reason: "test"})
	require.NoError(t, err)
	exec(t, s, "DELETE FROM events WHERE client_id IN ('named', 'seen', 'hers')")
	require.JSONEq(t, before[0], standsAs(t, s, old))
	require.JSONEq(t, before[1], standsAs(t, s, ada))
	require.Equal(t, "", heard(t, s, old), "it does not hear any more that it is to end, and its run begins anew")
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM merge_events"))

	_, err = s.Unmerge(t.Context(), old, sysActor)
	var refused *record.MergeRefused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, record.CodeNotMerged, refused.Code)
	mergeInto(t, s, old, ada)
	exec(t, s, "UPDATE merges SET at = now() - interval '25 hours' WHERE undone_at IS NULL")
	_, err = s.Unmerge(t.Context(), old, sysActor)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, record.CodeTooLate, refused.Code)
}

// Of an undone merge a run may be left that was told to end, or about to be. It must take nobody with it.
func TestARunOfBeforeAnUndoEndsAlone(t *testing.T) {
	s := garden(t)
	ada, old := nurturing(t, s, record.Capture{Email: "ada@example.com"}), nurturing(t, s, record.Capture{Email: "ada@old.example.com"})
	before := lifecycle.Carried{Lead: lifecycle.New(old)}
	before.Lead.Stage, before.Lead.Version = lifecycle.StageNurturing, 4
	erased, err := s.RecordStage(t.Context(), before)
	require.NoError(t, err)
	require.False(t, erased)
	mergeInto(t, s, old, ada)
	told := before // it heard of the merge, and ends
	told.Lead.Stage, told.Lead.Version = lifecycle.StageErased, 5
	told.Entries = []lifecycle.Entry{{Kind: lifecycle.Erased, Actor: lifecycle.System}}
	erased, err = s.RecordStage(t.Context(), told)
	require.NoError(t, err)
	require.True(t, erased)
	require.Equal(t, "ada@old.example.com", one[string](t, s, "SELECT email FROM leads WHERE id = $1", old), "nothing was erased")

	_, err = s.Unmerge(t.Context(), old, sysActor)
	require.NoError(t, err)
	for _, late := range []lifecycle.Carried{told, func() lifecycle.Carried { before.Lead.Version = 6; return before }()} {
		exec(t, s, "DELETE FROM outbox")
		erased, err = s.RecordStage(t.Context(), late)
		require.NoError(t, err)
		require.True(t, erased, "a run of before ends")
		require.Equal(t, "nurturing", one[string](t, s, "SELECT stage FROM leads WHERE id = $1", old))
		require.Equal(t, "", heard(t, s, old), "and one begins after it")
	}
	loaded, err := s.LoadLead(t.Context(), old, time.Now())
	require.NoError(t, err)
	require.Equal(t, []any{lifecycle.StageNurturing, int64(1004)}, []any{loaded.State.Lead.Stage, loaded.State.Lead.Version})
	require.Greater(t, loaded.State.Lead.Seq, int64(0), "what was told before it does not hear")
	now := *loaded.State
	now.Lead.Version++
	erased, err = s.RecordStage(t.Context(), now)
	require.NoError(t, err)
	require.False(t, erased)
	require.Equal(t, int64(1005), one[int64](t, s, "SELECT version FROM leads WHERE id = $1", old))

	// A person who asks a run to erase means the person, also where it was merged meanwhile.
	mergeInto(t, s, old, ada)
	told.Entries[0].Actor = lifecycle.Actor{Type: "key", ID: newID()}
	_, err = s.RecordStage(t.Context(), told)
	require.NoError(t, err)
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM leads WHERE stage = 'erased' AND merged_into IS NULL AND email IS NULL"))
	require.Equal(t, "erased", heard(t, s, ada))
}

func TestWhatAMergeBroughtIsRevokedWhenItIsUndone(t *testing.T) {
	s := house(t)
	ada, old := nurturing(t, s, record.Capture{Email: "ada@example.com"}), nurturing(t, s, record.Capture{Email: "ada@old.example.com", Profile: map[string]any{"title": "Chief"}})
	for n := range 2 {
		for _, id := range []string{ada, old} {
			ingest(t, s, record.Event{LeadID: id, Type: "webinar_attendance", ClientID: fmt.Sprint(n, id)}, record.Event{LeadID: id, Type: "cta_click", ClientID: fmt.Sprint("c", n, id)})
		}
	}
	exec(t, s, "DELETE FROM outbox")
	require.Equal(t, []string{"mql"}, mergeInto(t, s, old, ada).Effects.Triggers, "together they are there")
	require.Equal(t, "mql", heard(t, s, ada))
	report, err := s.Unmerge(t.Context(), old, sysActor)
	require.NoError(t, err)
	require.Contains(t, report.Effects.Triggers, "mql_revoked")
	require.Nil(t, one[*time.Time](t, s, "SELECT mql_at FROM scores WHERE lead_id = $1", ada))
	scoredAsExplained(t, s, ada)
}

func TestChainsAreUndoneFromTheirEnd(t *testing.T) {
	s := house(t)
	a, b, c := newLead(t, s, "a@example.com"), newLead(t, s, "b@example.com"), newLead(t, s, "c@example.com")
	ingest(t, s, record.Event{LeadID: a, Type: "form_submit", ClientID: "a"}, record.Event{LeadID: b, Type: "form_submit", ClientID: "b"})
	mergeInto(t, s, a, b)
	mergeInto(t, s, b, c)
	ingest(t, s, record.Event{LeadID: a, Type: "form_submit", ClientID: "late"})
	var refused *record.MergeRefused
	_, err := s.Unmerge(t.Context(), a, sysActor)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, record.CodeMergedSince, refused.Code)
	_, err = s.Unmerge(t.Context(), b, sysActor)
	require.NoError(t, err)
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", b))
	require.Equal(t, b, one[string](t, s, "SELECT merged_into FROM leads WHERE id = $1", a))
	_, err = s.Unmerge(t.Context(), a, sysActor)
	require.NoError(t, err)
	require.Equal(t, "b", one[string](t, s, "SELECT client_id FROM events WHERE lead_id = $1", b))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", a))
}

// The connection dies in the last statement, as it does when the process or Postgres is killed.
func TestAMergeAndItsUndoAreWholeOrNotAtAll(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	old, _ := queued(t, s, "ada@old.example.com")
	ingest(t, s, record.Event{LeadID: old, Type: "demo_request", ClientID: "1"})
	require.NoError(t, s.Unsubscribe(t.Context(), old))
	exec(t, s, "DELETE FROM outbox")
	exec(t, s, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$`)
	dying := func(do func() error) {
		exec(t, s, `CREATE TRIGGER die BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION die()`)
		before := wholeDatabase(t, s)
		require.Error(t, do())
		require.Equal(t, before, wholeDatabase(t, s))
		exec(t, s, `DROP TRIGGER die ON outbox`)
	}
	dying(func() error {
		_, err := s.Merge(t.Context(), record.Merge{LeadID: old, Into: ada})
		return err
	})
	mergeInto(t, s, old, ada)
	require.Equal(t, "erased", heard(t, s, old), "what a killed process did not tell is told by whoever is there")
	dying(func() error {
		_, err := s.Unmerge(t.Context(), old, sysActor)
		return err
	})
	_, err := s.Unmerge(t.Context(), old, sysActor)
	require.NoError(t, err)
	require.Equal(t, "", heard(t, s, old))
}

func TestWhatARunHadNotHeardItHearsAfterAnUndo(t *testing.T) {
	s := house(t)
	ada, old := nurturing(t, s, record.Capture{Email: "ada@example.com"}), nurturing(t, s, record.Capture{Email: "ada@old.example.com"})
	ingest(t, s, record.Event{LeadID: old, Type: "demo_request"})
	require.Equal(t, "demo_request", heard(t, s, old))
	mergeInto(t, s, old, ada)
	_, err := s.Unmerge(t.Context(), old, sysActor)
	require.NoError(t, err)
	require.Equal(t, "demo_request", heard(t, s, old))
	require.True(t, one[bool](t, s, "SELECT (o.triggers ->> 'demo_request')::bigint > l.seq FROM outbox o JOIN leads l ON l.id = o.lead_id WHERE l.id = $1", old), "above its watermark")
}
