package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// What a person's export is made of, section by section: a row is an object. Everything that is kept of the person is in
// it, and of others nothing but ids: not who else was thought of when the lead was given away, not where colleagues were
// written to. A test holds that each table that names a lead is here, or says why not.
const (
	sqlExportLead = `SELECT to_jsonb(x) FROM (SELECT id, email, external_id, profile, source, consent, nurture, stage, cycle, cycle_started_at,
	paused, muted, reason, owner, team_id, created_at, updated_at, engaged_at, worked_at, known_since FROM leads WHERE id = @lead) x`
	// What was merged into it is the person as well: their keys and what was known of them then.
	sqlExportMerged = `SELECT to_jsonb(x) FROM (SELECT id, email, external_id, profile, source, consent, cycle, created_at, merged_at FROM leads WHERE merged_into = @lead ORDER BY id) x`
	sqlExportMerges = `SELECT to_jsonb(x) FROM (SELECT id, lead_id, into_id, at, reason, visitors, undone_at FROM merges
	WHERE lead_id = ANY(@leads::uuid[]) OR into_id = ANY(@leads::uuid[]) ORDER BY at) x`
	sqlExportProfile = `SELECT to_jsonb(x) FROM (SELECT field, value, learned_at, source FROM profile_values WHERE lead_id = ANY(@leads::uuid[]) ORDER BY id) x`
	sqlExportTouches = `SELECT to_jsonb(x) FROM (SELECT at, source FROM touches WHERE lead_id = ANY(@leads::uuid[]) ORDER BY id) x`
	// The hashes of the address and of the network prove what was said from where, to whoever can name both.
	sqlExportConsents = `SELECT to_jsonb(x) FROM (SELECT purpose, granted, at, source, wording, confirmation_id, encode(address_hash, 'hex') AS address_hash,
	encode(ip_hash, 'hex') AS network_hash FROM consents WHERE lead_id = ANY(@leads::uuid[]) ORDER BY id) x`
	sqlExportConfirmations = `SELECT to_jsonb(x) FROM (SELECT id, purpose, source, wording, asked_at, ended_at, confirmed FROM confirmations
	WHERE lead_id = ANY(@leads::uuid[]) ORDER BY asked_at, id) x`
	sqlExportPreferences  = `SELECT to_jsonb(x) FROM (SELECT mails_per_week, updated_at FROM preferences WHERE lead_id = ANY(@leads::uuid[])) x`
	sqlExportSuppressions = `SELECT to_jsonb(x) FROM (SELECT email, reason, at FROM suppressions WHERE hash = ANY(@hashes::bytea[]) OR lead_id = ANY(@leads::uuid[]) ORDER BY at) x`
	sqlExportVisitors     = `SELECT to_jsonb(x) FROM (SELECT visitor_id, seen_at, claimed_at FROM visitors WHERE lead_id = ANY(@leads::uuid[]) OR heir_id = ANY(@leads::uuid[]) ORDER BY visitor_id) x`
	sqlExportEvents       = `SELECT to_jsonb(x) FROM (SELECT id, client_id, visitor_id, type, occurred_at, received_at, properties, voided_at, void_reason FROM events
	WHERE lead_id = ANY(@leads::uuid[]) OR (lead_id IS NULL AND visitor_id IN (SELECT visitor_id FROM visitors WHERE heir_id = ANY(@leads::uuid[]))) ORDER BY received_at, id) x`
	// Bytes of mails are ASCII but for what broken tools made of them: each is a character.
	sqlExportMails = `SELECT to_jsonb(x) FROM (SELECT id, kind, state, cycle, sequence, sequence_version, step, created_at, sent_at, code, message_id,
	CASE WHEN position('\x00'::bytea IN message) = 0 THEN convert_from(message, 'LATIN1') END AS message FROM deliveries
	WHERE lead_id = ANY(@leads::uuid[]) AND channel = 'mail' AND kind IN ('nurture', 'confirmation') ORDER BY created_at, id) x`
	sqlExportNotices = `SELECT to_jsonb(x) FROM (SELECT id, channel, kind, state, created_at, sent_at, rep_id, webhook_id FROM deliveries
	WHERE lead_id = ANY(@leads::uuid[]) AND NOT (channel = 'mail' AND kind IN ('nurture', 'confirmation')) ORDER BY created_at, id) x`
	sqlExportReturns = `SELECT to_jsonb(x) FROM (SELECT kind, hard, delivery_id, address, status, via, outcome, received_at FROM mail_returns
	WHERE lead_id = ANY(@leads::uuid[]) ORDER BY received_at, key) x`
	sqlExportSequences = `SELECT to_jsonb(x) FROM (SELECT cycle, sequence, version, entry, entered_at, step, since, due_at, left_at, why FROM sequence_runs
	WHERE lead_id = ANY(@leads::uuid[]) ORDER BY entered_at) x`
	sqlExportMarks = `SELECT to_jsonb(x) FROM (SELECT cycle, sequence, version, entry, step, kind, value, at FROM sequence_marks WHERE lead_id = ANY(@leads::uuid[]) ORDER BY at) x`
	sqlExportCalls = `SELECT to_jsonb(x) FROM (SELECT h.model_version, c.cycle, c.by, c.at, c.score, c.band, c.shadow_score, c.shadow_band, c.revoked_at
	FROM shadow_calls c JOIN shadows h ON h.id = c.shadow_id WHERE c.lead_id = ANY(@leads::uuid[]) ORDER BY c.at) x`
	sqlExportAdjustments = `SELECT to_jsonb(x) FROM (SELECT cycle, at, policy FROM adjustments WHERE lead_id = ANY(@leads::uuid[]) ORDER BY at) x`
	sqlExportOffers      = `SELECT to_jsonb(x) FROM (SELECT id, cycle, n, rep_id, team_id, state, offered_at, due_at, decided_at, reason, model_version, score, explanation
	FROM assignments WHERE lead_id = ANY(@leads::uuid[]) ORDER BY offered_at, id) x`
	sqlExportRoutings  = `SELECT to_jsonb(x) FROM (SELECT at, rep_id, why FROM routings WHERE lead_id = ANY(@leads::uuid[]) ORDER BY id) x`
	sqlExportDecisions = `SELECT to_jsonb(x) FROM (SELECT id, kind, body, rep_id, key_id, state, code, created_at, answered_at FROM decisions
	WHERE lead_id = ANY(@leads::uuid[]) ORDER BY created_at, id) x`
	sqlExportOutcomes = `SELECT to_jsonb(x) FROM (SELECT cycle, kind, at, rep_id, reason, amount, currency, one_thing, missing, decision FROM outcomes
	WHERE lead_id = ANY(@leads::uuid[]) ORDER BY id) x`
	sqlExportQuestions = `SELECT to_jsonb(x) FROM (SELECT kind, cycle, asked_at, answered_at, via, score, answer, content FROM questions WHERE lead_id = ANY(@leads::uuid[]) ORDER BY asked_at) x`
	sqlExportNotes     = `SELECT to_jsonb(x) FROM (SELECT id, at, rep_id, key_id, text FROM notes WHERE lead_id = ANY(@leads::uuid[]) ORDER BY at, id) x`
	sqlExportTimeline  = `SELECT to_jsonb(x) FROM (SELECT at, kind, from_stage, to_stage, actor_type, actor_id, why, cycle, version, assignment_id, data FROM timeline
	WHERE lead_id = ANY(@leads::uuid[]) ORDER BY at, id) x`
	sqlExportImports = `SELECT to_jsonb(x) FROM (SELECT import_id, row, state, cells, column_name, error, before FROM import_rows
	WHERE lead_id = ANY(@leads::uuid[]) OR keys && @keys::text[] ORDER BY import_id, row) x`
	sqlExportBulks = `SELECT to_jsonb(x) FROM (SELECT l.bulk_id, b.action, b.created_at, l.state, l.code, l.decision_id FROM bulk_leads l JOIN bulks b ON b.id = l.bulk_id
	WHERE l.lead_id = ANY(@leads::uuid[]) ORDER BY b.created_at) x`
)

var exported = []struct{ name, sql string }{
	{"merged_leads", sqlExportMerged},
	{"merges", sqlExportMerges},
	{"profile_history", sqlExportProfile},
	{"touches", sqlExportTouches},
	{"consents", sqlExportConsents},
	{"confirmations", sqlExportConfirmations},
	{"preferences", sqlExportPreferences},
	{"suppressions", sqlExportSuppressions},
	{"visitors", sqlExportVisitors},
	{"events", sqlExportEvents},
	{"score_adjustments", sqlExportAdjustments},
	{"shadow_calls", sqlExportCalls},
	{"mails", sqlExportMails},
	{"mail_returns", sqlExportReturns},
	{"notices", sqlExportNotices},
	{"sequences", sqlExportSequences},
	{"sequence_marks", sqlExportMarks},
	{"offers", sqlExportOffers},
	{"routings", sqlExportRoutings},
	{"decisions", sqlExportDecisions},
	{"outcomes", sqlExportOutcomes},
	{"questions", sqlExportQuestions},
	{"notes", sqlExportNotes},
	{"timeline", sqlExportTimeline},
	{"imports", sqlExportImports},
	{"bulk", sqlExportBulks},
}

// ExportLead writes everything that is kept of a person as one JSON object, as one moment saw it. record.ErrNotFound and
// record.ErrErased come before anything is written.
func (s *Store) ExportLead(ctx context.Context, leadID string, w io.Writer) error {
	score, err := s.ExplainScore(ctx, leadID, time.Time{}, 0)
	if err != nil {
		return err
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		x := export{tx: tx, w: w, args: pgx.NamedArgs{"lead": leadID}}
		var stage lifecycle.Stage
		var into *string
		if err := tx.QueryRow(ctx, sqlExported, x.args).Scan(&stage, &into); err != nil {
			return err
		}
		if err := errGoneTo(stage, leadID, into); err != nil {
			return err
		}
		if err := s.wholePerson(ctx, x); err != nil {
			return err
		}
		return x.write(ctx, leadID, score)
	})
	return masked("export", err)
}

const (
	sqlExported    = `SELECT stage, merged_into::text FROM leads WHERE id = @lead`
	sqlWholePerson = `SELECT ` + leadColumns + ` FROM leads WHERE id = @lead OR merged_into = @lead ORDER BY id`
)

// wholePerson makes the arguments of the sections: the lead and what was merged into it, with all their keys.
func (s *Store) wholePerson(ctx context.Context, x export) error {
	all, err := pgx.CollectRows(query(ctx, x.tx, sqlWholePerson, x.args), pgx.RowToStructByName[leadRow])
	var keys []string
	var hashes [][]byte
	for _, p := range all {
		keys, hashes = append(keys, record.Keys(p.email(), p.external())...), append(hashes, s.suppressionHash(p.email()))
	}
	x.args["leads"], x.args["keys"], x.args["hashes"] = idsOf(all), orNone(keys), hashes
	return err
}

// export is one under way.
type export struct {
	tx   pgx.Tx
	w    io.Writer
	args pgx.NamedArgs
}

func (x export) write(ctx context.Context, leadID string, score record.Score) error {
	explained, err := json.Marshal(score)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(x.w, `{"lead_id":%q,"exported_at":%q,"score":%s`, leadID, time.Now().UTC().Format(time.RFC3339), explained); err != nil {
		return err
	}
	if err := x.section(ctx, "lead", sqlExportLead, "", ""); err != nil {
		return err
	}
	for _, s := range exported {
		if err := x.section(ctx, s.name, s.sql, "[", "]"); err != nil {
			return err
		}
	}
	_, err = io.WriteString(x.w, "}\n")
	return err
}

// section writes rows as they come: a busy life does not have to fit into memory.
func (x export) section(ctx context.Context, name, sql, open, end string) error {
	if _, err := fmt.Fprintf(x.w, ",\n%q:%s", name, open); err != nil {
		return err
	}
	rows, _ := x.tx.Query(ctx, sql, x.args)
	first, row := true, json.RawMessage(nil)
	_, err := pgx.ForEachRow(rows, []any{&row}, func() error {
		comma := ",\n"
		if first {
			comma, first = "", false
		}
		_, err := fmt.Fprintf(x.w, "%s%s", comma, row)
		return err
	})
	if err == nil {
		_, err = io.WriteString(x.w, end)
	}
	return err
}
