package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const (
	// What both have under one id within the time of an id is one event: it stays with the one that ended, and counts once.
	sqlMergeEvents = `INSERT INTO merge_events (merge_id, event_id, received_at, inherited_at)
SELECT @merge, v.id, v.received_at, v.inherited_at FROM events v WHERE v.lead_id = @loser AND NOT EXISTS (
	SELECT FROM events l WHERE l.lead_id = @into AND l.client_id = v.client_id
		AND l.received_at > v.received_at - interval '35 days' AND l.received_at < v.received_at + interval '35 days')`

	// An explanation of a moment before does not count them.
	sqlMoveEvents = `UPDATE events e SET lead_id = @into, inherited_at = now() FROM merge_events m
WHERE m.merge_id = @merge AND e.id = m.event_id AND e.received_at = m.received_at AND e.lead_id = @loser
RETURNING e.id::text`

	// A score without its events would be wrong wherever scores are looked through.
	sqlDropScore = `DELETE FROM scores WHERE lead_id = @loser`

	sqlCountEvents = `SELECT count(*) FROM events WHERE lead_id = @loser`
)

// moveEvents gives the events away, and answers their ids.
func (g *merging) moveEvents(ctx context.Context) (map[string]bool, error) {
	args := g.args()
	if _, err := g.tx.Exec(ctx, sqlMergeEvents, args); err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(query(ctx, g.tx, sqlMoveEvents, args), pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	g.report.Joined.Events = len(ids)
	moved := make(map[string]bool, len(ids))
	for _, id := range ids {
		moved[id] = true
	}
	return moved, g.tx.QueryRow(ctx, sqlCountEvents, args).Scan(&g.report.Joined.Duplicates)
}

// score folds the one that goes on anew from the events of both, under its own adjustments, and says what follows: a cycle that
// qualifies by them, a rest that ends, and of a lead that waits for sales that the other has to be offered instead.
func (g *merging) score(ctx context.Context) error {
	both := []string{g.Into, g.LeadID}
	found, err := stood(ctx, g.tx, both)
	if err != nil {
		return err
	}
	if err := history(ctx, g.tx, g.w.scorer, found, both, nil, nil); err != nil {
		return err
	}
	st, other := found[g.Into], found[g.LeadID]
	goneHere, err := g.s.gone(ctx, g.tx, g.w, st, st.before, st.before)
	if err != nil {
		return err
	}
	goneThere, err := g.s.gone(ctx, g.tx, g.w, other, other.before, other.before)
	if err != nil {
		return err
	}
	moved, err := g.moveEvents(ctx)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(other.before), func(e scoring.Event) bool { return !moved[e.ID] })
	was := goneHere.with(g.w, st, st.before)
	acc := goneHere.with(g.w, st, append(slices.Clone(st.before), fresh...))
	if goneThere.stored != nil {
		acc = g.w.scorer.Regain(acc, *goneThere.stored, st.adjustments, goneThere.all)
	}
	v := g.judge(st, was, acc, fresh)
	if later := goneThere.engaged(other, nil); later != nil && (v.engagedAt == nil || later.After(*v.engagedAt)) {
		v.engagedAt = later
	}
	g.b.Queue(sqlDropScore, g.args())
	var scores scoreRows
	scores.add(g.Into, g.w, v)
	scores.queue(g.b, sqlWriteScores)
	retold(g.b, g.Into, g.LeadID)
	e := &g.report.Effects
	e.ScoreBefore, e.Score, e.BandBefore, e.Band, e.Triggers = v.before.Score, v.after.Score, st.Band, v.after.Band, v.kinds
	tells := []told{{lead: g.LeadID, kinds: []string{triggerErased}}}
	if v.tell {
		tells = append(tells, told{lead: g.Into, score: v.after.Score, band: v.after.Band, kinds: v.kinds})
	}
	tell(g.b, tells...)
	return nil
}

// judge is what the joined events make of the one that goes on.
func (g *merging) judge(st *standing, was, acc scoring.Accumulators, fresh []scoring.Event) verdict {
	s := g.w.scorer
	v := verdict{mqlAt: st.MQLAt, mqlCycle: st.MQLCycle, at: st.since(g.w.now), accumulators: acc}
	before, fit := g.w.fit(g.into.leadRow, g.into.Profile, was), g.w.fit(g.into.leadRow, g.profile, acc)
	v.before = s.EvaluateFit(before, was, st.adjustments, v.at, st.Band)
	v.after = s.EvaluateFit(fit, acc, st.adjustments, v.at, st.Band)
	v.turnsAt = st.looked(v.at, s.Turns(fit, acc, st.adjustments, v.at, v.after.Band))
	engaged := false
	for _, e := range fresh {
		if person.Engages(e.Type) {
			v.engagedAt = later(v.engagedAt, e.OccurredAt)
			engaged = engaged || inCycle(g.into.leadRow, e.OccurredAt)
		}
	}
	su := &subject{lead: g.into.leadRow}
	v.edge(g.w, su, st, engaged)
	slices.SortFunc(fresh, func(a, b scoring.Event) int { return a.OccurredAt.Compare(b.OccurredAt) })
	v.wake(g.w, su, fresh, engaged)
	if g.waits() && len(v.kinds) == 0 && (v.mqlCycle == nil || *v.mqlCycle != g.into.Cycle) {
		v.kinds = append(v.kinds, lifecycle.TriggerMQL)
		v.qualify(g.w, su)
	}
	v.kinds = slices.DeleteFunc(v.kinds, func(kind string) bool { return !hears(g.into.Stage, kind) })
	v.tell = len(v.kinds) > 0 || open(g.into.Stage) && v.after.Band != st.Band
	return v
}

// waits reports that the one that ends waits for sales, and the other does not: what it asked for must not be lost.
func (g *merging) waits() bool {
	asked := g.loser.Stage == lifecycle.StageQualified || g.loser.Stage == lifecycle.StageHandoff
	return asked && g.into.Stage == lifecycle.StageNurturing
}

// What can no longer be undone need not be known. What came since for a lead of a chain is kept for who undoes its end.
const sqlForgetOldMoved = `DELETE FROM merge_events WHERE (merge_id, event_id) IN (
	SELECT m.merge_id, m.event_id FROM merges g JOIN merge_events m ON m.merge_id = g.id
	WHERE g.at < now() - interval '2 days' AND m.received_at < now() - interval '2 days' LIMIT 10000 FOR UPDATE OF m SKIP LOCKED)`

const sqlFinishMerge = `UPDATE merges SET changed = @changed, counts = @counts WHERE id = @merge`

// finish says on both timelines what was done, tells subscribers, and writes what is queued.
func (g *merging) finish(ctx context.Context) error {
	args := g.args()
	args["changed"] = g.changed
	args["counts"] = map[string]any{"joined": g.report.Joined, "effects": g.report.Effects}
	g.b.Queue(sqlFinishMerge, args)
	g.b.Queue(sqlForgetOldMoved)
	j := g.report.Joined
	g.b.Queue(sqlTimeline, entry(g.loser.leadRow, "merged", g.Actor, g.Reason, map[string]any{"merge_id": g.id, "into": g.Into}))
	g.b.Queue(sqlTimeline, entry(g.into.leadRow, "merged_in", g.Actor, g.Reason, map[string]any{
		"merge_id": g.id, "lead_id": g.LeadID, "events": j.Events, "duplicates": j.Duplicates, "visitors": j.Visitors, "mails": j.Mails,
		"offers_ended": j.OffersEnded, "fields": orNone(g.changed.Fields), "withdrawn": orNone(g.report.Effects.Withdrawn),
		"score_before": g.report.Effects.ScoreBefore, "score": g.report.Effects.Score,
	}))
	if err := g.hooks("merged", g.w.now); err != nil {
		return err
	}
	return g.tx.SendBatch(ctx, g.b).Close()
}

const sqlTellMergeHooks = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, webhook_id, at_least_once, payload)
SELECT gen_random_uuid(), @merge::uuid || '/' || @kind || '/hook/' || w.id, 'webhook', 'webhook', @kind, l.id, l.cycle, w.id, true, @payload
FROM leads l CROSS JOIN webhooks w
WHERE l.id = @into AND l.alert AND w.active AND w.format = 'standard' AND (w.kinds = '{}' OR @event = ANY(w.kinds)) ON CONFLICT (key) DO NOTHING`

// hooks tells subscribers, who keep leads by their ids.
func (g *merging) hooks(kind string, at time.Time) error {
	args, err := mergeHook(g.id, g.LeadID, g.into.leadRow, g.report.Effects.Score, kind, at)
	if err == nil {
		g.b.Queue(sqlTellMergeHooks, args)
	}
	return err
}
