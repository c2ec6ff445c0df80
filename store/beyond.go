package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// beyond is what a lead's score has of events that are no longer kept.
type beyond struct {
	acc    scoring.Accumulators
	stored *scoring.Accumulators // nil: nothing is gone
	all    []scoring.Event       // those that are kept and are in stored
}

const sqlKnownSince = `SELECT least(created_at, known_since) FROM leads WHERE id = @id`

// gone looks whether a lead is older than what is kept: then what is stored of it beyond its events stays when it is folded
// anew. Of all its events in the score those that are left are some.
func (s *Store) gone(ctx context.Context, tx pgx.Tx, w world, st *standing, left, all []scoring.Event) (beyond, error) {
	if st.KeptSince == nil || st.ModelVersion == 0 {
		return beyond{}, nil
	}
	var known time.Time
	if err := tx.QueryRow(ctx, sqlKnownSince, pgx.NamedArgs{"id": st.LeadID}).Scan(&known); err != nil || !known.Before(*st.KeptSince) {
		return beyond{}, err
	}
	if err := s.spare(ctx, tx, w, st); err != nil {
		return beyond{}, err
	}
	// The newest may be one that is taken back, and of what is gone nothing is younger than what is kept.
	newest := w.scorer.Recompute(st.adjustments, left).Newest
	st.stored.Newest = min(st.stored.Newest, max(newest, st.KeptSince.UnixMicro()))
	return beyond{
		acc: w.scorer.Regain(scoring.Accumulators{}, st.stored, st.adjustments, all), stored: &st.stored, all: all,
	}, nil
}

// with is what is gone and these events together.
func (b beyond) with(w world, st *standing, events []scoring.Event) scoring.Accumulators {
	acc := w.scorer.Recompute(st.adjustments, events)
	if b.stored != nil {
		acc = w.scorer.Regain(acc, *b.stored, st.adjustments, b.all)
	}
	return acc
}

// engaged is the newest engagement of these events, and of what is gone.
func (b beyond) engaged(st *standing, events []scoring.Event) *time.Time {
	var newest *time.Time
	if b.stored != nil && st.EngagedAt != nil {
		newest = st.EngagedAt
		if newest.After(*st.KeptSince) {
			newest = st.KeptSince
		}
	}
	for _, e := range events {
		if person.Engages(e.Type) {
			newest = later(newest, e.OccurredAt)
		}
	}
	return newest
}
