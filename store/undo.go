package store

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// What people did with the person, and what was sent to them, since the newest decision took effect. Mail of the house to
// itself is not meant, nor is what it tells subscribers: they are told of the undoing as well.
const sqlIrrevocable = `WITH last AS (
	SELECT coalesce(answered_at, created_at) AS at FROM decisions WHERE lead_id = @lead AND state = 'applied' AND undone_at IS NULL
		AND kind IN ('accept', 'reject', 'disqualify') ORDER BY answered_at DESC, id DESC LIMIT 1
)
SELECT CASE
	WHEN EXISTS (SELECT FROM deliveries d, last WHERE d.lead_id = @lead AND d.channel = 'mail' AND d.lane = 'bulk' AND d.kind <> 'test'
		AND d.state IN ('sending', 'sent', 'unknown') AND coalesce(d.sent_at, d.sending_at, d.created_at) > last.at) THEN 'mail_sent'
	WHEN EXISTS (SELECT FROM events e, last WHERE e.lead_id = @lead AND e.type IN ('call', 'meeting', 'chat') AND e.voided_at IS NULL
		AND e.received_at > last.at) THEN 'contacted'
	WHEN EXISTS (SELECT FROM leads l JOIN reps r ON r.id::text = l.state #>> '{lead,undo,owner}'
		WHERE l.id = @lead AND l.owner IS DISTINCT FROM r.id AND r.capacity <= ` + openOf + `) THEN 'at_capacity'
	ELSE '' END`

// Leads before reps, as in an offer: who would have the lead again is given no other until the undo is stored, and from then on it counts.
const (
	sqlLockUndone  = `SELECT FROM leads WHERE id = @lead FOR NO KEY UPDATE`
	sqlLockUndoing = `SELECT FROM reps r WHERE r.id::text = (SELECT state #>> '{lead,undo,owner}' FROM leads WHERE id = @lead) FOR NO KEY UPDATE`
)

// StoreUndo keeps the undoing of the newest decision of the lead as StoreDecision does, unless what followed from it cannot be taken back: then
// it answers what that is (record.UndoFull, mail_sent, contacted) and keeps nothing. Whoever would have the lead again may have been given
// another since, and have no room for two.
func (s *Store) StoreUndo(ctx context.Context, d record.Decision, after time.Duration) (why string, err error) {
	err = s.tx(ctx, "store undo", func(tx pgx.Tx) error {
		for _, sql := range []string{sqlLockUndone, sqlLockUndoing} {
			if _, err := tx.Exec(ctx, sql, pgx.NamedArgs{"lead": d.LeadID}); err != nil {
				return err
			}
		}
		if why, err = irrevocable(ctx, tx, d.LeadID); err != nil || why != "" {
			return err
		}
		_, err := tx.Exec(ctx, sqlStoreDecision, storedDecision(d, after))
		return err
	})
	return why, err
}

func irrevocable(ctx context.Context, tx pgx.Tx, leadID string) (why string, err error) {
	err = tx.QueryRow(ctx, sqlIrrevocable, pgx.NamedArgs{"lead": leadID, "besides": leadID}).Scan(&why)
	return why, err
}

const (
	sqlUndoDecision = `UPDATE decisions SET undone_at = @at WHERE id = @undone AND lead_id = @id AND undone_at IS NULL`

	// Subscribers, who may have acted on what they were told, are told of it.
	sqlTellUndone = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, webhook_id, at_least_once, payload)
SELECT gen_random_uuid(), l.id || '/undone/' || @version || '/hook/' || w.id, 'webhook', 'webhook', 'undone', l.id, @cycle, @assignment, @rep, w.id, true, @payload
FROM leads l CROSS JOIN webhooks w
WHERE l.id = @id AND l.alert AND w.active AND w.format = 'standard' AND (w.kinds = '{}' OR @event = ANY(w.kinds)) ON CONFLICT (key) DO NOTHING`

	sqlForgetOutcome = `DELETE FROM outcomes WHERE lead_id = @id AND decision = @undone`

	// Who took it out of the queue has given it back: it counts as taken by nobody.
	sqlGiveBack = `UPDATE assignments SET state = 'withdrawn', reason = 'undone'
WHERE id = @assignment AND lead_id = @id AND state = 'accepted' AND @given_back`
)

// queueUndone takes back what the read side keeps of a decision beside the lead itself. Its offer is opened again where all
// offers are closed and opened.
func queueUndone(b *pgx.Batch, c lifecycle.Carried, e lifecycle.Entry) error {
	payload, err := json.Marshal(record.AlertPayload{
		Type: record.WebhookKind("undone"), Timestamp: e.At.UTC().Truncate(time.Second),
		Data: record.AlertData{LeadID: c.Lead.ID, Cycle: c.Lead.Cycle, AssignmentID: e.Assignment, RepID: c.Lead.Owner, Score: c.Lead.Score, Reason: e.Why},
	})
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{
		"id": c.Lead.ID, "at": e.At, "undone": assignmentID(e.Undoes), "assignment": assignmentID(e.Assignment),
		"given_back": e.To == lifecycle.StageQualified, "version": strconv.FormatInt(c.Lead.Version, 10), "cycle": c.Lead.Cycle,
		"rep": assignmentID(c.Lead.Owner), "event": record.WebhookKind("undone"), "payload": payload,
	}
	if isID(e.Undoes) {
		b.Queue(sqlUndoDecision, args)
		b.Queue(sqlForgetOutcome, args)
	}
	b.Queue(sqlGiveBack, args)
	b.Queue(sqlTellUndone, args)
	return nil
}
