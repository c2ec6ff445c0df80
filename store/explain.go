package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// ExplainScore explains the score at a moment under the published model, or under the version given (0: the published).
func (s *Store) ExplainScore(ctx context.Context, leadID string, at time.Time, model int) (record.Score, error) {
	var out record.Score
	if err := s.stageOf(ctx, leadID); err != nil {
		return out, err
	}
	err := s.tx(ctx, "explain score", func(tx pgx.Tx) (err error) {
		out, err = s.explain(ctx, tx, leadID, at, model)
		return err
	})
	return out, err
}

const sqlPersonToExplain = `SELECT ` + leadColumns + ` FROM leads WHERE id = @id`

// explain reads all events of a lead and names every point. Events that were received after the moment are not known then.
func (s *Store) explain(ctx context.Context, tx pgx.Tx, leadID string, at time.Time, model int) (record.Score, error) {
	w, err := s.enter(ctx, tx)
	if err != nil {
		return record.Score{}, err
	}
	if model != 0 && model != w.version {
		if w.scorer, err = s.scorer(ctx, tx, model); err != nil {
			return record.Score{}, err
		}
		w.version = model
	}
	rows, _ := tx.Query(ctx, sqlPersonToExplain, pgx.NamedArgs{"id": leadID})
	lead, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[leadRow])
	if err != nil {
		return record.Score{}, err
	}
	stood, err := standings(ctx, tx, w, []*subject{{lead: lead}})
	if err != nil {
		return record.Score{}, err
	}
	st := stood[leadID]
	if len(st.before) == 0 {
		if err := history(ctx, tx, w, stood, []string{leadID}); err != nil {
			return record.Score{}, err
		}
	}
	e := w.scorer.Explain(lead.Profile, st.before, st.adjustments, at, st.Band)
	out := record.Score{
		At: at.UTC(), Model: w.version, Score: e.Score, Fit: e.Fit, Engagement: e.Engagement, Band: e.Band, Grade: e.Grade,
		Items: e.Items, Missing: e.Missing, Complete: e.Complete,
	}
	if st.MQLCycle != nil && *st.MQLCycle == lead.Cycle {
		out.MQLAt = st.MQLAt
	}
	return out, nil
}
