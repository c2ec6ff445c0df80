package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// sqlLockLeadOfMail and sqlLockMail take the locks in the order of the house: first the lead, then what leaves.
const (
	sqlLockLeadOfMail = `SELECT l.id, l.cycle, l.version FROM leads l JOIN deliveries d ON d.lead_id = l.id
WHERE d.id = @id AND d.channel = 'mail' AND l.stage <> 'erased' FOR NO KEY UPDATE OF l`

	sqlLockMail = `SELECT state, code FROM deliveries WHERE id = @id AND channel = 'mail' FOR UPDATE`

	// A mail that is tried again has all its days before it. Its bytes and its Message-ID stay.
	sqlDecideMail = `UPDATE deliveries SET state = @state, code = @code, decided = @decision, decided_by = @by, decided_at = now(),
	claimed_until = NULL, failing_since = NULL, turn_at = NULL,
	not_before = CASE WHEN @state = 'queued' THEN now() ELSE not_before END,
	sent_at = CASE WHEN @state = 'sent' THEN coalesce(sending_at, now()) END
WHERE id = @id RETURNING ` + mailColumns
)

// lockedMail is a row of the ledger that nobody else changes now.
type lockedMail struct {
	State string
	Code  string
}

// DecideMail carries out what somebody decided about a mail, if its state allows it, and notes who did. Of two at once
// one wins; the other gets a *record.MailRefused that says what it is. record.ErrNotFound.
func (s *Store) DecideMail(ctx context.Context, id string, decision record.MailDecision, actor lifecycle.Actor) (out record.Mail, err error) {
	if !isID(id) {
		return out, record.ErrNotFound
	}
	err = s.tx(ctx, "decide mail", func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"id": id}
		lead, err := pgx.CollectRows(query(ctx, tx, sqlLockLeadOfMail, args), pgx.RowToStructByName[leadOfMail])
		if err != nil {
			return err
		}
		was, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlLockMail, args), pgx.RowToStructByName[lockedMail])
		if err != nil {
			return err
		}
		if !decision.Allowed(was.State, was.Code) {
			return &record.MailRefused{State: was.State, Code: was.Code}
		}
		args["state"], args["code"] = decision.Becomes()
		args["decision"], args["by"] = decision, actor.Type+":"+actor.ID
		if out, err = pgx.CollectExactlyOneRow(query(ctx, tx, sqlDecideMail, args), pgx.RowToStructByName[record.Mail]); err != nil {
			return err
		}
		b := &pgx.Batch{}
		for _, l := range lead {
			b.Queue(sqlTimeline, entry(leadRow{ID: l.ID, Cycle: l.Cycle, Version: l.Version}, "mail_decided", actor, string(decision),
				map[string]any{"delivery_id": id, "was": was.State, "code": was.Code}))
		}
		if out.State == "queued" {
			b.Queue(sqlThinAgain, args)
			b.Queue(sqlRingLane, pgx.NamedArgs{"lane": out.Lane})
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return out, err
}

// leadOfMail is whom a mail is about.
type leadOfMail struct {
	ID      string
	Cycle   int
	Version int64
}
