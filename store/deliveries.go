package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// A row whose lease ran out in claimed never reached DATA and is tried again; one that ran out in sending was cut off
// there: nobody knows whether it left, so it is parked unless it may come twice.
const sqlParkUnknown = `UPDATE deliveries SET state = 'unknown', code = 'sender_lost', claimed_until = NULL
WHERE lane = @lane AND state = 'sending' AND claimed_until < now() AND NOT at_least_once`

// claimColumns are of a delivery d what its pool needs of the row itself.
const claimColumns = `d.id, d.key, d.lane, d.channel, d.kind, coalesce(d.lead_id::text, '') AS lead_id, coalesce(d.cycle, 0) AS cycle,
	coalesce(d.sequence, '') AS sequence, coalesce(d.sequence_version, 0) AS version, coalesce(d.step, '') AS step,
	coalesce(d.assignment_id::text, '') AS assignment_id, coalesce(d.rep_id::text, '') AS rep_id,
	coalesce(d.webhook_id::text, '') AS webhook_id, d.attempts, d.at_least_once AS may_repeat, d.created_at, d.failing_since, d.payload, d.message, coalesce(d.message_id, '') AS message_id`

const sqlClaimDeliveries = `UPDATE deliveries d SET state = 'claimed', claimed_until = now() + @lease::interval, attempts = attempts + 1
FROM (SELECT id FROM deliveries WHERE lane = @lane AND not_before <= now()
		AND (state = 'queued' OR state IN ('claimed', 'sending') AND claimed_until < now())
		AND (SELECT held_at IS NULL FROM lanes WHERE lane = @lane)
	ORDER BY not_before, created_at LIMIT @rows FOR UPDATE SKIP LOCKED) due
WHERE d.id = due.id
RETURNING ` + claimColumns

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
	var claimed []claimedRow
	b := &pgx.Batch{}
	b.Queue(sqlParkUnknown, pgx.NamedArgs{"lane": lane})
	b.Queue(sqlClaimDeliveries, pgx.NamedArgs{"lane": lane, "rows": limit, "lease": lease}).Query(func(rows pgx.Rows) (err error) {
		claimed, err = pgx.CollectRows(rows, pgx.RowToStructByName[claimedRow])
		return err
	})
	err := s.pool.SendBatch(ctx, b).Close()
	if err != nil {
		return nil, masked("claim deliveries", err)
	}
	out := make([]record.Delivery, 0, len(claimed))
	for _, c := range claimed {
		d, wrong := s.equip(ctx, c, s.stopped)
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

// equip gives a claimed row what its pool needs. look says at once when it must not go out any more; without one it is seen
// when it is about to be sent.
func (s *Store) equip(ctx context.Context, c claimedRow, look func(context.Context, *record.Delivery) error) (record.Delivery, error) {
	d := record.Delivery{
		ID: c.ID, Key: c.Key, Lane: c.Lane, Channel: c.Channel, Kind: c.Kind, LeadID: c.LeadID, Cycle: c.Cycle, Sequence: c.Sequence,
		Version: c.Version, Step: c.Step, AssignmentID: c.AssignmentID, Attempts: c.Attempts, MayRepeat: c.MayRepeat,
		CreatedAt: c.CreatedAt, Payload: c.Payload, Message: c.Message, MessageID: c.MessageID,
	}
	if c.FailingSince != nil {
		d.FailingSince = *c.FailingSince
	}
	var with deliveryContext
	var leads []readRow
	about := c.LeadID != "" && c.Channel == "mail"
	b := &pgx.Batch{}
	b.Queue(sqlDeliveryContext, pgx.NamedArgs{
		"rep": nullable(c.RepID), "sequence": c.Sequence, "version": c.Version, "webhook": nullable(c.WebhookID),
	}).Query(func(rows pgx.Rows) (err error) {
		with, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[deliveryContext])
		return err
	})
	if about {
		b.Queue(sqlReadLead, pgx.NamedArgs{"id": c.LeadID}).Query(func(rows pgx.Rows) (err error) {
			leads, err = pgx.CollectRows(rows, pgx.RowToStructByName[readRow])
			return err
		})
	}
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return d, masked("equip delivery", err)
	}
	d.Document, d.To, d.ToName = with.Document, with.RepEmail, with.RepName
	if with.URL != nil && with.Active != nil && *with.Active {
		d.Webhook = &record.Webhook{ID: c.WebhookID, URL: *with.URL, Secret: *with.Secret}
	}
	if about {
		if len(leads) == 0 || errGone(leads[0].Stage) != nil {
			d.Stop = "expired:lead_gone"
			return d, nil
		}
		lead := leads[0].lead()
		d.Lead = &lead
		if c.Kind == kindNurture && lead.Email != nil {
			d.To, d.ToName = *lead.Email, ""
		}
	}
	if look == nil {
		return d, nil
	}
	return d, masked("equip delivery", look(ctx, &d))
}

const (
	kindNurture = "nurture"
	holdPaused  = "paused"
)

// mayGo says of a delivery why it must not go out at this instant: suppressed:<why>, expired:<why>, paused, or moved when its
// lead has another address by now. Empty: it may. An alert about an offer says nothing once the offer is closed; subscribers
// are told all the same, for theirs is a stream of what happened.
const mayGo = `WITH may AS (SELECT d.id, CASE
	WHEN l.stage = 'erased' THEN 'expired:erased'
	WHEN d.kind = 'nurture' THEN CASE
		WHEN l.stage IS NULL OR l.stage NOT IN ('nurturing', 'captured') THEN 'expired:stage'
		WHEN d.cycle IS NULL OR d.cycle <> l.cycle THEN 'expired:cycle'
		WHEN l.email IS NULL THEN 'suppressed:no_address'
		WHEN l.muted <> '' THEN 'suppressed:' || l.muted
		WHEN l.email <> @to THEN 'moved'
		WHEN s.hash IS NOT NULL THEN 'suppressed:' || s.reason
		WHEN l.paused THEN 'paused'
		ELSE '' END
	WHEN d.channel = 'mail' AND (d.kind IN ('offer', 'escalation') OR d.kind LIKE 'reminder%') AND a.state IS DISTINCT FROM 'offered'
		THEN 'expired:offer_closed'
	ELSE '' END AS why
FROM deliveries d LEFT JOIN leads l ON l.id = d.lead_id LEFT JOIN assignments a ON a.id = d.assignment_id
	LEFT JOIN suppressions s ON s.hash = @hash
WHERE d.id = @id)`

const sqlMayGo = mayGo + ` SELECT why FROM may`

// stopped looks whether a delivery may still go out.
func (s *Store) stopped(ctx context.Context, d *record.Delivery) error {
	rows, _ := s.pool.Query(ctx, sqlMayGo, s.mayArgs(*d))
	why, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	d.Hold = why == holdPaused
	if !d.Hold {
		d.Stop = why
	}
	return err
}

func (s *Store) mayArgs(d record.Delivery) pgx.NamedArgs {
	args := pgx.NamedArgs{"id": d.ID, "to": d.To, "hash": nil}
	if d.To != "" {
		args["hash"] = s.suppressionHash(d.To)
	}
	return args
}

const (
	sqlLockLeadOfDelivery = `SELECT l.id FROM leads l JOIN deliveries d ON d.lead_id = l.id WHERE d.id = @id FOR SHARE OF l`

	// What a sender does to a row counts while its claim is the newest: one that slept over its lease has lost the row to
	// whoever claimed it since, and must neither send it nor put it back under that one's hands. Bytes that are kept already
	// stay.
	sqlSending = mayGo + `, sent AS (
	UPDATE deliveries d SET state = 'sending', sending_at = now(), message = coalesce(d.message, @message::bytea), message_id = coalesce(d.message_id, @message_id::text)
	FROM may WHERE d.id = may.id AND may.why = '' AND d.attempts = @attempt AND d.state = 'claimed' AND d.claimed_until > now()
		AND (SELECT held_at IS NULL FROM lanes WHERE lane = d.lane)
	RETURNING d.id
)
SELECT CASE WHEN may.why = '' AND NOT EXISTS (SELECT FROM sent) THEN 'lost' ELSE may.why END FROM may`
)

// Sending commits that DATA is about to begin with the bytes of the message, if the delivery may still go out at this
// instant. It answers why not; lost: the lease ran out and somebody else has it, or the lane was held meanwhile. One trip:
// the second statement sees what the lock of the first waited for.
func (s *Store) Sending(ctx context.Context, d record.Delivery) (stop string, err error) {
	args := s.mayArgs(d)
	args["attempt"], args["message"], args["message_id"] = d.Attempts, d.Message, nullable(d.MessageID)
	err = s.retried(ctx, "begin sending", func() error {
		b := &pgx.Batch{}
		b.Queue(sqlLockLeadOfDelivery, args)
		b.Queue(sqlSending, args).Query(func(rows pgx.Rows) (err error) {
			stop, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
			return err
		})
		return s.pool.SendBatch(ctx, b).Close()
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
