package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// rebirth is how far an undo raises the version of the lead that comes back. Whatever a run of before still records is below
// it, and a run may have been about to record a few things.
const rebirth = 1000

const sqlMergeOf = `SELECT id, lead_id::text, into_id::text, at, reason, undone_at, counts, before, changed, brought::text[] AS brought, visitors FROM merges
WHERE lead_id = @lead AND undone_at IS NULL`

type mergeToUndo struct {
	mergeRead
	Before   json.RawMessage
	Changed  mergeChanged
	Brought  []string
	Visitors []string
}

// Unmerge undoes a merge within its day, in one transaction: the lead that ended goes on where it was, with what it had and what
// came for it since, and the other is scored by what is left. Its run begins anew from what Postgres kept. What happened since
// and cannot be taken back is named. record.ErrNotFound, record.ErrErased, *record.MergeRefused.
func (s *Store) Unmerge(ctx context.Context, leadID string, actor lifecycle.Actor) (record.UnmergeReport, error) {
	var out record.UnmergeReport
	leadID = strings.ToLower(leadID)
	if !isID(leadID) {
		return out, record.ErrNotFound
	}
	err := s.tx(ctx, "undo merge", func(tx pgx.Tx) error {
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		u := &unmerging{s: s, tx: tx, w: w, b: &pgx.Batch{}, actor: actor}
		if err := u.lock(ctx, leadID); err != nil {
			return err
		}
		out, err = u.run(ctx)
		return err
	})
	return out, err
}

// unmerging is a merge on its way back, both leads locked.
type unmerging struct {
	s     *Store
	tx    pgx.Tx
	w     world
	b     *pgx.Batch
	actor lifecycle.Actor

	merge       mergeToUndo
	before      projection
	loser, into mergeRow
	report      record.UnmergeReport
}

const (
	sqlLockVisitors     = `SELECT visitor_id FROM visitors WHERE visitor_id = ANY(@visitors::text[]) ORDER BY visitor_id FOR UPDATE`
	sqlTooLateToUnmerge = `SELECT now() > @at::timestamptz + @within::interval`
)

func (u *unmerging) lock(ctx context.Context, leadID string) error {
	if err := u.find(ctx, leadID); err != nil {
		return err
	}
	first := u.merge.ID
	args := pgx.NamedArgs{"visitors": u.merge.Visitors, "leads": []string{leadID, u.merge.IntoID}}
	for _, sql := range []string{sqlByKeys, sqlLockVisitors} {
		if _, err := u.tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	rows, err := pgx.CollectRows(query(ctx, u.tx, sqlLockMerging, args), pgx.RowToStructByName[mergeRow])
	if err != nil {
		return err
	}
	if err := u.find(ctx, leadID); err != nil { // as it is under the locks
		return err
	}
	for _, r := range rows {
		switch r.ID {
		case leadID:
			u.loser = r
		case u.merge.IntoID:
			u.into = r
		}
	}
	switch {
	case u.merge.ID != first, u.loser.ID == "", u.into.ID == "":
		return errAgain
	case u.into.MergedInto != nil, u.loser.MergedInto == nil, *u.loser.MergedInto != u.merge.IntoID:
		return &record.MergeRefused{Code: record.CodeMergedSince}
	case u.into.Stage == lifecycle.StageErased:
		return record.ErrErased
	}
	var late bool
	err = u.tx.QueryRow(ctx, sqlTooLateToUnmerge, pgx.NamedArgs{"at": u.merge.At, "within": record.UnmergeWithin}).Scan(&late)
	if err == nil && late {
		err = &record.MergeRefused{Code: record.CodeTooLate}
	}
	return err
}

// find reads the merge that is to be undone.
func (u *unmerging) find(ctx context.Context, leadID string) (err error) {
	u.merge, err = pgx.CollectExactlyOneRow(query(ctx, u.tx, sqlMergeOf, pgx.NamedArgs{"lead": leadID}), pgx.RowToStructByName[mergeToUndo])
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	p, err := pgx.CollectExactlyOneRow(query(ctx, u.tx, sqlPersonByID, pgx.NamedArgs{"id": leadID}), pgx.RowToStructByName[leadRow])
	switch {
	case err != nil:
		return err
	case p.Stage == lifecycle.StageErased:
		return record.ErrErased
	}
	return &record.MergeRefused{Code: record.CodeNotMerged}
}

func (u *unmerging) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"merge": u.merge.ID, "loser": u.merge.LeadID, "into": u.merge.IntoID, "at": u.merge.At, "brought": orNone(u.merge.Brought), "visitors": u.merge.Visitors,
	}
}

const sqlUndoneMerge = `UPDATE merges SET undone_at = now() WHERE id = @merge`

const sqlForgetMoved = `DELETE FROM merge_events WHERE merge_id = @merge`

func (u *unmerging) run(ctx context.Context) (out record.UnmergeReport, err error) {
	if u.before, err = projectionOf(u.merge.Before); err != nil {
		return out, err
	}
	if u.report.MergeReport, err = u.merge.report(); err != nil {
		return out, err
	}
	u.report.NotBack = []string{}
	for _, step := range []func(context.Context) error{u.since, u.keys, u.revive, u.reopen, u.person, u.consent, u.events, u.finish} {
		if err := step(ctx); err != nil {
			return out, err
		}
	}
	return u.report, nil
}

func (u *unmerging) stays(code string) {
	if !slices.Contains(u.report.NotBack, code) {
		u.report.NotBack = append(u.report.NotBack, code)
	}
}

// What happened since and stays: what people outside of the house noticed, and what was decided and learnt.
const sqlSinceMerge = `SELECT why FROM (VALUES
	('mail_sent', EXISTS (SELECT FROM deliveries WHERE lead_id = @into AND channel = 'mail' AND lane = 'bulk' AND kind <> 'test'
		AND state IN ('sending', 'sent', 'unknown') AND coalesce(sent_at, sending_at, created_at) > @at)),
	('contacted', EXISTS (SELECT FROM events WHERE lead_id = @into AND type IN ('call', 'meeting', 'chat') AND received_at > @at)),
	('decided', EXISTS (SELECT FROM decisions WHERE lead_id = @into AND state = 'applied' AND answered_at > @at)),
	('captured', EXISTS (SELECT FROM timeline WHERE lead_id = @into AND kind IN ('recaptured', 'changed') AND at > @at))
) AS w (why, so) WHERE so`

func (u *unmerging) since(ctx context.Context) error {
	whys, err := pgx.CollectRows(query(ctx, u.tx, sqlSinceMerge, u.args()), pgx.RowTo[string])
	for _, why := range whys {
		u.stays(why)
	}
	if j := u.report.Joined; j.OffersEnded > 0 {
		u.stays("offer_told")
	}
	if u.report.Joined.Refused > 0 {
		u.stays("decisions_refused")
	}
	return err
}

const (
	sqlLoseKeys = `UPDATE leads SET email = CASE WHEN email = @email THEN NULL ELSE email END,
	external_id = CASE WHEN external_id = @external_id THEN NULL ELSE external_id END, updated_at = now() WHERE id = @into`

	sqlTakenKeys = `SELECT EXISTS (SELECT FROM leads WHERE email = @email), EXISTS (SELECT FROM leads WHERE external_id = @external_id)`
)

// keys takes back those that the other had taken over.
func (u *unmerging) keys(ctx context.Context) error {
	if u.before.Email == "" && u.before.ExternalID == "" {
		return nil
	}
	args := u.args()
	args["email"], args["external_id"] = nullable(u.before.Email), nullable(u.before.ExternalID)
	if _, err := u.tx.Exec(ctx, sqlLoseKeys, args); err != nil {
		return err
	}
	var email, external bool
	if err := u.tx.QueryRow(ctx, sqlTakenKeys, args).Scan(&email, &external); err != nil {
		return err
	}
	if email {
		u.stays("email_taken")
		u.before.Email = ""
	}
	if external {
		u.stays("external_id_taken")
		u.before.ExternalID = ""
	}
	return nil
}

const (
	sqlNextSeq = `SELECT nextval('outbox_seq')`

	sqlReviveLead = `UPDATE leads SET stage = @stage, stage_at = @stage_at, merged_into = NULL, merged_at = NULL, merged_cycle = NULL, updated_at = now(),
	email = coalesce(@email, email), external_id = coalesce(@external_id, external_id), version = @version, seq = @seq, reborn = @version,
	paused = @paused, muted = @muted, reason = @reason, owner = (SELECT id FROM reps WHERE id = @owner), team_id = (SELECT id FROM teams WHERE id = @team),
	assignment_id = @assignment, sla_due_at = @due, sla_state = @sla, next_kind = @next_kind, next_at = @next_at, state = @state,
	engaged_at = @engaged, touch_wanted = @wanted::text[], touch_since = @since
WHERE id = @loser`

	sqlLeaveBehind = `UPDATE leads SET merged_into = @loser, merged_cycle = (SELECT cycle FROM leads WHERE id = @loser) WHERE merged_into = @into AND id = ANY(@brought::uuid[])`

	// It must not hear any more that it is to end; what else it had not heard yet is news to the run that begins.
	sqlForgetErased = `UPDATE outbox o SET triggers = coalesce((SELECT jsonb_object_agg(k, n.seq) FROM jsonb_object_keys(o.triggers) AS k WHERE k <> 'erased'), '{}')
FROM (SELECT nextval('outbox_seq') AS seq) AS n WHERE o.lead_id = @loser`

	// A moment later, so that a run that is about to end has ended: a run that ends hears nothing more.
	sqlBeginAnew = `INSERT INTO outbox AS o (lead_id, seq, score, band, not_before)
SELECT l.id, nextval('outbox_seq'), coalesce(s.score, 0), coalesce(s.band, ''), now() + interval '2 seconds'
FROM leads l LEFT JOIN scores s ON s.lead_id = l.id WHERE l.id = @loser
ON CONFLICT (lead_id) DO UPDATE SET ` + grows + `, not_before = greatest(o.not_before, EXCLUDED.not_before)`
)

// revive puts the lead back to where it was. Its run begins anew from a version and a watermark of which no run of before knows:
// what one of those still records, or is told, does nothing.
func (u *unmerging) revive(ctx context.Context) error {
	var seq int64
	if err := u.tx.QueryRow(ctx, sqlNextSeq).Scan(&seq); err != nil {
		return err
	}
	carried := lifecycle.Carried{Lead: lifecycle.New(u.merge.LeadID)}
	if len(u.before.State) > 0 && string(u.before.State) != "null" {
		carried = lifecycle.Carried{}
		if json.Unmarshal(u.before.State, &carried) != nil {
			return &Error{Op: "undo merge", Code: "the recorded state cannot be read"}
		}
	}
	carried.Lead.Version, carried.Lead.Seq = u.before.Version+rebirth, seq
	state, err := json.Marshal(carried)
	if err != nil {
		return err
	}
	args, p := u.args(), u.before
	for key, value := range map[string]any{
		"stage": p.Stage, "stage_at": p.StageAt, "email": nullable(p.Email), "external_id": nullable(p.ExternalID), "version": carried.Lead.Version, "seq": seq,
		"paused": p.Paused, "muted": p.Muted, "reason": p.Reason, "owner": p.Owner, "team": p.TeamID, "assignment": p.AssignmentID,
		"due": p.SLADueAt, "sla": p.SLAState, "next_kind": p.NextKind, "next_at": p.NextAt, "state": state,
		"engaged": p.EngagedAt, "wanted": p.TouchWanted, "since": p.TouchSince,
	} {
		args[key] = value
	}
	for _, sql := range []string{sqlReviveLead, sqlLeaveBehind, sqlForgetErased} {
		if _, err := u.tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	u.loser.Stage, u.loser.Version = p.Stage, carried.Lead.Version
	return nil
}

const (
	sqlReofferMerged = `UPDATE assignments SET state = 'offered', decided_at = NULL, reason = ''
WHERE id = @assignment AND lead_id = @loser AND state = 'withdrawn' AND reason = 'merged'`

	// What waited waits again; whether it may go at all is looked at when it goes.
	sqlRequeueMerged = `UPDATE deliveries SET state = 'queued', code = '', not_before = now()
WHERE (lead_id = @loser AND state = 'expired' AND code = 'merged') OR (lead_id = @into AND state = 'suppressed' AND code = 'sent_before_merge' AND created_at < @at)`

	// A rep who was told that the offer is gone is told of it once more.
	sqlOfferOnceMore = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, webhook_id, at_least_once, payload)
SELECT gen_random_uuid(), d.key || '/' || @merge::uuid, d.lane, d.channel, d.kind, d.lead_id, d.cycle, d.assignment_id, d.rep_id, d.webhook_id, d.at_least_once, d.payload
FROM deliveries d WHERE d.assignment_id = @assignment AND d.lead_id = @loser AND d.kind = 'offer' AND d.channel <> 'webhook'
	AND d.state IN ('sending', 'sent', 'unknown') ON CONFLICT (key) DO NOTHING`

	sqlUnsaid = `UPDATE deliveries SET state = 'expired', code = 'unmerged', claimed_until = NULL
WHERE assignment_id = @assignment AND lead_id = @into AND kind = 'offer_withdrawn' AND state IN ('queued', 'claimed')`

	sqlEnterAgain   = `UPDATE sequence_runs SET left_at = NULL, why = '' WHERE lead_id = @loser AND left_at = @at AND why = 'merged'`
	sqlAskAgain     = `UPDATE confirmations SET ended_at = NULL WHERE lead_id = @loser AND ended_at = @at AND NOT confirmed`
	sqlUntouch      = `DELETE FROM touches WHERE lead_id = @into AND id = ANY(@touches::bigint[])`
	sqlVisitorsBack = `UPDATE visitors SET lead_id = @loser WHERE visitor_id = ANY(@visitors) AND lead_id = @into AND coalesce(claimed_at, '-infinity') <= @at`
)

// reopen opens what the merge ended of the lead that is back.
func (u *unmerging) reopen(ctx context.Context) error {
	args := u.args()
	args["assignment"], args["touches"] = u.before.AssignmentID, u.merge.Changed.Touches
	sqls := []string{sqlUnsaid, sqlReofferMerged, sqlRequeueMerged, sqlOfferOnceMore, sqlEnterAgain, sqlAskAgain, sqlUntouch}
	if u.before.Stage != lifecycle.StageHandoff {
		sqls = slices.DeleteFunc(sqls, func(sql string) bool { return sql == sqlReofferMerged || sql == sqlOfferOnceMore })
	}
	for _, sql := range sqls {
		if _, err := u.tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	tag, err := u.tx.Exec(ctx, sqlVisitorsBack, args)
	u.report.Visitors = int(tag.RowsAffected())
	return err
}

// finish says on both timelines what was undone, tells subscribers, and has the run begin anew.
func (u *unmerging) finish(ctx context.Context) error {
	args := u.args()
	u.b.Queue(sqlUndoneMerge, args)
	u.b.Queue(sqlForgetMoved, args)
	data := func(other string, key string) map[string]any {
		return map[string]any{"merge_id": u.merge.ID, key: other, "events": u.report.Events, "not_back": u.report.NotBack}
	}
	u.b.Queue(sqlTimeline, entry(u.loser.leadRow, "unmerged", u.actor, "", data(u.merge.IntoID, "from")))
	u.b.Queue(sqlTimeline, entry(u.into.leadRow, "unmerged", u.actor, "", data(u.merge.LeadID, "lead_id")))
	u.b.Queue(sqlBeginAnew, args)
	hook, err := mergeHook(u.merge.ID, u.merge.LeadID, u.into.leadRow, u.report.Effects.Score, "unmerged", u.w.now)
	if err != nil {
		return err
	}
	u.b.Queue(sqlTellMergeHooks, hook)
	undone := u.w.now.UTC().Truncate(time.Microsecond)
	u.report.UndoneAt = &undone
	return u.tx.SendBatch(ctx, u.b).Close()
}
