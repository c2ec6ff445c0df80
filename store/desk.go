package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlActivePolicy = `SELECT document, ` + houseReasons + ` AS reasons FROM policies WHERE active`

// ActivePolicy is the rules everybody lives by; record.ErrNotFound when none is active.
func (s *Store) ActivePolicy(ctx context.Context) (lifecycle.Policy, error) {
	return activePolicy(ctx, s.pool)
}

// houseReasons are the reasons the house has given itself, as a policy takes them; null: none.
const houseReasons = `(SELECT jsonb_object_agg(kind, codes) FROM (SELECT kind, jsonb_object_agg(code, rule) AS codes FROM reasons GROUP BY kind) k)`

func activePolicy(ctx context.Context, q querier) (lifecycle.Policy, error) {
	rows, _ := q.Query(ctx, sqlActivePolicy)
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct{ Document, Reasons json.RawMessage }])
	if err != nil {
		return lifecycle.Policy{}, masked("read policy", err)
	}
	return policyWith(row.Document, row.Reasons)
}

// policyWith is a policy with the reasons of the house.
func policyWith(document, reasons json.RawMessage) (lifecycle.Policy, error) {
	p, err := policyOf(document)
	if err != nil || len(reasons) == 0 {
		return p, err
	}
	var own lifecycle.Vocabulary
	if json.Unmarshal(reasons, &own) != nil {
		return p, &Error{Op: "read reasons", Code: "what is stored are no reasons"}
	}
	return p.With(own), nil
}

// policyOf reads what the active policy says; record.ErrNotFound when none is.
func policyOf(raw json.RawMessage) (p lifecycle.Policy, err error) {
	if len(raw) == 0 {
		return p, record.ErrNotFound
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, &Error{Op: "read policy", Code: "the stored document is no policy"}
	}
	return p, nil
}

const decisionColumns = `id, lead_id, kind, body, fingerprint, state, code, rep_id, key_id, created_at, answered_at, attempts, unkept`

const sqlStoreDecision = `INSERT INTO decisions (id, lead_id, kind, body, fingerprint, rep_id, key_id, next_at)
VALUES (@id, @lead, @kind, @body, @fingerprint, @rep, @key, now() + @after::interval)`

// StoreDecision keeps a decision as pending, due for a second try after a while.
func (s *Store) StoreDecision(ctx context.Context, d record.Decision, after time.Duration) error {
	_, err := s.pool.Exec(ctx, sqlStoreDecision, storedDecision(d, after))
	return masked("store decision", err)
}

func storedDecision(d record.Decision, after time.Duration) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": d.ID, "lead": d.LeadID, "kind": d.Kind, "body": d.Body, "fingerprint": d.Fingerprint, "rep": d.RepID,
		"key": d.KeyID, "after": after,
	}
}

const sqlLastDecision = `SELECT ` + decisionColumns + ` FROM decisions WHERE lead_id = @id AND state = 'applied'
ORDER BY answered_at DESC, id DESC LIMIT 1`

// LastDecision is the newest decision that took effect, or record.ErrNotFound.
func (s *Store) LastDecision(ctx context.Context, leadID string) (record.Decision, error) {
	return s.decision(ctx, "read last decision", sqlLastDecision, leadID)
}

const sqlPendingDecision = `SELECT ` + decisionColumns + ` FROM decisions
WHERE lead_id = @lead AND fingerprint = @fingerprint AND state = 'pending' ORDER BY created_at, id LIMIT 1`

// PendingDecision is the oldest pending decision of the lead with this fingerprint, or record.ErrNotFound.
func (s *Store) PendingDecision(ctx context.Context, leadID, fingerprint string) (record.Decision, error) {
	rows, _ := s.pool.Query(ctx, sqlPendingDecision, pgx.NamedArgs{"lead": leadID, "fingerprint": fingerprint})
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Decision])
	return d, masked("read pending decision", err)
}

const sqlDecision = `SELECT ` + decisionColumns + ` FROM decisions WHERE id = @id`

// Decision reads one; record.ErrNotFound when there is none.
func (s *Store) Decision(ctx context.Context, decisionID string) (record.Decision, error) {
	return s.decision(ctx, "read decision", sqlDecision, decisionID)
}

func (s *Store) decision(ctx context.Context, op, sql, id string) (record.Decision, error) {
	return byID[record.Decision](ctx, s, op, sql, id)
}

const sqlAnswerDecision = `UPDATE decisions SET unkept = CASE WHEN @state = 'applied' THEN 0 ELSE unkept END, state = CASE WHEN state = 'pending' THEN @state ELSE state END,
	code = CASE WHEN state = 'pending' THEN @code ELSE code END, answered_at = CASE WHEN state = 'pending' THEN now() ELSE answered_at END
WHERE id = @id AND (state = 'pending' OR unkept > 0)`

// AnswerDecision resolves a pending decision; one that RecordStage applied stays applied, and is known to be kept where the run
// says that it was. It answers how it stands now.
func (s *Store) AnswerDecision(ctx context.Context, decisionID, state, code string) (record.Decision, error) {
	if !isID(decisionID) {
		return record.Decision{}, record.ErrNotFound
	}
	_, err := s.pool.Exec(ctx, sqlAnswerDecision, pgx.NamedArgs{"id": decisionID, "state": state, "code": code})
	if err != nil {
		return record.Decision{}, masked("answer decision", err)
	}
	return s.Decision(ctx, decisionID)
}

// Of a lead only the oldest is asked: who won a lead accepted it before, and asked the other way round would be refused. What took effect is
// asked again until it is known to be kept: the task in which it did may have been lost, and with it the question.
const sqlClaimDecisions = `UPDATE decisions SET next_at = now() + @lease::interval, attempts = attempts + 1
WHERE id IN (SELECT d.id FROM decisions d WHERE (d.state = 'pending' OR d.unkept > 0) AND d.next_at <= now()
		AND NOT EXISTS (SELECT FROM decisions e WHERE e.lead_id = d.lead_id AND (e.state = 'pending' OR e.unkept > 0)
			AND (e.created_at, e.id) < (d.created_at, d.id))
	ORDER BY d.next_at LIMIT @rows FOR UPDATE SKIP LOCKED)
RETURNING ` + decisionColumns

// ClaimDecisions takes decisions that are pending, or not known to be kept, whose time has come, the oldest of each lead, by lease: whoever claims them and dies is followed by
// another.
func (s *Store) ClaimDecisions(ctx context.Context, limit int, lease time.Duration) ([]record.Decision, error) {
	rows, _ := s.pool.Query(ctx, sqlClaimDecisions, pgx.NamedArgs{"rows": limit, "lease": lease})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Decision])
	return out, masked("claim decisions", err)
}

const sqlStanding = `SELECT coalesce(s.score, 0), coalesce(s.band, '') FROM leads l LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.id = @id FOR NO KEY UPDATE OF l`

// Poke makes the relay start the lead's run if it has none.
func (s *Store) Poke(ctx context.Context, leadID string) error {
	if !isID(leadID) {
		return record.ErrNotFound
	}
	return s.tx(ctx, "poke", func(tx pgx.Tx) error {
		t := told{lead: leadID}
		if err := tx.QueryRow(ctx, sqlStanding, pgx.NamedArgs{"id": leadID}).Scan(&t.score, &t.band); err != nil {
			return err
		}
		b := &pgx.Batch{}
		tell(b, t)
		return tx.SendBatch(ctx, b).Close()
	})
}

const sqlKeepDecision = `UPDATE decisions SET unkept = 0 WHERE id = @id AND unkept <= @version`

// KeepDecision notes that Temporal has kept what was applied up to that version of the lead. What a lost attempt applied and the run did not is
// pending by then, and stays so.
func (s *Store) KeepDecision(ctx context.Context, decisionID string, version int64) error {
	_, err := s.pool.Exec(ctx, sqlKeepDecision, pgx.NamedArgs{"id": decisionID, "version": version})
	return masked("keep decision", err)
}

const sqlDeferDecision = `UPDATE decisions SET next_at = now() + @after::interval WHERE id = @id AND (state = 'pending' OR unkept > 0)`

// DeferDecision makes a decision that is to be asked again due after a while; record.ErrNotFound when it is answered or erased.
func (s *Store) DeferDecision(ctx context.Context, decisionID string, after time.Duration) error {
	return s.change(ctx, "defer decision", sqlDeferDecision, decisionID, pgx.NamedArgs{"after": after})
}
