package store

import (
	"bytes"
	"cmp"
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
		lead, err := lockSurvivor(ctx, tx, of.LeadID)
		if errors.Is(err, record.ErrErased) || errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		t := &returning{Returned: r, s: s, tx: tx, w: w, lead: lead, merged: of.LeadID != lead.ID, b: &pgx.Batch{}}
		t.mailed, t.mailedHash = s.mailed(of, lead, r.SentTo)
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
	sqlWhoseDelivery = `SELECT lead_id, substring(message FROM 1 FOR 16384) AS message, mailed FROM deliveries
	WHERE id = @delivery AND lead_id IS NOT NULL AND kind IN ('nurture', 'confirmation')`
	sqlWhoseAddress = `SELECT id AS lead_id, NULL::bytea AS message, NULL::bytea AS mailed FROM leads WHERE email = @email`
)

// owned is whose mail came back, and its beginning where it is kept; else the hash of the address it went to.
type owned struct {
	LeadID  string
	Message []byte
	Mailed  []byte
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

// mailed is the address the mail went to, which the lead may have left by now, and its hash. The address is empty where only the
// hash is known, and it is not the lead's.
func (s *Store) mailed(o *owned, lead leadRow, sentTo string) (address string, hash []byte) {
	address = cmp.Or(strings.ToLower(sentTo), addressee(o.Message))
	switch {
	case address != "":
	case o.Mailed != nil && !bytes.Equal(o.Mailed, s.suppressionHash(lead.email())):
		return "", o.Mailed
	default:
		address = lead.email()
	}
	return address, s.suppressionHash(address)
}

// addressee is whom a mail is to; empty: it does not tell, or is not there.
func addressee(message []byte) string {
	m, err := netmail.ReadMessage(bytes.NewReader(append(bytes.Clone(message), "\r\n\r\n"...)))
	if err != nil {
		return ""
	}
	to, err := netmail.ParseAddress(m.Header.Get("To"))
	if err != nil {
		return ""
	}
	return strings.ToLower(to.Address)
}

// returning is one thing that came back, its lead locked.
type returning struct {
	record.Returned
	s          *Store
	tx         pgx.Tx
	w          world
	lead       leadRow
	merged     bool // the mail was a lead's that is this one by now
	mailed     string
	mailedHash []byte
	b          *pgx.Batch
}

const (
	sqlNoteReturn = `INSERT INTO mail_returns (key, kind, hard, ours, lead_id, delivery_id, address, status, via, outcome)
VALUES (@key, @kind, @hard, @ours, @lead, @delivery, @address, @status, @via, @outcome) ON CONFLICT (key) DO NOTHING`

	sqlCountSoft = `SELECT count(*) FROM mail_returns WHERE address = @address AND kind = 'bounce' AND NOT hard AND NOT ours
	AND received_at > now() - @within::interval`

	// What comes back of a mail proves that it left: nobody has to look for it, and nobody sends it a second time.
	sqlKnownByReturn = `UPDATE deliveries SET state = 'sent', code = 'came_back', sent_at = coalesce(sending_at, now()) WHERE id = @delivery AND state = 'unknown'`

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
		"key": t.key(), "kind": t.Kind, "hard": t.Hard, "ours": t.Ours && !t.Hard, "lead": t.lead.ID, "delivery": nil, "address": t.mailedHash,
		"status": t.Status, "via": t.Via, "outcome": as,
	}
	if isID(t.DeliveryID) {
		args["delivery"] = t.DeliveryID
		t.b.Queue(sqlKnownByReturn, args)
	}
	tag, err := t.tx.Exec(ctx, sqlNoteReturn, args)
	if err != nil {
		return "", err
	}
	if tag.RowsAffected() == 0 {
		return record.AsDuplicate, nil
	}
	if as == record.AsSoft && !t.Ours {
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

// clientID is of the event.
func (t *returning) clientID() string {
	if isID(t.DeliveryID) && t.Hard {
		return "bounce:" + strings.ToLower(t.DeliveryID)
	}
	return ""
}
