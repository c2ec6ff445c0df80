package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Whom a worker waits for are born claimed. What is late is gathered: TellLate puts it in its order.
const (
	sqlAlertMail = `INSERT INTO deliveries AS d (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, at_least_once, payload,
	state, attempts, claimed_until, due_at, gathering, not_before)
SELECT gen_random_uuid(), @key || '/mail', 'alert', 'mail', @kind, @lead, @cycle, @assignment, @rep, true, @payload,
	CASE WHEN goes THEN 'claimed' ELSE 'queued' END, goes::int, CASE WHEN goes THEN now() + @lease::interval END, @was::timestamptz, @was::timestamptz IS NOT NULL, now() + @gathers::interval
FROM (SELECT @claims > 0 AND held_at IS NULL AS goes FROM lanes WHERE lane = 'alert') AS l
ON CONFLICT (key) DO NOTHING RETURNING ` + claimColumns

	sqlAlertHooks = `INSERT INTO deliveries AS d (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, webhook_id, at_least_once, payload,
	state, attempts, claimed_until, due_at, gathering, not_before)
SELECT gen_random_uuid(), @key || '/hook/' || w.id, 'webhook', CASE w.format WHEN 'slack' THEN 'slack' ELSE 'webhook' END, @kind, @lead, @cycle,
	@assignment, @rep, w.id, true, CASE w.format WHEN 'slack' THEN coalesce(@letter::jsonb, @payload::jsonb) ELSE @payload::jsonb END,
	CASE WHEN goes THEN 'claimed' ELSE 'queued' END, goes::int, CASE WHEN goes THEN now() + @lease::interval END, @was::timestamptz, @was::timestamptz IS NOT NULL, now() + @gathers::interval
FROM (SELECT w.id, w.format, row_number() OVER () <= @claims AND (SELECT held_at IS NULL FROM lanes WHERE lane = 'webhook') AS goes
	FROM webhooks w WHERE w.active AND CASE WHEN @webhook::uuid IS NULL THEN (w.kinds = '{}' OR @event = ANY(w.kinds)) AND ` + concerned + ` ELSE w.id = @webhook END) AS w
ON CONFLICT (key) DO NOTHING RETURNING ` + claimColumns
)

// concerned says whether a channel of Slack is that of the rep whom an alert is for, or of their team, or of everybody.
// Subscribers want all of it.
const concerned = `(w.format = 'standard' OR w.rep_id = @rep::uuid OR w.rep_id IS NULL
	AND (w.team_id IS NULL OR w.team_id = (SELECT team_id FROM reps WHERE id = @rep::uuid)))`

// hooksAtOnce is how many subscribers are told of one happening without waiting to be claimed.
const hooksAtOnce = 4

// alert is something sales must hear of.
type alert struct {
	kind string
	key  string // of the command: told once
	record.AlertData
	text string       // what only the mail says
	whys []record.Why // so is what the score was made of

	noMail  bool   // subscribers only
	unheard bool   // there are none
	webhook string // of them this one only, whatever it wants to hear of

	due *time.Time // of what is late: it is told in this order
}

// letter is what a mail says of it; a webhook says its payload.
func (a alert) letter(at time.Time) record.AlertLetter {
	told := record.AlertPayload{Type: record.WebhookKind(a.kind), Timestamp: at, Data: a.AlertData}
	return record.AlertLetter{AlertPayload: told, Text: a.text, Whys: a.whys}
}

// tellSales queues the deliveries of an alert: a mail to the rep in the alert lane, and a webhook to every subscriber. A
// webhook says ids and codes; who may know more asks the API.
func tellSales(b *pgx.Batch, h *handing, a alert) error {
	whole := a.letter(time.Now().UTC().Truncate(time.Second))
	event := whole.Type
	payload, err := json.Marshal(whole.AlertPayload)
	if err != nil {
		return err
	}
	letter, err := json.Marshal(whole)
	if err != nil {
		return err
	}
	var gathers time.Duration
	if a.due != nil {
		h, gathers = nil, gatheringGoes
	}
	args := func(payload []byte) pgx.NamedArgs {
		return pgx.NamedArgs{
			"key": a.key, "kind": a.kind, "lead": a.LeadID, "cycle": a.Cycle, "assignment": assignmentID(a.AssignmentID),
			"rep": assignmentID(a.RepID), "event": event, "payload": payload, "letter": letter, "webhook": assignmentID(a.webhook),
			"was": a.due, "gathers": gathers,
		}
	}
	if !a.noMail && isID(a.RepID) && a.kind != "claimed" { // who takes a lead need not be told
		b.Queue(sqlAlertMail, h.claim(args(letter), record.LaneAlert, 1)).Query(h.made)
	}
	if !a.unheard {
		b.Queue(sqlAlertHooks, h.claim(args(payload), record.LaneWebhook, hooksAtOnce)).Query(h.made)
	}
	return nil
}

const sqlWhomToAlert = `SELECT coalesce(t.manager_id, @rep::uuid) FROM leads l LEFT JOIN teams t ON t.id = coalesce(l.team_id, @team::uuid)
WHERE l.id = @lead`

// The deadline is the lead's, which a pause moves, while the offer is open.
const sqlStillOpen = `SELECT l.alert AND (@assignment::uuid IS NULL OR coalesce(a.state IN ('offered', 'accepted'), false)) AS open,
	coalesce(s.score, 0) AS score, coalesce(s.band, '') AS band, a.explanation,
	CASE WHEN a.state = 'offered' THEN coalesce(l.sla_due_at, a.due_at) END AS due_at, a.state = 'offered' AND ` + isAway + ` AS away,
	l.stage = 'qualified' AS queued
FROM leads l LEFT JOIN assignments a ON a.id = @assignment::uuid LEFT JOIN reps r ON r.id = a.rep_id LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.id = @lead AND l.stage <> 'erased' FOR NO KEY UPDATE OF l`

type stillOpen struct {
	Open        bool
	Score       int
	Band        string
	DueAt       *time.Time
	Queued      bool
	Away        *bool // who was offered it is away, or takes no leads any more; nil: there is no offer
	Explanation json.RawMessage
}

// Alert writes the deliveries of a reminder or an escalation under the command's id; none when the offer is not open any
// more. Where whoever was offered the lead is away nobody is reminded: the run is told, and looks for another rep.
func (s *Store) Alert(ctx context.Context, c lifecycle.Command) error {
	leadID := leadOf(c)
	h := s.handing()
	var now stillOpen
	var manager *string
	args := pgx.NamedArgs{"lead": leadID, "assignment": assignmentID(c.Assignment), "team": assignmentID(c.Team), "rep": assignmentID(c.Rep)}
	err := s.brief(ctx, "alert", func(b *pgx.Batch) {
		b.Queue(sqlStillOpen, args).Query(func(rows pgx.Rows) (err error) {
			now, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[stillOpen])
			return err
		})
		b.Queue(sqlWhomToAlert, args).Query(func(rows pgx.Rows) (err error) {
			manager, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[*string])
			return err
		})
	}, func(q querier, b *pgx.Batch) error {
		h.again()
		switch {
		case now.Away != nil && *now.Away:
			tell(b, told{lead: leadID, score: now.Score, band: now.Band, kinds: []string{repAway(c.Assignment)}})
			return nil
		case !now.Open, c.Clock.Kind == lifecycle.ClockQueue && !now.Queued:
			return nil
		}
		to, err := s.targetOf(ctx, q, c, manager)
		if err != nil {
			return err
		}
		explained, err := explanationOf(now.Explanation)
		if err != nil {
			return err
		}
		a := alert{kind: alertKind(c.Clock), key: c.ID, whys: record.Whys(explained.Items, whysShown), noMail: !to.mail, webhook: to.webhook, AlertData: record.AlertData{
			LeadID: leadID, Cycle: c.Cycle, AssignmentID: c.Assignment, RepID: to.rep, Score: now.Score, DueAt: now.DueAt,
		}}
		a.of(c.Clock.Was, c.At)
		return tellSales(b, h, a)
	})
	h.end(err)
	return err
}

func query(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) pgx.Rows {
	rows, _ := tx.Query(ctx, sql, args)
	return rows
}

func alertKind(k lifecycle.Clock) string {
	what := map[lifecycle.ClockKind]string{lifecycle.ClockTouch: "first_touch", lifecycle.ClockIdle: "idle"}[k.Kind]
	switch {
	case k.Kind == lifecycle.ClockQueue:
		return "queue"
	case what == "" && k.Level == lifecycle.LevelEscalate:
		return "escalation"
	case what == "":
		return "reminder"
	case k.Level == lifecycle.LevelRemind:
		return what + "_reminder"
	case k.Level == lifecycle.LevelEscalate:
		return what + "_escalation"
	case k.Kind == lifecycle.ClockTouch:
		return what
	}
	return what + "_" + string(k.Level)
}
