package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// effects does what the steps of a move say beside moving on. Arms and goals are noted once, who is to be told is told once, by
// natural keys; a field that has its value already is left alone.
func (g *going) effects(ctx context.Context, q querier, b *pgx.Batch, m *sequence.Move) error {
	fields := map[string]any{}
	for _, e := range m.Effects {
		switch {
		case e.Arm != "":
			g.mark(b, markArm, e.Step, e.Arm)
		case e.Goal != "":
			g.mark(b, markGoal, e.Step, e.Goal)
		case e.Notify != nil:
			if err := g.notify(ctx, q, b, e); err != nil {
				return err
			}
		case e.SetField != nil:
			fields[e.SetField.Field] = e.SetField.Value
		}
	}
	if len(fields) == 0 {
		return nil
	}
	if len(m.Bands) > 0 && !m.Done {
		m.At = g.c.At // the fields may have made it be in the band it waits for: it looks again at once
	}
	return g.learn(ctx, q, b, fields)
}

const sqlMarkSequence = `WITH marked AS (
	INSERT INTO sequence_marks (lead_id, cycle, sequence, version, entry, step, kind, value, at)
	VALUES (@lead, @cycle, @sequence, @version, @entry, @step, @mark, @value, now()) ON CONFLICT DO NOTHING RETURNING step, value)
INSERT INTO timeline (lead_id, at, kind, actor_type, why, cycle, version, data)
SELECT @lead, now(), @kind, 'system', value, @cycle, @lead_version, @data FROM marked`

// The kinds of marks, and of the lines of the timeline that tell of them.
const (
	markArm    = "arm"
	markGoal   = "goal"
	markNotify = "notify"
)

var markedAs = map[string]string{markArm: "split", markGoal: "goal", markNotify: "notified"}

// The moment of a mark is Postgres's, as those of mails and of events are: the clock of a run may be another.
//
// mark notes once in an entry which arm the lead drew, which goal it reached, or who was told.
func (g *going) mark(b *pgx.Batch, kind, step, value string) {
	b.Queue(sqlMarkSequence, pgx.NamedArgs{
		"lead": g.n.ID, "cycle": g.c.Cycle, "sequence": g.c.Position.Sequence, "version": g.version, "entry": g.entry, "step": step,
		"mark": kind, "value": value, "kind": markedAs[kind], "lead_version": g.n.Version,
		"data": map[string]any{"sequence": g.c.Position.Sequence, "sequence_version": g.version, "step": step},
	})
}

// learn writes fields as a patch does: what is known changes, the value is kept with where it came from, and the score follows.
func (g *going) learn(ctx context.Context, q querier, b *pgx.Batch, fields map[string]any) error {
	ch := &change{c: record.Capture{Profile: fields, Via: "sequence:" + g.c.Position.Sequence}, lead: &g.n.leadRow}
	ch.merge()
	if !ch.changed() {
		return nil
	}
	w, err := g.s.enter(ctx, q)
	if err != nil {
		return err
	}
	g.s.queuePerson(b, ch)
	b.Queue(sqlTimeline, entry(g.n.leadRow, "changed", lifecycle.System, ch.c.Via, map[string]any{"fields": ch.fields()}))
	return g.s.rescore(ctx, q, b, w, []*subject{ch.subject()})
}

const sqlRepToNotify = `SELECT id FROM reps WHERE email = @email AND active`

// notify queues what tells a rep by mail, or all who subscribe to it. Nobody is told about a lead that came with an import which was
// to alert nobody. A rep who is gone is noted on the timeline.
func (g *going) notify(ctx context.Context, q querier, b *pgx.Batch, e sequence.Effect) error {
	a := record.AlertData{
		LeadID: g.n.ID, Cycle: g.c.Cycle, Score: g.n.Score, Sequence: g.c.Position.Sequence, Step: e.Step, Message: e.Notify.Message,
	}
	why := e.Notify.Channel
	if e.Notify.Rep != "" {
		rows, _ := q.Query(ctx, sqlRepToNotify, pgx.NamedArgs{"email": e.Notify.Rep})
		reps, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		if why = "no_rep"; len(reps) > 0 {
			why, a.RepID = "rep", reps[0]
		}
	}
	if !g.n.Alert {
		why = "not_asked"
	}
	g.mark(b, markNotify, e.Step, why)
	if why != "rep" && why != sequence.ChannelWebhook {
		return nil
	}
	payload, err := json.Marshal(record.AlertPayload{Type: record.KindSequenceNotified, Timestamp: time.Now().UTC().Truncate(time.Second), Data: a})
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{
		"key": g.key("notify", e.Step), "kind": record.AlertSequence, "lead": g.n.ID, "cycle": g.c.Cycle, "assignment": nil,
		"rep": assignmentID(a.RepID), "event": record.KindSequenceNotified, "payload": payload, "claims": 0, "lease": time.Duration(0),
		"was": nil, "gathers": time.Duration(0),
	}
	sql := sqlAlertHooks
	if why == "rep" {
		sql = sqlAlertMail
	}
	b.Queue(sql, args)
	return nil
}
