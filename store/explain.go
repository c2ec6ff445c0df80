package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// asked is a question about a score.
type asked struct {
	at    time.Time // zero: now, by Postgres
	model int       // 0: the published one
	run   bool      // the moment is by the clock of a run, which may be behind: just before now is now
}

// moment is what the question means by its time.
func (a asked) moment(now time.Time) time.Time {
	if a.at.IsZero() || a.run && a.at.Before(now) && now.Sub(a.at) <= ahead {
		return now
	}
	return a.at
}

// ExplainScore explains the score at a moment (zero: now) under the published model, or under the version given (0: the
// published). It knows what was known then: values learned and events received later do not count. Of a moment that was named it says what
// cannot be known.
func (s *Store) ExplainScore(ctx context.Context, leadID string, at time.Time, model int) (record.Score, error) {
	return s.explained(ctx, leadID, asked{at: at, model: model})
}

func (s *Store) explained(ctx context.Context, leadID string, a asked) (record.Score, error) {
	var out record.Score
	if err := s.stageOf(ctx, leadID); err != nil {
		return out, err
	}
	err := s.tx(ctx, "explain score", func(tx pgx.Tx) (err error) {
		out, err = s.explain(ctx, tx, leadID, a)
		if out.Knew = ""; err != nil || a.run {
			return err
		}
		if err = takenBack(ctx, tx, leadID, &out); err == nil && !a.at.IsZero() {
			err = beside(ctx, tx, leadID, &out)
		}
		return err
	})
	return out, err
}

const sqlVoided = `SELECT id::text AS event_id, occurred_at, type || '; un-scored: ' || void_reason AS why FROM events
WHERE lead_id = @lead AND voided_at <= @at ORDER BY occurred_at DESC, id DESC LIMIT 100`

// takenBack adds what had been taken back by then, the newest hundred: items without points.
func takenBack(ctx context.Context, tx pgx.Tx, leadID string, out *record.Score) error {
	rows, _ := tx.Query(ctx, sqlVoided, pgx.NamedArgs{"lead": leadID, "at": out.At})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[scoring.Item])
	for _, i := range items {
		i.Rule, i.Axis = scoring.ItemUnscored, scoring.AxisEngagement
		*i.OccurredAt = i.OccurredAt.UTC()
		out.Items = append(out.Items, i)
	}
	return err
}

// explain reads all events of a lead and names every point.
func (s *Store) explain(ctx context.Context, q querier, leadID string, a asked) (record.Score, error) {
	w, err := s.under(ctx, q, a.model)
	if err != nil {
		return record.Score{}, err
	}
	at := a.moment(w.now)
	k, err := knownAt(ctx, q, leadID, at, w.now)
	if err != nil {
		return record.Score{}, err
	}
	if at.Before(w.now) {
		past, err := pastOf(ctx, q, leadID, w.scorer)
		if err != nil {
			return record.Score{}, err
		}
		k.standing.Band = w.scorer.Course(past, []time.Time{at})[0].Band
	}
	return s.explainKnown(ctx, q, w, k, at)
}

// knownOf is what a score is explained from: who the lead was at a moment, where it stood, and from when on there is something of
// it and of all leads.
type knownOf struct {
	profile   person.Profile
	source    string // code of the first
	cycle     int
	standing  *standing
	since     time.Time  // the lead is known since then
	keptSince *time.Time // all events since then are there; nil: none was ever dropped
}

func (s *Store) explainKnown(ctx context.Context, q querier, w world, k knownOf, at time.Time) (record.Score, error) {
	e, err := s.explainKept(ctx, q, w, k, at)
	if err != nil {
		return record.Score{}, err
	}
	out := record.Score{
		At: at.UTC(), Model: w.version, Score: e.Score, Fit: e.Fit, Engagement: e.Engagement, Band: e.Band, Grade: e.Grade,
		Items: e.Items, Missing: e.Missing, Complete: e.Complete, Prediction: e.Prediction, Knew: knewOf(k.standing.before, k.profile),
	}
	if st := k.standing; st.MQLCycle != nil && *st.MQLCycle == k.cycle && !st.MQLAt.After(at) {
		out.MQLAt = st.MQLAt
	}
	return out, nil
}

// explainKept explains from the events, and from what is stored of those that are no longer kept. What they gave at a moment
// that has passed is not known.
func (s *Store) explainKept(ctx context.Context, q querier, w world, k knownOf, at time.Time) (scoring.Explanation, error) {
	st := k.standing
	of := scoring.Explained{Profile: facts(w.scorer, k.source, k.profile), Events: st.before, Adjustments: st.adjustments, At: at, Before: st.Band}
	if k.keptSince == nil || !k.since.Before(*k.keptSince) {
		return w.scorer.Explain(of.Profile, of.Events, of.Adjustments, of.At, of.Before), nil
	}
	kept := scoring.Kept{Since: *k.keptSince}
	if !of.At.Before(w.now) && st.ModelVersion != 0 {
		if err := s.carry(ctx, q, w, st); err != nil {
			return scoring.Explanation{}, err
		}
		kept.Accumulators, kept.Known = st.filled(w, of.Events), true
	}
	return w.scorer.ExplainKept(of, kept), nil
}

const sqlPersonToExplain = `SELECT profile, source_code, cycle, ` + knownSince + ` FROM leads l WHERE id = @id`

// knownSince is from when on a lead is known, and all events are there.
const knownSince = `least(l.created_at, l.known_since) AS known, (SELECT nullif(since, '-infinity') FROM events_kept WHERE one) AS kept`

const sqlProfileAt = `SELECT coalesce(jsonb_object_agg(field, value) FILTER (WHERE value IS NOT NULL), '{}') FROM (
	SELECT DISTINCT ON (field) field, value FROM profile_values WHERE lead_id = @id AND learned_at <= @at ORDER BY field, id DESC
) AS newest`

// knownAt reads what was known of a lead at a moment. Which band it was in before the moment is stored of now only.
func knownAt(ctx context.Context, q querier, leadID string, at, now time.Time) (knownOf, error) {
	var k knownOf
	past := at.Before(now)
	var until *time.Time
	if past {
		until = &at
	}
	found := map[string]*standing{}
	b := &pgx.Batch{}
	b.Queue(sqlPersonToExplain, pgx.NamedArgs{"id": leadID}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&k.profile, &k.source, &k.cycle, &k.since, &k.keptSince)
	})
	queueStood(b, []string{leadID}, found)
	queueHistory(b, nil, found, []string{leadID}, nil, until)
	err := q.SendBatch(ctx, b).Close()
	if k.standing = found[leadID]; err != nil || !past {
		return k, err
	}
	k.standing.Band = ""
	k.profile, err = profileAt(ctx, q, leadID, at)
	return k, err
}

// profileAt is what was known of a lead at a moment.
func profileAt(ctx context.Context, q querier, leadID string, at time.Time) (person.Profile, error) {
	rows, _ := q.Query(ctx, sqlProfileAt, pgx.NamedArgs{"id": leadID, "at": at})
	flat, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return nil, err
	}
	var profile map[string]any
	if err := json.Unmarshal(flat, &profile); err != nil {
		return nil, err
	}
	return nestedProfile(profile), nil
}
