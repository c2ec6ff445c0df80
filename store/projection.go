package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

const sqlLockProjection = `SELECT stage, version, told_at, coalesce(reborn, 0) FROM leads WHERE id = @id FOR NO KEY UPDATE`

// RecordStage writes the projection, the timeline and the carried state under the lead's version, in one transaction. A
// later attempt at the same version replaces the earlier one. An older version changes nothing, unless it was told later: then a task that
// had recorded several versions was lost, and what they say took effect did not. It reports erased when
// the person is gone; where the run was told to erase, the person goes here, for no row may say so and hold them still. A run of
// before an undone merge is told that its person is gone, and ends; the one that goes on begins after it.
func (s *Store) RecordStage(ctx context.Context, c lifecycle.Carried) (erased bool, err error) {
	if c.Lead.Stage == lifecycle.StageErased {
		return true, s.eraseByRun(ctx, c)
	}
	if timeWent(c) {
		if done, err := s.projectAhead(ctx, c); done || err != nil {
			return false, err
		}
	}
	var stage lifecycle.Stage
	var version, reborn int64
	var told *time.Time
	err = s.brief(ctx, "record stage", func(b *pgx.Batch) {
		b.Queue(sqlLockProjection, pgx.NamedArgs{"id": c.Lead.ID}).QueryRow(func(row pgx.Row) error { return row.Scan(&stage, &version, &told, &reborn) })
	}, func(_ querier, b *pgx.Batch) error {
		erased = stage == lifecycle.StageErased
		if !erased && c.Lead.Version < reborn {
			erased = true
			b.Queue(sqlBeginAnew, pgx.NamedArgs{"loser": c.Lead.ID})
			return nil
		}
		anew := told != nil && c.Told.After(*told)
		if erased || version > c.Lead.Version && !anew {
			return nil
		}
		return project(b, c, version >= c.Lead.Version)
	})
	return erased, err
}

const sqlWhyErased = `SELECT merged_into::text, coalesce(reborn, 0) FROM leads WHERE id = @id`

// eraseByRun does what a run says that ends as erased. It was told to by a merge, where nobody asked for it, or asked by a person.
func (s *Store) eraseByRun(ctx context.Context, c lifecycle.Carried) error {
	who := whoErased(c.Entries)
	if who != lifecycle.System && who != (lifecycle.Actor{}) {
		return s.erase(ctx, c.Lead.ID, who, false)
	}
	var into *string
	var reborn int64
	err := s.pool.QueryRow(ctx, sqlWhyErased, pgx.NamedArgs{"id": c.Lead.ID}).Scan(&into, &reborn)
	switch {
	case err != nil:
		return masked("record stage", err)
	case into != nil:
		return nil
	case c.Lead.Version < reborn: // the merge was undone before this run ended
		_, err := s.pool.Exec(ctx, sqlBeginAnew, pgx.NamedArgs{"loser": c.Lead.ID})
		return masked("record stage", err)
	}
	return s.erase(ctx, c.Lead.ID, who, false)
}

func whoErased(entries []lifecycle.Entry) lifecycle.Actor {
	for _, e := range entries {
		if e.Kind == lifecycle.Erased {
			return e.Actor
		}
	}
	return lifecycle.System
}

const sqlProject = projected + `
WHERE id = @id AND stage <> 'erased'`

const projected = `UPDATE leads SET stage = @stage, stage_at = CASE WHEN stage = @stage THEN stage_at ELSE now() END,
	cycle = @cycle, cycle_started_at = coalesce(@cycle_at, cycle_started_at), version = @version, seq = @seq, paused = @paused,
	muted = @muted, reason = @reason, owner = (SELECT id FROM reps WHERE id = @owner), team_id = (SELECT id FROM teams WHERE id = @team),
	assignment_id = @assignment, sla_due_at = @due, sla_state = @sla, next_kind = @next_kind, next_at = @next_at,
	touch_wanted = CASE WHEN @stage = 'nurturing' THEN touch_wanted END, state = @state, told_at = @told, updated_at = now()`

// project queues what the read side is told. Again: it may have been told of this version before, by an attempt that is lost.
func project(b *pgx.Batch, c lifecycle.Carried, again bool) error {
	args, err := projectArgs(c)
	if err != nil {
		return err
	}
	l := c.Lead
	args["ended"] = ended(c)
	if again {
		b.Queue(sqlHeldByLost, args)
	}
	b.Queue(sqlHoldPlaces, args)
	b.Queue(sqlProject, args)
	if again { // the version and what was told with it are of one transaction
		attempt := pgx.NamedArgs{"id": l.ID, "version": l.Version}
		b.Queue(sqlUnapply, attempt)
		b.Queue(sqlForgetSignalled, pgx.NamedArgs{"id": l.ID, "decisions": signalledIDs(l.ID, l.Version)})
		b.Queue(sqlForgetAttempt, attempt)
	}
	queueTimeline(b, sqlRunTimeline, c)
	queueClosings(b, c, again)
	return queueDecided(b, c)
}

func projectArgs(c lifecycle.Carried) (pgx.NamedArgs, error) {
	l := c.Lead
	kept := c
	kept.Entries = nil // they are in the timeline now
	state, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	args := pgx.NamedArgs{
		"id": l.ID, "stage": l.Stage, "cycle": l.Cycle, "cycle_at": nil, "version": l.Version, "seq": l.Seq, "paused": l.Paused,
		"muted": l.Muted, "reason": l.Reason, "owner": nullable(l.Owner), "team": nullable(l.Team), "assignment": nullable(l.Assignment),
		"due": nil, "sla": l.SLA.State, "next_kind": "", "next_at": nil, "state": state, "told": nil,
	}
	if !c.Told.IsZero() {
		args["told"] = c.Told
	}
	if !l.CycleAt.IsZero() {
		args["cycle_at"] = l.CycleAt
	}
	if !l.SLA.DueAt.IsZero() {
		args["due"] = l.SLA.DueAt
	}
	if l.SLA.State == "" {
		args["sla"] = lifecycle.SLANone
	}
	if next, ok := l.Next(); ok {
		args["next_kind"], args["next_at"] = string(next.Kind), next.At
	}
	return args, nil
}

const (
	// What a lost attempt said took effect did not; the decision is asked again, and so is its outcome.
	sqlUnapply = `WITH undone AS (
	SELECT (data ->> 'decision_id')::uuid AS id FROM timeline
	WHERE lead_id = @id AND of_run AND version >= @version AND data ? 'decision_id'
), forgotten AS (
	DELETE FROM outcomes WHERE lead_id = @id AND decision IN (SELECT id FROM undone)
)
UPDATE decisions SET state = 'pending', code = '', answered_at = NULL, unkept = 0, next_at = now()
WHERE lead_id = @id AND state = 'applied' AND id IN (SELECT id FROM undone)`

	sqlForgetAttempt = `DELETE FROM timeline WHERE lead_id = @id AND of_run AND version >= @version`

	sqlRunTimeline = intoTimeline + `VALUES (` + timelineRow + `)`

	intoTimeline = `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, actor_id, why, cycle, version,
	of_run, assignment_id, data)
`
	timelineRow = `@id, @at, @kind, @from, @to, @actor_type, @actor, @why, @cycle, @version, true, @assignment, @data`
)

func queueTimeline(b *pgx.Batch, sql string, c lifecycle.Carried) {
	for _, e := range c.Entries {
		data := map[string]any{}
		for key, value := range map[string]string{"outcome": e.Outcome, "decision_id": e.Decision, "refused": e.Refused, "rep_id": e.Rep, "undoes": e.Undoes} {
			if value != "" {
				data[key] = value
			}
		}
		if e.Late {
			data["late"] = true
		}
		if !e.Due.IsZero() {
			data["due_at"] = e.Due
			if late := e.At.Sub(e.Due); late > tellsLate {
				data["late_by"] = late.Truncate(time.Second).String()
			}
		}
		b.Queue(sql, pgx.NamedArgs{
			"id": c.Lead.ID, "at": e.At, "kind": e.Kind, "from": nullable(string(e.From)), "to": nullable(string(e.To)),
			"actor_type": actorType(e.Actor), "actor": nullable(e.Actor.ID), "why": e.Why, "cycle": max(1, e.Cycle),
			"version": c.Lead.Version, "assignment": assignmentID(e.Assignment), "data": data,
		})
	}
}

func actorType(a lifecycle.Actor) string {
	if a.Type == "" {
		return lifecycle.System.Type
	}
	return a.Type
}

func assignmentID(id string) *string {
	if !isID(id) {
		return nil
	}
	return &id
}

const (
	// What was accepted and never touched is missed after all, when a clock of work takes it away, and keeps the moment at which it was
	// accepted. Any other end that is there already is that of an attempt that was lost. A person decided when they said so, which the run
	// may have heard of much later.
	sqlCloseAssignment = `UPDATE assignments SET state = @state, reason = @reason,
	decided_at = CASE WHEN state = 'accepted' AND @reason ~ '^(first_touch|idle)' THEN decided_at
		ELSE least(@at, (SELECT greatest(d.created_at, assignments.offered_at) FROM decisions d WHERE d.id = @decision::uuid AND d.lead_id = @id)) END
WHERE id = @assignment AND lead_id = @id AND (state = 'offered' OR state = 'accepted' AND @state = 'missed' OR @again AND state <> @state)`

	// A pause, a snooze and a change of terms move it.
	sqlMoveDue = `UPDATE assignments SET due_at = @due WHERE id = @assignment AND state = 'offered' AND due_at IS DISTINCT FROM @due`

	sqlCloseOthers = `UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'withdrawn'
WHERE lead_id = @id AND state = 'offered' AND id IS DISTINCT FROM @assignment::uuid`

	// An attempt that is lost may have closed what the lead waits for all the same. Who was not told meanwhile is told now.
	sqlReopen = `WITH opened AS (
	UPDATE assignments SET state = 'offered', decided_at = NULL, reason = ''
	WHERE id = @assignment AND lead_id = @id AND state <> 'offered' RETURNING id)
UPDATE deliveries d SET state = 'queued', code = '', not_before = now() FROM opened
WHERE d.assignment_id = opened.id AND d.lead_id = @id AND d.state = 'expired' AND d.code = 'offer_closed'`

	// What was offered and is not any more is told to the rep, once.
	sqlTellWithdrawn = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, at_least_once)
SELECT gen_random_uuid(), a.id || '/withdrawn', 'alert', 'mail', 'offer_withdrawn', a.lead_id, a.cycle, a.id, a.rep_id, true
FROM assignments a JOIN leads l ON l.id = a.lead_id
WHERE a.lead_id = @id AND l.alert AND a.state IN ('withdrawn', 'missed') AND a.decided_at > now() - interval '1 minute'
ON CONFLICT (key) DO NOTHING`
)

// ended are the assignments that are nobody's any more by what is told.
func ended(c lifecycle.Carried) []string {
	ids := []string{}
	for _, e := range c.Entries {
		if e.Outcome != "" && e.Outcome != "accepted" && isID(e.Assignment) {
			ids = append(ids, e.Assignment)
		}
	}
	return ids
}

// queueClosings closes offers as the entries say; what is left open and is not the lead's own was granted too late,
// unless the lead waits for a grant.
func queueClosings(b *pgx.Batch, c lifecycle.Carried, again bool) {
	told := false
	for _, e := range c.Entries {
		if e.Outcome == "" || !isID(e.Assignment) {
			continue
		}
		told = true
		b.Queue(sqlCloseAssignment, pgx.NamedArgs{
			"id": c.Lead.ID, "assignment": e.Assignment, "state": e.Outcome, "at": e.At, "reason": e.Why, "again": again,
			"decision": assignmentID(e.Decision),
		})
	}
	if !c.Lead.Asking { // else one may just have been granted: the run hears of it next, and its rep must not be left untold
		b.Queue(sqlCloseOthers, pgx.NamedArgs{"id": c.Lead.ID, "assignment": assignmentID(c.Lead.Assignment)})
	}
	if c.Lead.Stage == lifecycle.StageHandoff && isID(c.Lead.Assignment) {
		b.Queue(sqlReopen, pgx.NamedArgs{"id": c.Lead.ID, "assignment": c.Lead.Assignment})
		if !c.Lead.SLA.DueAt.IsZero() && c.Lead.SLA.State == lifecycle.SLARunning {
			b.Queue(sqlMoveDue, pgx.NamedArgs{"assignment": c.Lead.Assignment, "due": c.Lead.SLA.DueAt})
		}
	}
	if told {
		b.Queue(sqlTellWithdrawn, pgx.NamedArgs{"id": c.Lead.ID})
	}
}

const (
	sqlApplyDecision = `UPDATE decisions SET state = 'applied', code = '', answered_at = now(), unkept = @version WHERE id = @decision AND lead_id = @id`

	// What was known when the lead was offered comes along: of the offer that was refused, else of the one that was taken last.
	sqlOutcome = `INSERT INTO outcomes (lead_id, cycle, kind, at, rep_id, reason, amount, currency, one_thing, missing, decision,
	duplicate_of, assignment_id, model_version, score, rules)
SELECT @id::uuid, @cycle, @kind, @at, @rep, @reason, (d.body ->> 'amount')::numeric, d.body ->> 'currency', d.body ->> 'one_thing',
	d.body ->> 'missing', @decision::uuid, (d.body ->> 'duplicate_of')::uuid, a.id, a.model_version, a.score,
	(SELECT jsonb_agg(jsonb_build_object('rule', i -> 'rule', 'axis', i -> 'axis', 'points', i -> 'points', 'raw', i -> 'raw'))
		FROM jsonb_array_elements(CASE jsonb_typeof(a.explanation -> 'items') WHEN 'array' THEN a.explanation -> 'items' ELSE '[]' END) i)
FROM (VALUES (true)) AS one LEFT JOIN decisions d ON d.id = @decision AND d.lead_id = @id LEFT JOIN LATERAL (
	SELECT * FROM assignments WHERE lead_id = @id AND CASE WHEN @assignment::uuid IS NOT NULL THEN id = @assignment
		ELSE cycle = @cycle AND state = 'accepted' END ORDER BY offered_at DESC LIMIT 1
) a ON true
ON CONFLICT (decision) DO NOTHING`
)

// outcomeKinds are the decisions later analysis learns from.
var outcomeKinds = map[lifecycle.EventKind]string{
	lifecycle.Won: "won", lifecycle.Lost: "lost", lifecycle.Rejected: "rejected", lifecycle.Disqualified: "disqualified",
}

// queueDecided marks the stored decisions that took effect, and keeps what they say about the outcome.
func queueDecided(b *pgx.Batch, c lifecycle.Carried) error {
	for _, e := range c.Entries {
		if e.Kind == lifecycle.Undone && e.Refused == "" {
			if err := queueUndone(b, c, e); err != nil {
				return err
			}
		}
		queueQuestion(b, c.Lead.ID, e)
		decision := e.Decision
		if isID(decision) {
			b.Queue(sqlApplyDecision, pgx.NamedArgs{"id": c.Lead.ID, "decision": decision, "version": c.Lead.Version})
			queueWakeResumed(b, c.Lead.ID, e)
		} else {
			decision = signalled(c.Lead.ID, c.Lead.Version, e.Kind)
		}
		if kind, ok := outcomeKinds[e.Kind]; ok && e.Refused == "" {
			var rep *string
			if e.Actor.Type == "rep" {
				rep = assignmentID(e.Actor.ID)
			}
			b.Queue(sqlOutcome, pgx.NamedArgs{
				"id": c.Lead.ID, "decision": decision, "kind": kind, "at": e.At, "rep": rep, "reason": e.Why, "cycle": max(1, e.Cycle),
				"assignment": assignmentID(e.Assignment),
			})
		}
	}
	return nil
}
