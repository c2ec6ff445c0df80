package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlOthersOfKeys = `SELECT id FROM leads WHERE id <> @id AND (email = @email OR external_id = @external_id) ORDER BY id LIMIT 1`

// Who said no to mail said it as a person: a new address inherits it. A bounce is the old address's own.
const sqlInheritSuppression = `INSERT INTO suppressions (hash, email, reason, lead_id)
SELECT @hash, @email, reason, @lead FROM suppressions WHERE hash = @old AND reason <> 'hard_bounce'
ON CONFLICT (hash) DO NOTHING`

// PatchLead merges profile, keys and consent like a capture, without a touch; here given keys win over known ones.
// record.ErrNotFound, record.ErrErased, and *record.IdentityConflict when a key is another lead's.
func (s *Store) PatchLead(ctx context.Context, leadID string, c record.Capture) error {
	return s.tx(ctx, "patch", func(tx pgx.Tx) error {
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		lead, err := lockPerson(ctx, tx, leadID)
		if err != nil {
			return err
		}
		c := c
		if err := asksFirst(ctx, tx, &c); err != nil {
			return err
		}
		ch := &change{c: c, lead: &lead}
		ch.merge()
		ch.email, ch.external = newKey(c.Email, lead.Email), newKey(c.ExternalID, lead.ExternalID)
		if err := ch.alone(ctx, tx); err != nil {
			return err
		}
		if !ch.changed() {
			return nil
		}
		b := &pgx.Batch{}
		s.queuePerson(b, ch)
		if ch.email != nil && lead.Email != nil {
			b.Queue(sqlInheritSuppression, pgx.NamedArgs{
				"hash": s.suppressionHash(*ch.email), "email": *ch.email, "lead": lead.ID, "old": s.suppressionHash(*lead.Email),
			})
		}
		b.Queue(sqlTimeline, entry(lead, "changed", c.Actor, c.Via, map[string]any{"fields": ch.fields()}))
		if err := s.rescore(ctx, tx, b, w, []*subject{ch.subject()}); err != nil {
			return err
		}
		return again(tx.SendBatch(ctx, b).Close(), "leads_email_unique", "leads_external_id_unique")
	})
}

// newKey is the key to be written; nil when none was given or it is the known one.
func newKey(given string, known *string) *string {
	if given == "" || known != nil && *known == given {
		return nil
	}
	return &given
}

// alone checks that the new keys are nobody else's.
func (ch *change) alone(ctx context.Context, tx pgx.Tx) error {
	if ch.email == nil && ch.external == nil {
		return nil
	}
	rows, _ := tx.Query(ctx, sqlOthersOfKeys, pgx.NamedArgs{"id": ch.lead.ID, "email": ch.email, "external_id": ch.external})
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil && len(others) > 0 {
		err = &record.IdentityConflict{LeadIDs: [2]string{ch.lead.ID, others[0]}}
	}
	return err
}

const sqlIsSuppressed = `SELECT count(*) FROM suppressions WHERE hash = @hash AND reason IN ('unsubscribe', 'complaint')`

// Unsubscribe suppresses the lead's address, stores an unsubscribe event and tells the run. The same again is no error
// and stores nothing. record.ErrNotFound, record.ErrErased.
func (s *Store) Unsubscribe(ctx context.Context, leadID string) error {
	return s.tx(ctx, "unsubscribe", func(tx pgx.Tx) error {
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		lead, err := lockSurvivor(ctx, tx, leadID)
		if err != nil {
			return err
		}
		var suppressed int
		hash := s.suppressionHash(lead.email())
		if err := s.suppressMerged(ctx, tx, leadID, lead.ID); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, sqlIsSuppressed, pgx.NamedArgs{"hash": hash}).Scan(&suppressed); err != nil || suppressed > 0 {
			return err
		}
		b := &pgx.Batch{}
		su := &subject{lead: lead, profile: lead.Profile, address: lead.email()}
		su.events = append(su.events, s.eventOf(b, w, lead, record.Event{Type: "unsubscribe"}))
		if err := s.rescore(ctx, tx, b, w, []*subject{su}); err != nil {
			return err
		}
		return tx.SendBatch(ctx, b).Close()
	})
}
