package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// viaDoubleOptIn is the source of a consent that was confirmed by mail.
const viaDoubleOptIn = "double_opt_in"

// A person is asked once a day at most, however often a form is sent: whoever types somebody else's address into it must not
// be able to fill their mailbox. Who may not be written to is not asked. What was sent to one address says nothing of another.
const sqlAskConsent = `WITH asked AS (
	INSERT INTO confirmations AS c (id, lead_id, purpose, source, wording, address_hash)
	SELECT @id, @lead, @purpose, @source, @wording, @hash WHERE NOT EXISTS (SELECT FROM suppressions WHERE hash = @hash)
	ON CONFLICT (lead_id, purpose) WHERE ended_at IS NULL DO UPDATE SET asked_at = now(), source = EXCLUDED.source,
		wording = EXCLUDED.wording, address_hash = EXCLUDED.address_hash,
		id = CASE WHEN c.address_hash = EXCLUDED.address_hash THEN c.id ELSE EXCLUDED.id END
		WHERE c.asked_at < now() - interval '1 day' OR c.address_hash <> EXCLUDED.address_hash
	RETURNING c.id, c.asked_at
)
INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, at_least_once, payload)
SELECT gen_random_uuid(), 'confirm/' || id || '/' || extract(epoch FROM asked_at), 'bulk', 'mail', 'confirmation', @lead, @cycle, true,
	jsonb_build_object('confirmation_id', id, 'purpose', @purpose::text) FROM asked`

// asksFirst takes a yes out of a capture that is to be confirmed by mail before it counts. A file tells of what was
// given elsewhere: only where it says so itself is anybody asked.
func asksFirst(ctx context.Context, q querier, c *record.Capture) error {
	if c.Consent == nil || !c.Consent.Granted {
		return nil
	}
	ask := c.Consent.DoubleOptIn
	if !ask && c.Via != viaImport {
		rows, _ := q.Query(ctx, sqlDoubleOptIn)
		var err error
		if ask, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool]); err != nil {
			return err
		}
	}
	if ask {
		c.Ask, c.Consent = c.Consent, nil
	}
	return nil
}

const sqlDoubleOptIn = `SELECT coalesce((SELECT (document -> 'consent' ->> 'double_opt_in')::boolean FROM policies WHERE active), false)`

// askConsent queues the question, where there is somebody to ask who has not said yes before.
func (s *Store) askConsent(b *pgx.Batch, ch *change) {
	ask := ch.c.Ask
	if ask == nil || ch.address() == "" || ch.lead.Consent[ask.Purpose] {
		return
	}
	b.Queue(sqlAskConsent, pgx.NamedArgs{
		"id": newID(), "lead": ch.lead.ID, "purpose": ask.Purpose, "source": ch.c.Via, "wording": ask.Wording,
		"hash": s.suppressionHash(ch.address()), "cycle": max(1, ch.lead.Cycle),
	})
	b.Queue(sqlTimeline, entry(*ch.lead, "consent_asked", ch.c.Actor, ask.Purpose, nil))
}

const (
	sqlOpenConfirmation = `SELECT purpose, wording, address_hash, ended_at, confirmed FROM confirmations WHERE id = @id AND lead_id = @lead FOR UPDATE`

	sqlEndConfirmation = `UPDATE confirmations SET ended_at = now(), confirmed = true WHERE id = @id`

	sqlGrant = `INSERT INTO consents (lead_id, purpose, granted, source, wording, address_hash, ip_hash, confirmation_id)
VALUES (@lead, @purpose, @granted, @source, @wording, @hash, @ip, @id)`

	// Who says yes asks for mail, whatever the import that brought them was told.
	sqlConsentOf = `UPDATE leads SET consent = consent || jsonb_build_object(@purpose::text, @granted::boolean), nurture = nurture OR @granted, updated_at = now() WHERE id = @lead`
)

type confirmation struct {
	Purpose     string
	Wording     string
	AddressHash []byte
	EndedAt     *time.Time
	Confirmed   bool
}

// ConfirmConsent takes the yes of a person who was asked by mail: the consent counts from now on, with its evidence, and a
// run that waited for it goes on. The same again is no error. record.ErrNotFound when nothing is asked any more, or the
// person has another address by now, who was not asked; record.ErrErased.
func (s *Store) ConfirmConsent(ctx context.Context, a record.Asked) error {
	if !isID(a.ConfirmationID) {
		return record.ErrNotFound
	}
	return s.tx(ctx, "confirm consent", func(tx pgx.Tx) error {
		lead, err := lockPerson(ctx, tx, a.LeadID)
		if err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": a.ConfirmationID, "lead": lead.ID, "source": viaDoubleOptIn, "granted": true, "ip": s.clientHash(a.IP)}
		c, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlOpenConfirmation, args), pgx.RowToStructByName[confirmation])
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return record.ErrNotFound
		case err != nil || c.Confirmed:
			return err
		case c.EndedAt != nil || !bytes.Equal(c.AddressHash, s.suppressionHash(lead.email())):
			return record.ErrNotFound
		}
		args["purpose"], args["wording"], args["hash"] = c.Purpose, c.Wording, c.AddressHash
		b := &pgx.Batch{}
		for _, sql := range []string{sqlEndConfirmation, sqlGrant, sqlConsentOf} {
			b.Queue(sql, args)
		}
		b.Queue(sqlTimeline, entry(lead, "consent_confirmed", lifecycle.Actor{Type: "lead"}, c.Purpose, nil))
		if hears(lead.Stage, triggerFirstTouch) {
			if err := nudge(ctx, tx, b, lead); err != nil {
				return err
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
}

const sqlScoreOf = `SELECT score, band FROM scores WHERE lead_id = @lead`

// nudge lets a step that waits look at once, whatever it waits for.
func nudge(ctx context.Context, tx pgx.Tx, b *pgx.Batch, lead leadRow) error {
	t := told{lead: lead.ID, kinds: []string{triggerFirstTouch}}
	err := tx.QueryRow(ctx, sqlScoreOf, pgx.NamedArgs{"lead": lead.ID}).Scan(&t.score, &t.band)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	tell(b, t)
	return nil
}

// clientHash is what is kept of the address of a client; nil where it is not known.
func (s *Store) clientHash(ip string) []byte {
	if ip == "" {
		return nil
	}
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("client\x00" + ip))
	return h.Sum(nil)
}

// purposeOf is the purpose of a sequence's mails.
func purposeOf(document json.RawMessage) string {
	var doc struct{ Purpose string }
	if json.Unmarshal(document, &doc) != nil || doc.Purpose == "" {
		return purposeMarketing
	}
	return doc.Purpose
}

const sqlEvidence = `SELECT purpose, CASE WHEN granted THEN 'granted' ELSE 'refused' END AS state, c.at,
	(SELECT asked_at FROM confirmations q WHERE q.id = c.confirmation_id) AS asked_at, source, wording, address_hash, ip_hash
FROM consents c WHERE lead_id = @id
UNION ALL
SELECT purpose, CASE WHEN ended_at IS NULL THEN 'pending' ELSE 'superseded' END, asked_at, asked_at, source, wording, address_hash, NULL
FROM confirmations WHERE lead_id = @id AND NOT confirmed ORDER BY at DESC, purpose LIMIT 1000`

// Consents lists what is known of the consents of a lead, the newest first. record.ErrNotFound, record.ErrErased.
func (s *Store) Consents(ctx context.Context, leadID string) ([]record.Evidence, error) {
	if err := s.stageOf(ctx, leadID); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, sqlEvidence, pgx.NamedArgs{"id": leadID})
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Evidence, error) {
		var e record.Evidence
		var address, ip []byte
		err := row.Scan(&e.Purpose, &e.State, &e.At, &e.AskedAt, &e.Source, &e.Wording, &address, &ip)
		e.AddressHash, e.IPHash = hex.EncodeToString(address), hex.EncodeToString(ip)
		return e, err
	})
	return out, masked("read consents", err)
}
