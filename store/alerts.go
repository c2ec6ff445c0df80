package store

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

const (
	sqlAlertMail = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, at_least_once)
VALUES (gen_random_uuid(), @key || '/mail', 'alert', 'mail', @kind, @lead, @cycle, @assignment, @rep, true)
ON CONFLICT (key) DO NOTHING`

	sqlAlertHooks = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, webhook_id, at_least_once, payload)
SELECT gen_random_uuid(), @key || '/hook/' || w.id, 'webhook', 'webhook', @kind, @lead, @cycle, @assignment, @rep, w.id, true, @payload
FROM webhooks w WHERE w.active AND (w.kinds = '{}' OR @event = ANY(w.kinds))
ON CONFLICT (key) DO NOTHING`
)

// tellSales writes the deliveries of an alert: a mail to the rep in the alert lane, and a webhook to every subscriber. A
// webhook says ids and codes; who may know more asks the API.
func tellSales(ctx context.Context, tx pgx.Tx, kind, key, leadID string, cycle int, assignment, rep string, score int) error {
	event := "handoff." + kind
	payload, err := json.Marshal(map[string]any{
		"type": event, "timestamp": time.Now().UTC().Format(time.RFC3339),
		"data": map[string]any{"lead_id": leadID, "cycle": cycle, "assignment_id": assignment, "rep_id": rep, "score": score},
	})
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{
		"key": key, "kind": kind, "lead": leadID, "cycle": cycle, "assignment": assignmentID(assignment), "rep": assignmentID(rep),
		"event": event, "payload": payload,
	}
	b := &pgx.Batch{}
	if isID(rep) && kind != "claimed" { // who takes a lead need not be told
		b.Queue(sqlAlertMail, args)
	}
	b.Queue(sqlAlertHooks, args)
	return tx.SendBatch(ctx, b).Close()
}

const sqlWhomToAlert = `SELECT coalesce(t.manager_id, @rep::uuid) FROM leads l LEFT JOIN teams t ON t.id = coalesce(l.team_id, @team::uuid)
WHERE l.id = @lead`

const sqlStillOpen = `SELECT l.alert AND (@assignment::uuid IS NULL OR EXISTS (
	SELECT FROM assignments a WHERE a.id = @assignment AND a.state IN ('offered', 'accepted')))
FROM leads l WHERE l.id = @lead AND l.stage <> 'erased'`

// Alert writes the deliveries of a reminder or an escalation under the command's id; none when the offer is not open any
// more.
func (s *Store) Alert(ctx context.Context, c lifecycle.Command) error {
	leadID := leadOf(c)
	return s.tx(ctx, "alert", func(tx pgx.Tx) error {
		open, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlStillOpen, pgx.NamedArgs{"lead": leadID, "assignment": assignmentID(c.Assignment)}), pgx.RowTo[bool])
		if err != nil || !open {
			return err
		}
		kind, rep := alertKind(c.Clock), c.Rep
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
		return tellSales(ctx, tx, kind, c.ID, leadID, c.Cycle, c.Assignment, rep, 0)
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
	if k.N > 0 {
		return "reminder" + strconv.Itoa(k.N)
	}
	return "reminder"
}
