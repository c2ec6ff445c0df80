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
// published). It knows what was known then: values learned and events received later do not count.
func (s *Store) ExplainScore(ctx context.Context, leadID string, at time.Time, model int) (record.Score, error) {
	return s.explained(ctx, leadID, asked{at: at, model: model})
}

func (s *Store) explained(ctx context.Context, leadID string, a asked) (record.Score, error) {
	var out record.Score
	if err := s.stageOf(ctx, leadID); err != nil {
		return out, err
	}
	err := s.tx(ctx, "explain score", func(tx pgx.Tx) (err error) {
		if out, err = s.explain(ctx, tx, leadID, a); err == nil && !a.run {
			err = takenBack(ctx, tx, leadID, &out)
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
func (s *Store) explain(ctx context.Context, tx pgx.Tx, leadID string, a asked) (record.Score, error) {
	w, err := s.enter(ctx, tx)
	if err != nil {
		return record.Score{}, err
	}
	if a.model != 0 && a.model != w.version {
		if w.scorer, err = s.scorer(ctx, tx, a.model); err != nil {
			return record.Score{}, err
		}
		w.version = a.model
	}
	at := a.moment(w.now)
	lead, st, err := knownAt(ctx, tx, leadID, at, w.now)
	if err != nil {
		return record.Score{}, err
	}
	of := scoring.Explained{Profile: lead.Profile, Events: st.before, Adjustments: st.adjustments, At: at, Before: st.Band}
	e, err := s.explainKept(ctx, tx, w, leadID, st, of)
	if err != nil {
		return record.Score{}, err
	}
	out := record.Score{
		At: at.UTC(), Model: w.version, Score: e.Score, Fit: e.Fit, Engagement: e.Engagement, Band: e.Band, Grade: e.Grade,
		Items: e.Items, Missing: e.Missing, Complete: e.Complete, Prediction: e.Prediction,
	}
	if st.MQLCycle != nil && *st.MQLCycle == lead.Cycle && !st.MQLAt.After(at) {
		out.MQLAt = st.MQLAt
	}
	return out, nil
}

const sqlKnownSince = `SELECT least(created_at, known_since) FROM leads WHERE id = @id`

// explainKept explains from the events, and from what is stored of those that are no longer kept. What they gave at a moment
// that has passed is not known.
func (s *Store) explainKept(ctx context.Context, tx pgx.Tx, w world, leadID string, st *standing, of scoring.Explained) (scoring.Explanation, error) {
	since, err := keptSince(ctx, tx)
	if err != nil {
		return scoring.Explanation{}, err
	}
	var known time.Time
	if err := tx.QueryRow(ctx, sqlKnownSince, pgx.NamedArgs{"id": leadID}).Scan(&known); err != nil {
		return scoring.Explanation{}, err
	}
	if since == nil || !known.Before(*since) {
		return w.scorer.Explain(of.Profile, of.Events, of.Adjustments, of.At, of.Before), nil
	}
	kept := scoring.Kept{Since: *since}
	if !of.At.Before(w.now) && st.ModelVersion != 0 {
		if err := s.carry(ctx, tx, w, st); err != nil {
			return scoring.Explanation{}, err
		}
		kept.Accumulators, kept.Known = st.filled(w, of.Events), true
	}
	return w.scorer.ExplainKept(of, kept), nil
}

const sqlPersonToExplain = `SELECT ` + leadColumns + ` FROM leads WHERE id = @id`

const sqlProfileAt = `SELECT coalesce(jsonb_object_agg(field, value) FILTER (WHERE value IS NOT NULL), '{}') FROM (
	SELECT DISTINCT ON (field) field, value FROM profile_values WHERE lead_id = @id AND learned_at <= @at ORDER BY field, id DESC
) AS newest`

// knownAt reads what was known of a lead at a moment. Which band it was in before the moment is known of now only.
func knownAt(ctx context.Context, tx pgx.Tx, leadID string, at, now time.Time) (leadRow, *standing, error) {
	rows, _ := tx.Query(ctx, sqlPersonToExplain, pgx.NamedArgs{"id": leadID})
	lead, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[leadRow])
	if err != nil {
		return lead, nil, err
	}
	ids := []string{leadID}
	found, err := stood(ctx, tx, ids)
	if err != nil {
		return lead, nil, err
	}
	st := found[leadID]
	if !at.Before(now) {
		return lead, st, history(ctx, tx, nil, found, ids, nil, nil)
	}
	st.Band = ""
	if lead.Profile, err = profileAt(ctx, tx, leadID, at); err != nil {
		return lead, nil, err
	}
	return lead, st, history(ctx, tx, nil, found, ids, nil, &at)
}

// profileAt is what was known of a lead at a moment.
func profileAt(ctx context.Context, tx pgx.Tx, leadID string, at time.Time) (person.Profile, error) {
	var flat json.RawMessage
	if err := tx.QueryRow(ctx, sqlProfileAt, pgx.NamedArgs{"id": leadID, "at": at}).Scan(&flat); err != nil {
		return nil, err
	}
	var profile map[string]any
	if err := json.Unmarshal(flat, &profile); err != nil {
		return nil, err
	}
	return nestedProfile(profile), nil
}
