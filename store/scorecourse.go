package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// ScoreCourse tells the score of a lead at so many moments of a time, evenly apart and the end among them, under the published model or the version
// given, by what was known at each. record.ErrNotFound for a lead or a version that is not there; record.ErrErased.
func (s *Store) ScoreCourse(ctx context.Context, c record.Course) (record.ScoreSeries, error) {
	out := record.ScoreSeries{LeadID: c.LeadID, Items: []scoring.Moment{}, Unknown: []record.Unknown{}}
	if err := s.stageOf(ctx, c.LeadID); err != nil {
		return out, err
	}
	err := s.tx(ctx, "score course", func(tx pgx.Tx) error {
		w, err := s.under(ctx, tx, c.Model)
		if err != nil {
			return err
		}
		to := c.To
		if to.IsZero() {
			to = w.now
		}
		a, err := readAsOf(ctx, tx, c.LeadID, to)
		if err != nil {
			return err
		}
		from := c.From
		if from.IsZero() {
			from = a.KnownSince
		}
		if from.After(to) {
			from = to
		}
		past, err := pastOf(ctx, tx, c.LeadID, w.scorer)
		if err != nil {
			return err
		}
		out.Model, out.From, out.To = w.version, from.UTC(), to.UTC()
		out.Items = w.scorer.Course(past, evenly(from, to, c.Points))
		out.Unknown = append([]record.Unknown{}, a.unknown(from, to)...)
		return nil
	})
	return out, err
}

// evenly divides a time.
func evenly(from, to time.Time, points int) []time.Time {
	if !from.Before(to) || points < 2 {
		return []time.Time{to}
	}
	out := make([]time.Time, points)
	for i := range out {
		out[i] = to.Add(-to.Sub(from) / time.Duration(points-1) * time.Duration(points-1-i)).Truncate(time.Microsecond) // as Postgres has it
	}
	return out
}

// under is the world under a version, or under the published one (0).
func (s *Store) under(ctx context.Context, q querier, version int) (world, error) {
	w, err := s.enter(ctx, q)
	if err != nil || version == 0 || version == w.version {
		return w, err
	}
	w.scorer, err = s.scorer(ctx, q, version)
	w.version = version
	return w, err
}
