package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// A row whose lease ran out in claimed never reached DATA and is tried again; one that ran out in sending was cut off
// there: nobody knows whether it left, so it is parked unless it may come twice.
const sqlParkUnknown = `UPDATE deliveries SET state = 'unknown', code = 'sender_lost', claimed_until = NULL
WHERE lane = @lane AND state = 'sending' AND claimed_until < now() AND NOT at_least_once`

const sqlClaimDeliveries = `UPDATE deliveries d SET state = 'claimed', claimed_until = now() + @lease::interval, attempts = attempts + 1
FROM (SELECT id FROM deliveries WHERE lane = @lane AND not_before <= now()
		AND (state = 'queued' OR state IN ('claimed', 'sending') AND claimed_until < now())
		AND (SELECT held_at IS NULL FROM lanes WHERE lane = @lane)
	ORDER BY not_before, created_at LIMIT @rows FOR UPDATE SKIP LOCKED) due
WHERE d.id = due.id
RETURNING d.id, d.key, d.lane, d.channel, d.kind, coalesce(d.lead_id::text, '') AS lead_id, coalesce(d.cycle, 0) AS cycle,
	coalesce(d.sequence, '') AS sequence, coalesce(d.sequence_version, 0) AS version, coalesce(d.step, '') AS step,
	coalesce(d.assignment_id::text, '') AS assignment_id, coalesce(d.rep_id::text, '') AS rep_id,
	coalesce(d.webhook_id::text, '') AS webhook_id, d.attempts, d.at_least_once AS may_repeat, d.created_at, d.failing_since, d.payload, d.message, coalesce(d.message_id, '') AS message_id`

type claimedRow struct {
	ID           string
	Key          string
	Lane         string
	Channel      string
	Kind         string
	LeadID       string
	Cycle        int
	Sequence     string
	Version      int
	Step         string
	AssignmentID string
	RepID        string
	WebhookID    string
	Attempts     int
	MayRepeat    bool
	CreatedAt    time.Time
	FailingSince *time.Time
	Payload      json.RawMessage
	Message      []byte
	MessageID    string
}

// ClaimDeliveries takes due rows of a lane by lease, with all their pool needs. A row that cannot be read stays behind
// until its lease is over, and does not keep its neighbours: they come beside the error.
func (s *Store) ClaimDeliveries(ctx context.Context, lane string, limit int, lease time.Duration) ([]record.Delivery, error) {
	if _, err := s.pool.Exec(ctx, sqlParkUnknown, pgx.NamedArgs{"lane": lane}); err != nil {
		return nil, masked("claim deliveries", err)
	}
	rows, _ := s.pool.Query(ctx, sqlClaimDeliveries, pgx.NamedArgs{"lane": lane, "rows": limit, "lease": lease})
	claimed, err := pgx.CollectRows(rows, pgx.RowToStructByName[claimedRow])
	if err != nil {
		return nil, masked("claim deliveries", err)
	}
	out := make([]record.Delivery, 0, len(claimed))
	for _, c := range claimed {
		d, wrong := s.equip(ctx, c)
		if wrong != nil {
			err = wrong
			continue
		}
		out = append(out, d)
	}
	return out, masked("claim deliveries", err)
}

const sqlDeliveryContext = `SELECT coalesce(r.email, '') AS rep_email, coalesce(r.name, '') AS rep_name, q.document,
	w.url, w.secret, w.active
FROM (SELECT 1) one LEFT JOIN reps r ON r.id = @rep::uuid LEFT JOIN sequences q ON q.name = @sequence AND q.version = @version
LEFT JOIN webhooks w ON w.id = @webhook::uuid`

type deliveryContext struct {
	RepEmail string
	RepName  string
	Document json.RawMessage
	URL      *string
	Secret   *string
	Active   *bool
}

// equip gives a claimed row what its pool needs, and says at once when it must not go out any more.
func (s *Store) equip(ctx context.Context, c claimedRow) (record.Delivery, error) {
	d := record.Delivery{
		ID: c.ID, Key: c.Key, Lane: c.Lane, Channel: c.Channel, Kind: c.Kind, LeadID: c.LeadID, Cycle: c.Cycle, Sequence: c.Sequence,
		Version: c.Version, Step: c.Step, AssignmentID: c.AssignmentID, Attempts: c.Attempts, MayRepeat: c.MayRepeat,
		CreatedAt: c.CreatedAt, Payload: c.Payload, Message: c.Message, MessageID: c.MessageID,
	}
	if c.FailingSince != nil {
		d.FailingSince = *c.FailingSince
	}
	rows, _ := s.pool.Query(ctx, sqlDeliveryContext, pgx.NamedArgs{
		"rep": nullable(c.RepID), "sequence": c.Sequence, "version": c.Version, "webhook": nullable(c.WebhookID),
	})
	with, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[deliveryContext])
	if err != nil {
		return d, err
	}
	d.Document, d.To, d.ToName = with.Document, with.RepEmail, with.RepName
	if with.URL != nil && with.Active != nil && *with.Active {
		d.Webhook = &record.Webhook{ID: c.WebhookID, URL: *with.URL, Secret: *with.Secret}
	}
	if c.LeadID != "" && c.Channel == "mail" {
		lead, err := s.Lead(ctx, c.LeadID)
		if errors.Is(err, record.ErrNotFound) || errors.Is(err, record.ErrErased) {
			d.Stop = "expired:lead_gone"
			return d, nil
		}
		if err != nil {
			return d, err
		}
		d.Lead = &lead
		if c.Kind == kindNurture && lead.Email != nil {
			d.To, d.ToName = *lead.Email, ""
		}
	}
	why, err := s.mayGo(ctx, s.pool, c.ID)
	if err != nil {
		return d, err
	}
	d.Hold = why == holdPaused
	if !d.Hold {
		d.Stop = why
	}
	return d, nil
}

const (
	kindNurture = "nurture"
	holdPaused  = "paused"
)

type mayRow struct {
	Kind       string
	Channel    string
	Cycle      *int
	LeadStage  *string
	LeadCycle  *int
	Paused     *bool
	Muted      *string
	Email      *string
	Assignment *string
}

const sqlMayGo = `SELECT d.kind, d.channel, d.cycle, l.stage AS lead_stage, l.cycle AS lead_cycle, l.paused, l.muted, l.email,
	a.state AS assignment
FROM deliveries d LEFT JOIN leads l ON l.id = d.lead_id LEFT JOIN assignments a ON a.id = d.assignment_id WHERE d.id = @id`

// mayGo says why a delivery must not go out at this instant: suppressed:<why>, expired:<why>, or paused. Empty: it may.
func (s *Store) mayGo(ctx context.Context, q querier, id string) (string, error) {
	rows, _ := q.Query(ctx, sqlMayGo, pgx.NamedArgs{"id": id})
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[mayRow])
	if err != nil {
		return "", err
	}
	switch {
	case m.LeadStage != nil && *m.LeadStage == "erased":
		return "expired:erased", nil
	case m.Kind == kindNurture:
		return s.mayNurture(ctx, q, m)
	case m.Channel == "mail" && aboutOffer(m.Kind) && (m.Assignment == nil || *m.Assignment != "offered"):
		return "expired:offer_closed", nil
	}
	return "", nil
}

// aboutOffer reports an alert that says nothing once its offer is closed. Subscribers are told all the same: theirs is a
// stream of what happened.
func aboutOffer(kind string) bool {
	return kind == "offer" || kind == "escalation" || strings.HasPrefix(kind, "reminder")
}

func (s *Store) mayNurture(ctx context.Context, q querier, m mayRow) (string, error) {
	switch {
	case m.LeadStage == nil || *m.LeadStage != "nurturing" && *m.LeadStage != "captured":
		return "expired:stage", nil
	case m.Cycle == nil || m.LeadCycle == nil || *m.Cycle != *m.LeadCycle:
		return "expired:cycle", nil
	case m.Email == nil:
		return "suppressed:no_address", nil
	case m.Muted != nil && *m.Muted != "":
		return "suppressed:" + *m.Muted, nil
	}
	rows, _ := q.Query(ctx, sqlSuppressed, pgx.NamedArgs{"hash": s.suppressionHash(*m.Email)})
	reasons, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(reasons) > 0 {
		if len(reasons) > 0 {
			return "suppressed:" + reasons[0], err
		}
		return "", err
	}
	if m.Paused != nil && *m.Paused {
		return holdPaused, nil
	}
	return "", nil
}

// What a sender does to a row counts while its claim is the newest: one that slept over its lease has lost the row to
// whoever claimed it since, and must neither send it nor put it back under that one's hands.
const sqlStoreMessage = `UPDATE deliveries SET message = @message, message_id = @message_id
WHERE id = @id AND attempts = @attempt AND message IS NULL`

// StoreMessage keeps the composed bytes; those that are kept already stay.
func (s *Store) StoreMessage(ctx context.Context, d record.Delivery, message []byte, messageID string) error {
	_, err := s.pool.Exec(ctx, sqlStoreMessage, pgx.NamedArgs{
		"id": d.ID, "attempt": d.Attempts, "message": message, "message_id": messageID,
	})
	return masked("store message", err)
}

const (
	sqlLockLeadOfDelivery = `SELECT l.id FROM leads l JOIN deliveries d ON d.lead_id = l.id WHERE d.id = @id FOR SHARE OF l`

	sqlSending = `UPDATE deliveries d SET state = 'sending'
WHERE id = @id AND attempts = @attempt AND state = 'claimed' AND claimed_until > now()
	AND (SELECT held_at IS NULL FROM lanes WHERE lane = d.lane)`
)

// Sending commits that DATA is about to begin, if the delivery may still go out at this instant. It answers why not.
func (s *Store) Sending(ctx context.Context, d record.Delivery) (stop string, err error) {
	err = s.tx(ctx, "begin sending", func(tx pgx.Tx) error {
		stop = ""
		if _, err := tx.Exec(ctx, sqlLockLeadOfDelivery, pgx.NamedArgs{"id": d.ID}); err != nil {
			return err
		}
		var err error
		if stop, err = s.mayGo(ctx, tx, d.ID); err != nil || stop != "" {
			return err
		}
		tag, err := tx.Exec(ctx, sqlSending, pgx.NamedArgs{"id": d.ID, "attempt": d.Attempts})
		if err == nil && tag.RowsAffected() == 0 {
			stop = "lost" // the lease ran out and somebody else has it, or the lane was held meanwhile
		}
		return err
	})
	return stop, err
}

const sqlFinishDelivery = `UPDATE deliveries SET state = @state, code = @code, claimed_until = NULL,
	sent_at = CASE WHEN @state = 'sent' THEN now() END
WHERE id = @id AND attempts = @attempt AND state IN ('queued', 'claimed', 'sending', 'unknown')`

// FinishDelivery stores the outcome. What was parked as unknown meanwhile is known then.
func (s *Store) FinishDelivery(ctx context.Context, d record.Delivery, state, code string) error {
	_, err := s.pool.Exec(ctx, sqlFinishDelivery, pgx.NamedArgs{"id": d.ID, "attempt": d.Attempts, "state": state, "code": code})
	return masked("finish delivery", err)
}

const (
	sqlRetryDelivery = `UPDATE deliveries SET state = 'queued', code = @code, claimed_until = NULL, not_before = now() + @after::interval,
	failing_since = coalesce(failing_since, now())
WHERE id = @id AND attempts = @attempt AND state IN ('claimed', 'sending')`

	// A pause is no failure: what it holds up has all its time left when it ends.
	sqlHoldDelivery = `UPDATE deliveries SET state = 'queued', code = @code, claimed_until = NULL, not_before = now() + @after::interval,
	failing_since = NULL
WHERE id = @id AND attempts = @attempt AND state = 'claimed'`
)

// RetryDelivery puts it back for later, with the code of what went wrong.
func (s *Store) RetryDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	return s.putBack(ctx, sqlRetryDelivery, d, code, after)
}

// HoldDelivery puts it back for later because the lead is paused.
func (s *Store) HoldDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	return s.putBack(ctx, sqlHoldDelivery, d, code, after)
}

func (s *Store) putBack(ctx context.Context, sql string, d record.Delivery, code string, after time.Duration) error {
	_, err := s.pool.Exec(ctx, sql, pgx.NamedArgs{"id": d.ID, "attempt": d.Attempts, "code": code, "after": after})
	return masked("put delivery back", err)
}

const sqlNextDelivery = `SELECT extract(epoch FROM min(CASE WHEN state = 'queued' THEN not_before ELSE claimed_until END) - now())::float8
FROM deliveries WHERE lane = @lane AND state IN ('queued', 'claimed', 'sending')
	AND (SELECT held_at IS NULL FROM lanes WHERE lane = @lane)`

// NextDelivery is how long it is until the next row of the lane falls due, by the clock of Postgres, which wrote the due
// times; waits is false when there is none, or the lane is held.
func (s *Store) NextDelivery(ctx context.Context, lane string) (after time.Duration, waits bool, err error) {
	rows, _ := s.pool.Query(ctx, sqlNextDelivery, pgx.NamedArgs{"lane": lane})
	seconds, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*float64])
	if err != nil || seconds == nil {
		return 0, false, masked("next delivery", err)
	}
	return time.Duration(*seconds * float64(time.Second)), true, nil
}

const sqlBouncedLead = `SELECT lead_id FROM deliveries WHERE id = @id AND lead_id IS NOT NULL`

// HardBounce suppresses the address of the delivery's lead and tells its run, as an event of the lead.
func (s *Store) HardBounce(ctx context.Context, deliveryID string) error {
	rows, _ := s.pool.Query(ctx, sqlBouncedLead, pgx.NamedArgs{"id": deliveryID})
	lead, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return masked("hard bounce", err)
	}
	_, err = s.Ingest(ctx, []record.Event{{
		ClientID: "bounce:" + deliveryID, Type: "email_bounce", LeadID: lead, Properties: map[string]any{"kind": "hard"},
	}})
	return err
}
