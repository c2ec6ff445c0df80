package store

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// acting is a key that acts.
func acting(t *testing.T, s *Store) (context.Context, string) {
	t.Helper()
	key := answerKey(t, s)
	return record.ActingAs(t.Context(), lifecycle.Actor{Type: "key", ID: key}), key
}

// audited lists the log, the oldest first, as "action type fields data".
func audited(t *testing.T, s *Store, f record.AuditFilter) (out []string) {
	t.Helper()
	f.Limit = 200
	page, err := s.Audit(t.Context(), f)
	require.NoError(t, err)
	for _, a := range page.Items {
		data, err := json.Marshal(a.Data)
		require.NoError(t, err)
		out = append([]string{fmt.Sprintf("%s %s %v %s", a.Action, a.Object.Type, a.Fields, data)}, out...)
	}
	return out
}

func TestWhatPeopleChangeIsAuditedInTheSameTransaction(t *testing.T) {
	s := house(t)
	ctx, key := acting(t, s)
	rep, err := s.CreateRep(ctx, record.Rep{Name: "Rep Zyxada", Email: "zyxada@example.com", TimeZone: "UTC", Active: true})
	require.NoError(t, err)
	rep.Name, rep.Active = "Zyxada R.", false
	_, err = s.UpdateRep(ctx, rep)
	require.NoError(t, err)
	_, err = s.UpdateRep(ctx, rep) // nothing is otherwise
	require.NoError(t, err)
	_, err = s.CreateWebhook(ctx, record.Webhook{URL: "https://zyxada.example.com", Secret: "whsec_zyxada", Active: true})
	require.NoError(t, err)
	other, err := s.CreateKey(ctx, record.Key{Name: "k", Role: "sales", Prefix: "p"}, []byte("zyxada"))
	require.NoError(t, err)
	require.NoError(t, s.TouchKey(ctx, other.ID)) // it was used: nobody's change
	require.NoError(t, s.RevokeKey(ctx, other.ID))
	require.NoError(t, s.HoldLanes(ctx, []string{"bulk"}))
	require.Equal(t, []string{
		`created rep [] {"active":true}`, `changed rep [active name] {"active":false}`, `created webhook [] {"active":true}`,
		`created key [] {"role":"sales"}`, `changed key [revoked_at] {"role":"sales"}`, `changed lane [held_at why] {"why":"operator"}`,
	}, audited(t, s, record.AuditFilter{}))
	require.NotContains(t, one[string](t, s, "SELECT string_agg(to_jsonb(a)::text, '') FROM audit_log a"), "yxada", "no value is kept")

	page, err := s.Audit(t.Context(), record.AuditFilter{ID: rep.ID})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	require.Equal(t, record.AuditActor{Type: "key", ID: key, Name: "k"}, page.Items[0].Actor)
	require.Equal(t, record.AuditObject{Type: "rep", ID: rep.ID}, page.Items[0].Object)

	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE reps SET active = true"); err != nil {
			return err
		}
		return fmt.Errorf("no")
	})
	require.Error(t, err)
	require.Len(t, audited(t, s, record.AuditFilter{}), 6, "what was not done is not noted")
}

func TestAConnectionForgetsWhoActedLast(t *testing.T) {
	s := house(t)
	ctx, _ := acting(t, s)
	for range 20 { // whichever connection it is
		require.NoError(t, s.HoldLanes(ctx, []string{"bulk"}))
		exec(t, s, "UPDATE lanes SET held_at = NULL, why = '' WHERE lane = 'bulk'") // a machine's
	}
	got := audited(t, s, record.AuditFilter{Object: "lane"})
	require.Len(t, got, 20)
	require.NotContains(t, got, `changed lane [held_at why] {"why":""}`)
}

func TestDecisionsErasureImportsAndListsAreAudited(t *testing.T) {
	s := house(t)
	ctx, key := acting(t, s)
	lead := newLead(t, s, "zyxada@example.com")
	require.NoError(t, s.StoreDecision(ctx, record.Decision{ID: newID(), LeadID: lead, Kind: "pause", Body: json.RawMessage(`{"note":"zyxada"}`)}, 0))
	_, err := s.AddNote(ctx, record.Note{LeadID: lead, Text: "zyxada"}, lifecycle.Actor{Type: "key", ID: key})
	require.NoError(t, err)
	_, err = s.Suppress(ctx, "zyxada@example.com", "manual")
	require.NoError(t, err)
	a, b := "zyxada1@example.com", "zyxada2@example.com"
	_, err = s.SuppressAll(ctx, []record.Suppression{{Email: &a, Reason: "manual"}, {Email: &b, Reason: "manual"}})
	require.NoError(t, err)
	id, err := s.CreateImport(ctx, record.Import{Mapping: json.RawMessage(`{}`), Columns: []string{"Zyxada"}})
	require.NoError(t, err)
	require.NoError(t, s.StartImport(ctx, id, 0, 0))
	_, err = s.CancelImport(ctx, id)
	require.NoError(t, err)
	require.NoError(t, s.EraseLead(ctx, lead, lifecycle.Actor{Type: "key", ID: key}))
	var kinds []string
	for _, line := range audited(t, s, record.AuditFilter{}) {
		var action, object string
		_, err := fmt.Sscan(line, &action, &object)
		require.NoError(t, err)
		kinds = append(kinds, action+" "+object)
	}
	require.Equal(t, []string{
		"created decision", "created note", "created suppression", "created suppression", "created import", "changed import",
		"changed suppression", "changed lead",
	}, kinds)
	require.Equal(t, 2, one[int](t, s, "SELECT max(objects) FROM audit_log"), "a list is one entry")
	require.NotContains(t, one[string](t, s, "SELECT string_agg(to_jsonb(a)::text, '') FROM audit_log a"), "yxada")
	require.Len(t, audited(t, s, record.AuditFilter{ID: lead}), 3, "what was decided and written of a lead is found by it")
}

func TestTheAuditLogIsOnlyAddedTo(t *testing.T) {
	s := house(t)
	ctx, _ := acting(t, s)
	require.NoError(t, s.HoldLanes(ctx, []string{"bulk"}))
	for _, sql := range []string{"UPDATE audit_log SET actor_id = ''", "DELETE FROM audit_log", "TRUNCATE audit_log"} {
		_, err := s.pool.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "only added to", sql)
	}
	require.Len(t, audited(t, s, record.AuditFilter{}), 1)
}

// unaudited are tables in which no change is a person's, and why.
var unaudited = map[string]string{
	"goose_db_version": "schema", "house": "the mark of the database", "outbox": "what runs are told", "rescorings": "machine", "predictor_health": "machine", "import_rows": "of an import", "import_starts": "of an import", "bulk_leads": "of a bulk",
	"idempotency_keys": "answers", "hook_tokens": "machine", "mail_days": "counts", "mail_returns": "what comes back", "event_ids": "machine", "events_kept": "machine",
	"scores": "machine", "adjustments": "of the run", "events": "what leads did", "touches": "of captures", "consents": "of the person", "profile_values": "of captures, with who and when",
	"visitors": "machine", "timeline": "a log itself", "assignments": "of the run", "routings": "a log itself", "outcomes": "of decisions", "confirmations": "of the person",
	"preferences": "of the person", "sequence_runs": "of the run", "sequence_marks": "of the run", "sequence_publications": "of sequences, which are", "audit_log": "itself",
	"mail_senders": "machine", "mail_thinned": "machine", "mail_thin_later": "machine", "routing_pools": "turns, machine", "assignment_terms": "of the run", "journeys": "folded from the timeline", "journeys_folded": "machine", "journeys_due": "machine", "offer_times": "folded from the offers", "questions": "of the person", "office": "a mark of what is audited itself", "account_decisions": "machine", "held_places": "of the run", "webhook_secrets": "of a webhook, which is audited", "merge_events": "of a merge", "shadow_scores": "machine", "shadow_calls": "machine",
}

func TestEveryTableIsAuditedOrSaysWhyNot(t *testing.T) {
	s := newStore(t)
	rows, _ := s.pool.Query(t.Context(), `SELECT c.relname, EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname LIKE 'audit%')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition`)
	var table string
	var has bool
	_, err := pgx.ForEachRow(rows, []any{&table, &has}, func() error {
		if why := unaudited[table]; why == "" && !has {
			t.Errorf("%s has neither a trigger of the audit log nor a reason here to have none: see migration 00033", table)
		}
		return nil
	})
	require.NoError(t, err)
}

func TestTheAuditLogAndBulksCanBeTakenBack(t *testing.T) {
	url := database(t)
	require.NoError(t, migrated(url, func(p *goose.Provider) error {
		if _, err := p.DownTo(t.Context(), 32); err != nil {
			return err
		}
		_, err := p.Up(t.Context())
		return err
	}))
}
