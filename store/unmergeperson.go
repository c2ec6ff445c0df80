package store

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

const sqlSetProfile = `UPDATE leads SET profile = @profile, consent = @consent, updated_at = now() WHERE id = @lead`

// person takes from the other what it did not know by itself, where it still knows the same.
func (u *unmerging) person(context.Context) error {
	flat, theirs := flatProfile(u.into.Profile), flatProfile(u.loser.Profile)
	var lost []string
	for _, f := range u.merge.Changed.Fields {
		if !reflect.DeepEqual(flat[f], theirs[f]) {
			u.stays("fields")
			continue
		}
		delete(flat, f)
		lost = append(lost, f)
	}
	if len(lost) > 0 {
		u.into.Profile = nestedProfile(flat)
		u.b.Queue(sqlLearn, pgx.NamedArgs{"lead": u.into.ID, "source": viaUndo, "fields": lost, "values": make([]*string, len(lost))})
	}
	return nil
}

const (
	sqlSaidSince = `SELECT DISTINCT purpose FROM consents WHERE lead_id = @into AND at > @at`

	// It is still what the merge made of it: who said no since has another reason there.
	sqlUnsuppressMerged = `DELETE FROM suppressions WHERE hash = @hash AND reason = 'consent' AND lead_id = @into AND at = @at`

	sqlCapBack = `UPDATE preferences SET mails_per_week = @cap, updated_at = now() WHERE lead_id = @into AND updated_at = @at`
)

// consent takes back what the other lead's no brought, where the person has not said so themselves since.
func (u *unmerging) consent(ctx context.Context) error {
	args := u.args()
	since, err := pgx.CollectRows(query(ctx, u.tx, sqlSaidSince, args), pgx.RowTo[string])
	if err != nil {
		return err
	}
	said := maps.Clone(u.into.Consent)
	for purpose, was := range u.merge.Changed.Consent {
		switch {
		case slices.Contains(since, purpose):
			u.stays("consent")
		case was == nil:
			delete(said, purpose)
		default:
			said[purpose] = *was
		}
	}
	u.b.Queue(sqlSetProfile, pgx.NamedArgs{"lead": u.into.ID, "profile": u.into.Profile, "consent": said})
	if u.merge.Changed.Capped {
		args["cap"] = u.merge.Changed.Cap
		u.b.Queue(sqlCapBack, args)
	}
	if !u.merge.Changed.Suppressed {
		return nil
	}
	args["hash"] = u.s.suppressionHash(u.into.email())
	tag, err := u.tx.Exec(ctx, sqlUnsuppressMerged, args)
	if err == nil && tag.RowsAffected() == 0 {
		u.stays("suppressed")
	}
	return err
}

const (
	sqlEventsBack = `UPDATE events e SET lead_id = @loser, inherited_at = m.inherited_at FROM merge_events m
WHERE m.merge_id = @merge AND e.id = m.event_id AND e.received_at = m.received_at AND e.lead_id = @into
RETURNING e.id, e.type, e.occurred_at, e.received_at, e.properties, e.voided_at`

	// What came since for a lead that had been merged into this one before, and what its visitors did since.
	sqlEventsSince = `UPDATE events e SET lead_id = @loser WHERE e.lead_id = @into AND e.received_at >= @at AND (
	e.visitor_id = ANY(ARRAY(SELECT visitor_id FROM visitors WHERE visitor_id = ANY(@visitors) AND lead_id = @loser))
	OR EXISTS (SELECT FROM merge_events m JOIN merges g ON g.id = m.merge_id
		WHERE g.lead_id = ANY(@brought::uuid[]) AND g.undone_at IS NULL AND m.event_id = e.id AND m.received_at = e.received_at))
RETURNING e.id, e.type, e.occurred_at, e.received_at, e.properties, e.voided_at`
)

type movedBack struct {
	happened
	VoidedAt *time.Time
}

// events takes back those that the merge gave away and that came for this lead since, and scores both by what is theirs: what
// the other does not reach by itself is revoked, as when events are taken back.
func (u *unmerging) events(ctx context.Context) error {
	var back []happened
	for _, sql := range []string{sqlEventsBack, sqlEventsSince} {
		found, err := pgx.CollectRows(query(ctx, u.tx, sql, u.args()), pgx.RowToStructByName[movedBack])
		if err != nil {
			return err
		}
		u.report.Events += len(found)
		for _, e := range found {
			if e.VoidedAt == nil {
				back = append(back, e.happened)
			}
		}
	}
	t, err := u.takeBack(ctx, back)
	if err != nil {
		return err
	}
	var scores scoreRows
	scores.add(u.into.ID, u.w, t.verdict)
	scores.queue(u.b, sqlUnscore)
	retold(u.b, u.into.ID, u.loser.ID)
	if t.revoked {
		if err := t.retract(u.b, u.into.leadRow, "unmerged"); err != nil {
			return err
		}
	}
	if t.tell {
		tell(u.b, told{lead: u.into.ID, score: t.after.Score, band: t.after.Band, kinds: t.kinds})
	}
	e := &u.report.Effects
	e.ScoreBefore, e.Score, e.BandBefore, e.Band, e.Triggers = t.before.Score, t.after.Score, t.bandBefore, t.after.Band, t.kinds
	return u.scoreBack(ctx)
}

// takeBack is what it makes of the one that goes on that these are not its events any more. Of what it had become before the
// merge nothing is revoked.
func (u *unmerging) takeBack(ctx context.Context, back []happened) (taken, error) {
	found, err := stood(ctx, u.tx, []string{u.into.ID})
	if err != nil {
		return taken{}, err
	}
	t, err := u.s.takeBack(ctx, u.tx, u.w, u.into.leadRow, back)
	if st := found[u.into.ID]; err == nil && st.MQLAt != nil && st.MQLAt.Before(u.merge.At) {
		t.mqlAt, t.mqlCycle, t.revoked = st.MQLAt, st.MQLCycle, false
		t.kinds = slices.DeleteFunc(t.kinds, func(kind string) bool { return kind == triggerRevoked })
	}
	return t, err
}

// Its own row first: it holds what no event tells any more.
const sqlScoreBack = `INSERT INTO scores SELECT s.* FROM merges m, jsonb_populate_record(NULL::scores, m.score) s
WHERE m.id = @merge AND m.score IS NOT NULL ON CONFLICT (lead_id) DO NOTHING`

// scoreBack scores the lead that is back by its events.
func (u *unmerging) scoreBack(ctx context.Context) error {
	if _, err := u.tx.Exec(ctx, sqlScoreBack, u.args()); err != nil {
		return err
	}
	ids := []string{u.loser.ID}
	found, err := stood(ctx, u.tx, ids)
	if err != nil {
		return err
	}
	if err := history(ctx, u.tx, u.w.scorer, found, ids, nil, nil); err != nil {
		return err
	}
	st := found[u.loser.ID]
	left, err := u.s.gone(ctx, u.tx, u.w, st, st.before, st.before)
	if err != nil {
		return err
	}
	v := verdict{mqlAt: st.MQLAt, mqlCycle: st.MQLCycle, at: st.since(u.w.now), accumulators: left.with(u.w, st, st.before)}
	fit := u.w.fit(u.loser.leadRow, u.loser.Profile, v.accumulators)
	v.after = u.w.scorer.EvaluateFit(fit, v.accumulators, st.adjustments, v.at, st.Band)
	v.turnsAt = st.looked(v.at, u.w.scorer.Turns(fit, v.accumulators, st.adjustments, v.at, v.after.Band))
	v.engagedAt = left.engaged(st, st.before)
	var scores scoreRows
	scores.add(u.loser.ID, u.w, v)
	scores.queue(u.b, sqlWriteScores)
	return nil
}
