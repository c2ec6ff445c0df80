package store

import (
	"bytes"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// follow queues what follows: the event and all that it means, a line of the timeline, and of an answer the note and the alert.
func (t *returning) follow(ctx context.Context, h *handing, as string) error {
	event, stops := t.event(as)
	data := map[string]any{"via": t.Via}
	if t.Status != "" {
		data["status"] = t.Status
	}
	if isID(t.DeliveryID) {
		data["delivery_id"] = t.DeliveryID
	}
	if stops != "" && !bytes.Equal(t.mailedHash, t.s.suppressionHash(t.lead.email())) {
		t.b.Queue(sqlSuppress, pgx.NamedArgs{"hash": t.mailedHash, "email": nullable(t.mailed), "reason": stops, "lead": t.lead.ID})
	}
	if stops != "" && !bytes.Equal(t.mailedHash, t.s.suppressionHash(t.lead.email())) && (!t.merged || stops == suppressedBounce) {
		// It is about an address this person has left: that one is suppressed, nothing is held against the person. Who was merged
		// has left none: a no is theirs.
		data["earlier_address"] = true
		t.b.Queue(sqlTimeline, entry(t.lead, "mail_"+t.Kind, lifecycle.Actor{}, as, data))
		return nil
	}
	actor := lifecycle.Actor{Type: "lead"}
	if t.Kind == record.ReturnedBounce {
		actor = lifecycle.System
	}
	su := &subject{lead: t.lead, profile: t.lead.Profile, address: t.lead.email()}
	su.events = append(su.events, t.s.eventOf(t.b, t.w, t.lead, event))
	if as == record.AsReplied {
		su.kinds = []string{triggerFirstTouch} // the run looks at its sequence at once, and finds the answer
		if err := t.answered(ctx, h, data); err != nil {
			return err
		}
	}
	t.b.Queue(sqlTimeline, entry(t.lead, "mail_"+t.Kind, actor, as, data))
	return t.s.rescore(ctx, t.tx, t.b, t.w, []*subject{su})
}

// event is what happened as engagement; stops is why the address is suppressed by it, empty: it is not.
func (t *returning) event(as string) (e record.Event, stops string) {
	e = record.Event{ClientID: t.clientID(), Properties: map[string]any{"via": t.Via}}
	if t.Status != "" {
		e.Properties["status"] = t.Status
	}
	switch as {
	case record.AsHard:
		e.Type, stops = "email_bounce", suppressedBounce
		e.Properties["kind"] = "hard"
		if !t.Hard {
			e.Properties["why"] = "soft_too_often"
		}
	case record.AsSoft:
		e.Type = "email_bounce"
		e.Properties["kind"] = "soft"
	case record.AsComplaint:
		e.Type, stops = "complaint", suppressedComplaint
	case record.AsUnsubscribed:
		e.Type, stops = "unsubscribe", suppressedUnsubscribe
	case record.AsReplied:
		e.Type = "email_reply"
	}
	return e, stops
}

const (
	// What waits of a sequence that ends with an answer must not go out after it.
	sqlEndAnswered = `UPDATE deliveries d SET state = 'expired', code = 'replied', claimed_until = NULL
FROM sequences q WHERE d.lead_id = @lead AND d.kind = 'nurture' AND d.state IN ('queued', 'claimed')
	AND q.name = d.sequence AND q.version = d.sequence_version AND q.document -> 'exit' ? 'replied'`

	// Who hears of an answer: whose the lead is, unless they are away; else who manages its team, else the manager of the team
	// that was there first. Managers need not take leads themselves.
	sqlWhomToTell = `SELECT coalesce(
	(SELECT id FROM reps WHERE id = l.owner AND active),
	(SELECT manager_id FROM teams WHERE id = l.team_id),
	(SELECT manager_id FROM teams WHERE manager_id IS NOT NULL ORDER BY id LIMIT 1))::text AS rep,
	l.assignment_id::text AS assignment, coalesce(s.score, 0) AS score,
	CASE WHEN l.stage = 'handoff' THEN l.sla_due_at END AS due_at
FROM leads l LEFT JOIN scores s ON s.lead_id = l.id WHERE l.id = @lead`
)

type whomToTell struct {
	Rep, Assignment *string
	Score           int
	DueAt           *time.Time // of an offer that is open
}

// alert is what they hear of a lead.
func (w whomToTell) alert(kind, key string, lead leadRow) alert {
	a := alert{kind: kind, key: key, AlertData: record.AlertData{LeadID: lead.ID, Cycle: lead.Cycle, Score: w.Score}}
	if w.Rep != nil {
		a.RepID = *w.Rep
	}
	if w.Assignment != nil {
		a.AssignmentID = *w.Assignment
	}
	return a
}

// answered keeps what was written as a note, ends what waits, and tells sales: a person wrote, whatever an import was told.
func (t *returning) answered(ctx context.Context, h *handing, data map[string]any) error {
	args := pgx.NamedArgs{"lead": t.lead.ID}
	rows, _ := t.tx.Query(ctx, sqlWhomToTell, args)
	whom, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[whomToTell])
	if err != nil {
		return err
	}
	t.b.Queue(sqlEndAnswered, args)
	if t.Text != "" {
		id := newID()
		t.b.Queue(sqlAddNote, pgx.NamedArgs{"id": id, "lead": t.lead.ID, "rep": nil, "key": nil, "text": t.Text})
		data["note_id"] = id
	}
	a := whom.alert(record.AlertReply, t.key(), t.lead)
	a.text = t.Text
	return tellSales(t.b, h, a)
}
