package store

import (
	"bytes"
	"context"
	"errors"
	netmail "net/mail"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// TakeReturned does what follows of something that came back of a mail, in one transaction: the ledger of returns, the event,
// the suppression, what the run must hear, and the alert. It answers what followed. Told again, by whomever, nothing
// follows; nor of what is nobody's, or of somebody who was erased.
func (s *Store) TakeReturned(ctx context.Context, r record.Returned) (as string, err error) {
	h := s.handing()
	err = s.tx(ctx, "take what came back", func(tx pgx.Tx) error {
		h.again()
		as = record.AsUnknown
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		of, err := whoseReturned(ctx, tx, r)
		if err != nil || of == nil {
			return err
		}
		lead, err := lockPerson(ctx, tx, of.LeadID)
		if errors.Is(err, record.ErrErased) || errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		t := &returning{Returned: r, s: s, tx: tx, w: w, lead: lead, mailed: of.mailed(lead), b: &pgx.Batch{}}
		if as, err = t.decide(ctx); err != nil || as == record.AsDuplicate {
			return err
		}
		if err := t.follow(ctx, h, as); err != nil {
			return err
		}
		return tx.SendBatch(ctx, t.b).Close()
	})
	h.end(err)
	if err != nil {
		as = ""
	}
	return as, err
}

const (
	sqlWhoseDelivery = `SELECT lead_id, substring(message FROM 1 FOR 16384) AS message FROM deliveries
	WHERE id = @delivery AND lead_id IS NOT NULL AND kind IN ('nurture', 'confirmation')`
	sqlWhoseAddress = `SELECT id AS lead_id, NULL::bytea AS message FROM leads WHERE email = @email`
)

// owned is whose mail came back, and its beginning where it is kept.
type owned struct {
	LeadID  string
	Message []byte
}

// whoseReturned finds whose mail it was: nil is nobody's.
func whoseReturned(ctx context.Context, q querier, r record.Returned) (*owned, error) {
	sql, args := sqlWhoseAddress, pgx.NamedArgs{"email": nullable(r.Email)}
	if isID(r.DeliveryID) {
		sql, args = sqlWhoseDelivery, pgx.NamedArgs{"delivery": r.DeliveryID}
	}
	rows, _ := q.Query(ctx, sql, args)
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[owned])
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// mailed is the address the mail went to: the lead may have another by now.
func (o *owned) mailed(lead leadRow) string {
	if m, err := netmail.ReadMessage(bytes.NewReader(append(o.Message, "\r\n\r\n"...))); err == nil {
		if to, err := netmail.ParseAddress(m.Header.Get("To")); err == nil {
			return strings.ToLower(to.Address)
		}
	}
	return lead.email()
}

// returning is one thing that came back, its lead locked.
type returning struct {
	record.Returned
	s      *Store
	tx     pgx.Tx
	w      world
	lead   leadRow
	mailed string
	b      *pgx.Batch
}

const (
	sqlNoteReturn = `INSERT INTO mail_returns (key, kind, hard, lead_id, delivery_id, address, status, via, outcome)
VALUES (@key, @kind, @hard, @lead, @delivery, @address, @status, @via, @outcome) ON CONFLICT (key) DO NOTHING`

	// A refusal at the door of the other server was stored as an event when it was sent.
	sqlRefusedBefore = `SELECT count(*) FROM events WHERE lead_id = @lead AND client_id = @id
	AND received_at > now() - interval '35 days' AND received_at < now() + interval '1 day'`

	sqlCountSoft = `SELECT count(*) FROM mail_returns WHERE address = @address AND kind = 'bounce' AND NOT hard AND received_at > now() - @within::interval`

	sqlTurnedHard = `UPDATE mail_returns SET outcome = 'hard' WHERE key = @key`

	sqlBouncePolicy = `SELECT document FROM policies WHERE active`
)

// key is what is told once. A mail bounces softly once, for good once, and is complained of once, whoever tells of it; an
// answer, and what names no mail, is told by its own report.
func (t *returning) key() string {
	what := t.Kind
	if t.Hard {
		what += "/hard"
	}
	if t.Kind != record.ReturnedReply && isID(t.DeliveryID) {
		return what + "/" + strings.ToLower(t.DeliveryID)
	}
	return what + "/" + t.lead.ID + "/" + t.Report
}

// decide notes it in the ledger, and says what follows.
func (t *returning) decide(ctx context.Context) (string, error) {
	as := map[string]string{
		record.ReturnedBounce: record.AsSoft, record.ReturnedComplaint: record.AsComplaint,
		record.ReturnedUnsubscribe: record.AsUnsubscribed, record.ReturnedReply: record.AsReplied,
	}[t.Kind]
	if t.Hard {
		as = record.AsHard
	}
	args := pgx.NamedArgs{
		"key": t.key(), "kind": t.Kind, "hard": t.Hard, "lead": t.lead.ID, "delivery": nil, "address": t.s.suppressionHash(t.mailed),
		"status": t.Status, "via": t.Via, "outcome": as, "id": t.clientID(),
	}
	if isID(t.DeliveryID) {
		args["delivery"] = t.DeliveryID
	}
	tag, err := t.tx.Exec(ctx, sqlNoteReturn, args)
	if err != nil {
		return "", err
	}
	if tag.RowsAffected() == 0 {
		return record.AsDuplicate, nil
	}
	if t.Hard {
		var before int
		if err := t.tx.QueryRow(ctx, sqlRefusedBefore, args).Scan(&before); err != nil || before > 0 {
			return record.AsDuplicate, err
		}
	}
	if as == record.AsSoft {
		return t.countSoft(ctx, args)
	}
	return as, nil
}

// countSoft makes a hard bounce of one soft bounce too many, by the policy.
func (t *returning) countSoft(ctx context.Context, args pgx.NamedArgs) (string, error) {
	rows, _ := t.tx.Query(ctx, sqlBouncePolicy)
	documents, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return "", err
	}
	var policy lifecycle.Policy
	if len(documents) > 0 {
		if policy, err = policyOf(documents[0]); err != nil {
			return "", err
		}
	}
	most, within := policy.Bounces.Limits()
	args["within"] = within
	var n int
	if err := t.tx.QueryRow(ctx, sqlCountSoft, args).Scan(&n); err != nil || n < most {
		return record.AsSoft, err
	}
	t.b.Queue(sqlTurnedHard, args)
	return record.AsHard, nil
}

// clientID is of the event: a bounce at the other server's door has the same.
func (t *returning) clientID() string {
	if isID(t.DeliveryID) && t.Hard {
		return "bounce:" + strings.ToLower(t.DeliveryID)
	}
	return ""
}
