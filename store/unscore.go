package store

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Who is told that what made a lead an MQL did not happen.
const triggerRevoked = "mql_revoked"

// Unscore takes events of a lead back, in one transaction under its row's lock: they stay, marked, and count nowhere any
// more. The score is that of the other events; a band and an edge that these do not make are gone, the timeline says what
// and why, the run hears of it, and a rep who was alerted is told. Taken back once is taken back: the same again changes
// nothing. What was suppressed by an event stays suppressed, and a mail that was sent for one was sent.
// record.ErrNotFound where an id is no event of the lead; record.ErrErased.
func (s *Store) Unscore(ctx context.Context, u record.Unscore) (record.Unscored, error) {
	var out record.Unscored
	err := s.tx(ctx, "unscore", func(tx pgx.Tx) error {
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		lead, err := lockPerson(ctx, tx, u.LeadID)
		if err != nil {
			return err
		}
		if err := theirs(ctx, tx, u); err != nil {
			return err
		}
		out, err = s.unscore(ctx, tx, w, lead, u, false)
		return err
	})
	return out, err
}

const sqlEventsUnknown = `SELECT count(*) FROM unnest(@ids::text[]) AS i (id)
WHERE NOT EXISTS (SELECT FROM events e WHERE e.lead_id = @lead AND (e.id::text = i.id OR e.client_id = i.id))`

// theirs reports by an error that some of the ids are no events of the lead.
func theirs(ctx context.Context, tx pgx.Tx, u record.Unscore) error {
	if len(u.EventIDs) == 0 {
		return nil
	}
	var n int
	err := tx.QueryRow(ctx, sqlEventsUnknown, pgx.NamedArgs{"lead": u.LeadID, "ids": u.EventIDs}).Scan(&n)
	if err == nil && n > 0 {
		err = record.ErrNotFound
	}
	return err
}

// The id of a hit that nobody made is given free: the same link may still be followed by a person, and counts then.
const sqlVoidEvents = `UPDATE events SET voided_at = now(), void_reason = @reason,
	client_id = CASE WHEN @free THEN client_id || '/' || @reason ELSE client_id END
WHERE lead_id = @lead AND voided_at IS NULL AND (id::text = ANY(@ids::text[]) OR client_id = ANY(@ids::text[])
	OR @mail <> '' AND type IN ('email_click', 'email_open') AND properties ->> 'mail_id' = @mail)
RETURNING id, type, occurred_at, received_at, properties`

// unscore takes back what is named, of a locked lead. Free: their ids may come again.
func (s *Store) unscore(ctx context.Context, tx pgx.Tx, w world, lead leadRow, u record.Unscore, free bool) (record.Unscored, error) {
	none := record.Unscored{EventIDs: []string{}}
	rows, _ := tx.Query(ctx, sqlVoidEvents, pgx.NamedArgs{
		"lead": lead.ID, "ids": u.EventIDs, "mail": u.MailID, "reason": u.Reason, "free": free,
	})
	voided, err := pgx.CollectRows(rows, pgx.RowToStructByName[happened])
	if err != nil || len(voided) == 0 {
		return none, err
	}
	t, err := s.takeBack(ctx, tx, w, lead, voided)
	if err != nil {
		return none, err
	}
	b := &pgx.Batch{}
	var scores scoreRows
	scores.add(lead.ID, w, t.verdict)
	scores.queue(b, sqlUnscore)
	retold(b, lead.ID)
	b.Queue(sqlTimeline, entry(lead, "unscored", u.Actor, u.Reason, t.told()))
	if t.revoked {
		b.Queue(sqlRevokeCalls, pgx.NamedArgs{"lead": lead.ID, "cycle": lead.Cycle})
		if err := t.retract(b, lead, u.Reason); err != nil {
			return none, err
		}
	}
	if t.tell {
		tell(b, told{lead: lead.ID, score: t.after.Score, band: t.after.Band, kinds: t.kinds})
	}
	return t.unscored(), tx.SendBatch(ctx, b).Close()
}

// The newest engagement may be an older one than was noted.
const sqlUnscore = `UPDATE scores s SET model_version = r.version, accumulators = r.accumulators, accumulators_json = NULL, score = r.score, fit = r.fit,
	engagement = r.engagement, band = r.band, grade = r.grade, mql_at = r.mql_at, mql_cycle = r.mql_cycle, turns_at = r.turns_at,
	engaged_at = r.engaged_at, evaluated_at = r.at
FROM ` + scoreColumns + ` WHERE s.lead_id = r.lead_id`

// taken is what taking events back makes of a lead.
type taken struct {
	verdict
	bandBefore string
	ids        []string
	revoked    bool
}

// takeBack computes the score of the events that are left, and what does not hold without the others.
func (s *Store) takeBack(ctx context.Context, tx pgx.Tx, w world, lead leadRow, voided []happened) (taken, error) {
	ids := []string{lead.ID}
	found, err := stood(ctx, tx, ids)
	if err != nil {
		return taken{}, err
	}
	st := found[lead.ID]
	if err := history(ctx, tx, w.scorer, found, ids, nil, nil); err != nil {
		return taken{}, err
	}
	values, _ := tx.Query(ctx, sqlPastValues, pgx.NamedArgs{"lead": lead.ID})
	profiles, err := pastProfiles(values)
	if err != nil {
		return taken{}, err
	}
	left := st.before
	all := slices.Clone(left)
	t := taken{bandBefore: st.Band}
	for _, h := range voided {
		all, t.ids = append(all, h.scored(w.scorer)), append(t.ids, h.ID)
	}
	slices.Sort(t.ids)
	gone, err := s.gone(ctx, tx, w, st, left, all)
	if err != nil {
		return taken{}, err
	}
	v := verdict{mqlAt: st.MQLAt, mqlCycle: st.MQLCycle, at: st.since(w.now)}
	was := gone.with(w, st, all)
	v.before = w.scorer.EvaluateFit(w.fit(lead, lead.Profile, was), was, st.adjustments, v.at, st.Band)
	v.accumulators = gone.with(w, st, left)
	fit := w.fit(lead, lead.Profile, v.accumulators)
	for i := range profiles {
		profiles[i].Profile = facts(w.scorer, lead.SourceCode, profiles[i].Profile)
	}
	band := w.scorer.Retrace(w.scorer.Known(profiles), gone.acc, st.adjustments, left, func(scoring.Event) bool { return false }).Band
	v.after = w.scorer.EvaluateFit(fit, v.accumulators, st.adjustments, v.at, band)
	v.turnsAt = st.looked(v.at, w.scorer.Turns(fit, v.accumulators, st.adjustments, v.at, v.after.Band))
	v.engagedAt = gone.engaged(st, left)
	t.verdict = v
	if err := t.edge(ctx, tx, w, lead, st, gone, voided); err != nil {
		return taken{}, err
	}
	t.tell = len(t.kinds) > 0 || open(lead.Stage) && v.after.Band != st.Band
	return t, nil
}

// edge drops the edge of the cycle where one of what was taken back may have made it, and what is left does not. The
// profile counts as it was then or as it is, whichever fits better: to lose a field takes nobody's edge.
func (t *taken) edge(ctx context.Context, tx pgx.Tx, w world, lead leadRow, st *standing, gone beyond, voided []happened) error {
	if st.MQLCycle == nil || *st.MQLCycle != lead.Cycle || !slices.ContainsFunc(voided, func(h happened) bool { return !h.ReceivedAt.After(*st.MQLAt) }) {
		return nil
	}
	then, err := profileAt(ctx, tx, lead.ID, *st.MQLAt)
	if err != nil {
		return err
	}
	fit := func(_ time.Time, acc scoring.Accumulators) float64 {
		return max(w.fit(lead, then, acc), w.fit(lead, lead.Profile, acc))
	}
	counts := func(e scoring.Event) bool {
		return inCycle(lead, e.OccurredAt) && (w.scorer.Hard(e.Type) || person.Engages(e.Type))
	}
	if at := w.scorer.Retrace(fit, gone.acc, st.adjustments, st.before, counts).Edge; !at.IsZero() {
		t.mqlAt = later(st.MQLAt, at) // it is another event's now
		return nil
	}
	t.mqlAt, t.mqlCycle, t.revoked = nil, nil, true
	if hears(lead.Stage, triggerRevoked) {
		t.kinds = append(t.kinds, triggerRevoked)
	}
	return nil
}

// maxToldEvents bounds what one line of a timeline names.
const maxToldEvents = 50

// told is what the timeline says: ids, codes and numbers.
func (t *taken) told() map[string]any {
	u := t.unscored()
	return map[string]any{
		"events": len(t.ids), "event_ids": t.ids[:min(len(t.ids), maxToldEvents)], "points": u.Points, "score_before": u.ScoreBefore, "score": u.Score,
		"band_before": u.BandBefore, "band": u.Band, "mql_revoked": u.MQLRevoked,
	}
}

func (t *taken) unscored() record.Unscored {
	return record.Unscored{
		EventIDs: t.ids, Points: difference(t.before.Engagement, t.after.Engagement), ScoreBefore: t.before.Score, Score: t.after.Score,
		BandBefore: t.bandBefore, Band: t.after.Band, MQLRevoked: t.revoked,
	}
}

// difference is in whole millionths of a point, as scores are.
func difference(a, b float64) float64 { return math.Round((a-b)*1e6) / 1e6 }
