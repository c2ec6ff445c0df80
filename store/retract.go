package store

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// kindRetraction is the alert that takes an alert back.
const kindRetraction = "retraction"

// Whoever was told of an offer of this cycle, or has taken it, is told that what it was made for did not happen: the rep, and
// a manager it was escalated to. What has not gone out does not go out any more. The key of a rep is that of the mail that
// follows a withdrawal, of which nobody gets two.
const sqlRetract = `WITH offers AS (
	SELECT a.id, a.cycle, a.rep_id, a.state FROM assignments a JOIN leads l ON l.id = a.lead_id
	WHERE a.lead_id = @lead AND a.cycle = @cycle AND a.state IN ('offered', 'accepted') AND l.alert
), unsent AS (
	UPDATE deliveries d SET state = 'expired', code = 'unscored' FROM offers o
	WHERE d.assignment_id = o.id AND d.lead_id = @lead AND d.channel = 'mail' AND d.state = 'queued' AND d.kind <> @kind
), told AS (
	SELECT o.id, o.cycle, o.rep_id AS offered, o.rep_id FROM offers o WHERE o.state = 'accepted'
	UNION
	SELECT o.id, o.cycle, o.rep_id, d.rep_id FROM offers o JOIN deliveries d ON d.assignment_id = o.id AND d.lead_id = @lead
	WHERE d.channel = 'mail' AND d.lane = 'alert' AND d.state IN ('claimed', 'sending', 'sent', 'unknown') AND d.kind <> @kind
)
INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, at_least_once, payload)
SELECT gen_random_uuid(), CASE WHEN rep_id = offered THEN id || '/withdrawn' ELSE id || '/retracted/' || rep_id END,
	'alert', 'mail', @kind, @lead, cycle, id, rep_id, true, @payload
FROM told WHERE rep_id IS NOT NULL ON CONFLICT (key) DO NOTHING`

const sqlRetractHooks = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, webhook_id, at_least_once, payload)
SELECT gen_random_uuid(), a.id || '/retracted/hook/' || w.id, 'webhook', 'webhook', @kind, a.lead_id, a.cycle, a.id, a.rep_id, w.id, true,
	jsonb_set(@payload::jsonb, '{data}', @payload::jsonb -> 'data' || jsonb_build_object('assignment_id', a.id, 'rep_id', a.rep_id))
FROM assignments a JOIN leads l ON l.id = a.lead_id CROSS JOIN webhooks w
WHERE a.lead_id = @lead AND a.cycle = @cycle AND a.state IN ('offered', 'accepted') AND l.alert
	AND w.active AND w.format = 'standard' AND (w.kinds = '{}' OR @event = ANY(w.kinds))
ON CONFLICT (key) DO NOTHING`

// retract queues what takes alerts back. A subscriber is told as of every alert: ids and codes.
func (t *taken) retract(b *pgx.Batch, lead leadRow, reason string) error {
	event := record.WebhookKind(kindRetraction)
	payload, err := json.Marshal(record.AlertPayload{
		Type: event, Timestamp: time.Now().UTC().Truncate(time.Second),
		Data: record.AlertData{LeadID: lead.ID, Cycle: lead.Cycle, Score: t.after.Score, Reason: reason},
	})
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{"lead": lead.ID, "cycle": lead.Cycle, "kind": kindRetraction, "event": event, "payload": payload}
	b.Queue(sqlRetract, args)
	b.Queue(sqlRetractHooks, args)
	return nil
}
