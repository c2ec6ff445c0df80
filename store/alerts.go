package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	sqlAlertMail = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, at_least_once, payload)
VALUES (gen_random_uuid(), @key || '/mail', 'alert', 'mail', @kind, @lead, @cycle, @assignment, @rep, true, @payload)
ON CONFLICT (key) DO NOTHING`

	sqlAlertHooks = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, webhook_id, at_least_once, payload)
SELECT gen_random_uuid(), @key || '/hook/' || w.id, 'webhook', 'webhook', @kind, @lead, @cycle, @assignment, @rep, w.id, true, @payload
FROM webhooks w WHERE w.active AND (w.kinds = '{}' OR @event = ANY(w.kinds))
ON CONFLICT (key) DO NOTHING`
)

// alert is something sales must hear of.
type alert struct {
	kind string
	key  string // of the command: told once
	record.AlertData
}

// tellSales writes the deliveries of an alert: a mail to the rep in the alert lane, and a webhook to every subscriber. A
// webhook says ids and codes; who may know more asks the API.
func tellSales(ctx context.Context, tx pgx.Tx, a alert) error {
	event := record.WebhookKind(a.kind)
	payload, err := json.Marshal(record.AlertPayload{Type: event, Timestamp: time.Now().UTC().Truncate(time.Second), Data: a.AlertData})
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{
		"key": a.key, "kind": a.kind, "lead": a.LeadID, "cycle": a.Cycle, "assignment": assignmentID(a.AssignmentID),
		"rep": assignmentID(a.RepID), "event": event, "payload": payload,
	}
	b := &pgx.Batch{}
	if isID(a.RepID) && a.kind != "claimed" { // who takes a lead need not be told
		b.Queue(sqlAlertMail, args)
	}
	b.Queue(sqlAlertHooks, args)
	return tx.SendBatch(ctx, b).Close()
}

const sqlWhomToAlert = `SELECT coalesce(t.manager_id, @rep::uuid) FROM leads l LEFT JOIN teams t ON t.id = coalesce(l.team_id, @team::uuid)
WHERE l.id = @lead`

// The deadline is the lead's, which a pause moves, while the offer is open.
const sqlStillOpen = `SELECT l.alert AND (@assignment::uuid IS NULL OR coalesce(a.state IN ('offered', 'accepted'), false)) AS open,
	coalesce(s.score, 0) AS score, CASE WHEN a.state = 'offered' THEN coalesce(l.sla_due_at, a.due_at) END AS due_at
FROM leads l LEFT JOIN assignments a ON a.id = @assignment::uuid LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.id = @lead AND l.stage <> 'erased'`

type stillOpen struct {
	Open  bool
	Score int
	DueAt *time.Time
}

// Alert writes the deliveries of a reminder or an escalation under the command's id; none when the offer is not open any
// more.
func (s *Store) Alert(ctx context.Context, c lifecycle.Command) error {
	leadID := leadOf(c)
	return s.tx(ctx, "alert", func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"lead": leadID, "assignment": assignmentID(c.Assignment)}
		now, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlStillOpen, args), pgx.RowToStructByName[stillOpen])
		if err != nil || !now.Open {
			return err
		}
		rep := c.Rep
		if c.Clock.Level == lifecycle.LevelEscalate || c.Clock.Level == lifecycle.LevelManager {
			args := pgx.NamedArgs{"lead": leadID, "team": assignmentID(c.Team), "rep": assignmentID(c.Rep)}
			manager, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlWhomToAlert, args), pgx.RowTo[*string])
			if err != nil {
				return err
			}
			if manager != nil {
				rep = *manager
			}
		}
		return tellSales(ctx, tx, alert{alertKind(c.Clock), c.ID, record.AlertData{
			LeadID: leadID, Cycle: c.Cycle, AssignmentID: c.Assignment, RepID: rep, Score: now.Score, DueAt: now.DueAt,
		}})
	})
}

func query(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) pgx.Rows {
	rows, _ := tx.Query(ctx, sql, args)
	return rows
}

func alertKind(k lifecycle.Clock) string {
	switch {
	case k.Kind == lifecycle.ClockTouch:
		return "first_touch"
	case k.Kind == lifecycle.ClockIdle:
		return "idle_" + string(k.Level)
	case k.Level == lifecycle.LevelEscalate:
		return "escalation"
	}
	return "reminder"
}
