package store

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// viaPreferences is the source of what a person chose on the page of preferences.
const viaPreferences = "preferences"

const sqlPreferences = `SELECT l.stage, l.email, l.muted <> '' AND l.muted <> 'not_asked' AND l.muted <> 'no_consent' AS suppressed,
	` + consentRequired + ` AS required, l.consent, p.mails_per_week
FROM leads l LEFT JOIN preferences p ON p.lead_id = l.id WHERE l.id = coalesce((SELECT merged_into FROM leads WHERE id = @id), @id)`

// Preferences reads what a person chose. record.ErrNotFound, record.ErrErased.
func (s *Store) Preferences(ctx context.Context, leadID string) (record.Preferences, error) {
	row, err := byID[struct {
		Stage lifecycle.Stage
		Email *string
		record.Preferences
	}](ctx, s, "read preferences", sqlPreferences, leadID)
	if err == nil {
		err = errGone(row.Stage)
	}
	if err != nil || row.Email == nil || row.Suppressed {
		return row.Preferences, err
	}
	all, err := s.suppressed(ctx, *row.Email)
	row.Suppressed = all[*row.Email]
	return row.Preferences, err
}

const (
	sqlPrefer = `INSERT INTO preferences AS p (lead_id, mails_per_week) VALUES (@lead, @cap)
ON CONFLICT (lead_id) DO UPDATE SET mails_per_week = EXCLUDED.mails_per_week, updated_at = now()`

	// Who refuses, or said yes otherwise, is not asked any more.
	sqlEndQuestion = `UPDATE confirmations SET ended_at = now() WHERE lead_id = @lead AND purpose = @purpose AND ended_at IS NULL`
)

// Choose keeps what a person chose: consents that change, with their evidence, and how often they want to be written to.
// A sequence that rests for a yes goes on; what is queued already is looked at again when it is sent. record.ErrNotFound, record.ErrErased.
func (s *Store) Choose(ctx context.Context, c record.Chosen) error {
	return s.tx(ctx, "choose preferences", func(tx pgx.Tx) error {
		lead, err := lockSurvivor(ctx, tx, c.LeadID)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		changed, yes := []string{}, false
		for _, purpose := range slices.Sorted(maps.Keys(c.Consent)) {
			granted := c.Consent[purpose]
			if was, said := lead.Consent[purpose]; said && was == granted {
				continue
			}
			changed, yes = append(changed, purpose), yes || granted
			args := pgx.NamedArgs{
				"lead": lead.ID, "purpose": purpose, "granted": granted, "source": viaPreferences, "wording": c.Wording,
				"hash": s.addressHash(lead.email()), "ip": s.clientHash(c.IP), "id": nil,
			}
			for _, sql := range []string{sqlEndQuestion, sqlGrant, sqlConsentOf} {
				b.Queue(sql, args)
			}
		}
		b.Queue(sqlPrefer, pgx.NamedArgs{"lead": lead.ID, "cap": c.MailsPerWeek})
		b.Queue(sqlTimeline, entry(lead, "preferences_changed", lifecycle.Actor{Type: "lead"}, "", map[string]any{
			"purposes": changed, "mails_per_week": c.MailsPerWeek,
		}))
		if yes && hears(lead.Stage, triggerFirstTouch) {
			if err := nudge(ctx, tx, b, lead); err != nil {
				return err
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
}

// addressHash is what is kept of an address as evidence; nil where there is none.
func (s *Store) addressHash(email string) []byte {
	if email == "" {
		return nil
	}
	return s.suppressionHash(email)
}
