package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scanner"
)

const (
	// purposeTracking is the purpose of consent to note opens and clicks, where the policy requires one.
	purposeTracking = "tracking"

	sqlTrackingAsked = `SELECT coalesce((SELECT (document -> 'consent' ->> 'tracking')::boolean FROM policies WHERE active), false)`

	sqlMailSent = `SELECT sent_at FROM deliveries WHERE id = @mail AND (lead_id = @lead OR lead_id IN (SELECT id FROM leads WHERE merged_into = @lead))`

	// What was done with one mail in the time in which hits are judged together.
	sqlHitsOfMail = `SELECT id::text, type = 'email_open' AS pixel, coalesce(properties ->> 'url', '') AS link, received_at AS at,
	coalesce(void_reason, '') AS known
FROM events WHERE lead_id = @lead AND type IN ('email_click', 'email_open') AND received_at > now() - interval '1 hour'
	AND received_at < now() + interval '1 day' AND coalesce(properties ->> 'mail_id', '') = @mail`

	// Kept and marked at once.
	sqlInsertVoided = `INSERT INTO events (id, lead_id, client_id, type, occurred_at, properties, voided_at, void_reason)
VALUES (@id, @lead, @client, @type, now(), @properties, now(), @reason)`
)

// Hit notes what was done with a mail, and judges it together with what was done with the same mail before, in one
// transaction under the lead's lock: a machine's is kept, marked, and counts nowhere, and what had counted before it was
// seen to be a machine's is taken back. The id of what does not count stays free for a person's. record.ErrNotFound,
// record.ErrErased; ErrNoModel.
func (s *Store) Hit(ctx context.Context, h record.Hit) (record.HitNoted, error) {
	var out record.HitNoted
	err := s.tx(ctx, "note a hit", func(tx pgx.Tx) (err error) {
		out = record.HitNoted{}
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		lead, err := lockSurvivor(ctx, tx, h.LeadID)
		if err != nil {
			return err
		}
		var asked bool
		if err := tx.QueryRow(ctx, sqlTrackingAsked).Scan(&asked); err != nil {
			return err
		}
		if out.Untracked = asked && !lead.Consent[purposeTracking]; out.Untracked {
			return nil
		}
		others, why, err := s.judgeHits(ctx, tx, w, lead, h)
		if err != nil {
			return err
		}
		for _, reason := range slices.Sorted(maps.Keys(others)) {
			u := record.Unscore{LeadID: lead.ID, EventIDs: others[reason], Reason: reason, Actor: lifecycle.System}
			if _, err := s.unscore(ctx, tx, w, lead, u, true); err != nil {
				return err
			}
		}
		out.Machine = why
		out.Duplicate, err = s.keepHit(ctx, tx, w, lead, h, why)
		return err
	})
	return out, err
}

// judgeHits says which earlier hits of the mail do not count any more, by reason, and why this one does not.
func (s *Store) judgeHits(ctx context.Context, tx pgx.Tx, w world, lead leadRow, h record.Hit) (others map[string][]string, why string, err error) {
	args := pgx.NamedArgs{"lead": lead.ID, "mail": h.MailID}
	hits, err := pgx.CollectRows(query(ctx, tx, sqlHitsOfMail, args), pgx.RowToStructByName[scanner.Hit])
	if err != nil {
		return nil, "", err
	}
	var sent time.Time
	if isID(h.MailID) {
		at, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlMailSent, args), pgx.RowTo[*time.Time])
		switch {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return nil, "", err
		case at != nil:
			sent = *at
		}
	}
	hits = append(hits, scanner.Hit{Link: h.Link, Pixel: h.Type == "email_open", At: w.now, Known: h.Known})
	verdicts := s.scanners.Judge(sent, hits)
	last := len(hits) - 1
	others = map[string][]string{}
	for i, reason := range verdicts[:last] {
		if reason != "" && hits[i].Known == "" {
			others[reason] = append(others[reason], hits[i].ID)
		}
	}
	return others, verdicts[last], nil
}

// keepHit stores a hit as an event, once, and folds it where it counts.
func (s *Store) keepHit(ctx context.Context, tx pgx.Tx, w world, lead leadRow, h record.Hit, why string) (duplicate bool, err error) {
	client := h.ClientID
	if why != "" {
		client += "/" + why
	}
	args := pgx.NamedArgs{"owners": []string{lead.ID}, "ids": []string{client}, "n": []int{0}}
	known, err := pgx.CollectRows(query(ctx, tx, sqlKnownToLeads, args), pgx.RowTo[int])
	if err != nil || len(known) > 0 {
		return len(known) > 0, err
	}
	if why != "" {
		_, err := tx.Exec(ctx, sqlInsertVoided, pgx.NamedArgs{
			"id": newID(), "lead": lead.ID, "client": client, "type": h.Type, "properties": h.Properties, "reason": why,
		})
		return false, err
	}
	b := &pgx.Batch{}
	e := h.Event
	e.OccurredAt = time.Time{}
	su := &subject{lead: lead, profile: lead.Profile, address: lead.email(), events: []happened{s.eventOf(b, w, lead, e)}}
	if err := s.rescore(ctx, tx, b, w, []*subject{su}); err != nil {
		return false, err
	}
	return false, tx.SendBatch(ctx, b).Close()
}
