package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// world is what is the same for everything in one transaction: its time and the model everybody is scored by.
type world struct {
	now     time.Time
	version int
	scorer  *scoring.Scorer
	shadows []int64 // that score along
	shadow  bool    // it is the world of one itself
}

type published struct {
	Now     time.Time
	Version int
	Shadows []int64
}

const sqlPublishedModel = `SELECT now() AS at, version, shadows FROM models WHERE state = 'published'`

const sqlModelDocument = `SELECT document FROM models WHERE version = @version`

// enter reads the time and the published model; ErrNoModel when there is none.
func (s *Store) enter(ctx context.Context, q querier) (world, error) {
	rows, _ := q.Query(ctx, sqlPublishedModel)
	at, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[published])
	if errors.Is(err, pgx.ErrNoRows) {
		return world{}, ErrNoModel
	}
	if err != nil {
		return world{}, err
	}
	scorer, err := s.scorer(ctx, q, at.Version)
	return at.world(scorer), err
}

func (at published) world(scorer *scoring.Scorer) world {
	return world{now: at.Now, version: at.Version, scorer: scorer, shadows: at.Shadows}
}

// scorer gives a version made ready. A version that was published never changes, so it is read once.
func (s *Store) scorer(ctx context.Context, q querier, version int) (*scoring.Scorer, error) {
	if known, ok := s.scorers.Load(version); ok {
		return known.(*scoring.Scorer), nil
	}
	rows, _ := q.Query(ctx, sqlModelDocument, pgx.NamedArgs{"version": version})
	document, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return nil, err
	}
	var m scoring.Model
	if err := json.Unmarshal(document, &m); err != nil {
		return nil, &Error{Op: "read model", Code: "the stored document is no model"}
	}
	scorer, err := scoring.New(m)
	if err != nil {
		return nil, &Error{Op: "read model", Code: "the stored document is no valid model"}
	}
	s.scorers.Store(version, scorer)
	return scorer, nil
}

// since tells what the published model changed of an older one.
func (s *Store) since(ctx context.Context, q querier, w world, version int) (*scoring.Change, error) {
	type pair struct{ old, published int }
	if known, ok := s.changes.Load(pair{version, w.version}); ok {
		return known.(*scoring.Change), nil
	}
	old, err := s.scorer(ctx, q, version)
	if err != nil {
		return nil, err
	}
	change := w.scorer.Since(old)
	s.changes.Store(pair{version, w.version}, change)
	return change, nil
}

// subject is one lead whose score may change in this transaction. Its row is locked.
type subject struct {
	lead    leadRow
	created bool
	profile person.Profile // as it follows; the lead's row has it as it was
	learned bool           // the two differ
	bare    bool           // neither was read: they are, where they matter
	address string         // as it follows
	events  []happened     // new ones
	kinds   []string       // what the run must hear whatever the score says

	importID string // whose pace it keeps that the run is told; empty: it is told at once

	touchSince time.Time // a step waits for a touch since then; zero: not known, or no matter
}

// rescore folds the new events of the subjects and queues what follows: scores, marks on the leads, suppressions, and a
// row for each run that must hear of it. It reads at once and writes with the batch.
func (s *Store) rescore(ctx context.Context, tx querier, b *pgx.Batch, w world, subjects []*subject) error {
	var ids []string
	for _, su := range subjects {
		if !su.created {
			ids = append(ids, su.lead.ID)
		}
	}
	stood, err := stood(ctx, tx, ids)
	if err != nil {
		return err
	}
	return s.fold(ctx, tx, b, w, subjects, stood)
}

// fold is rescore for whoever has read where the leads stand.
func (s *Store) fold(ctx context.Context, tx querier, b *pgx.Batch, w world, subjects []*subject, stood map[string]*standing) error {
	if len(subjects) == 0 {
		return nil
	}
	slices.SortFunc(subjects, func(a, b *subject) int { return strings.Compare(a.lead.ID, b.lead.ID) })
	along, err := s.along(ctx, tx, w, subjects, stood)
	if err != nil {
		return err
	}
	if err := s.complete(ctx, tx, w, subjects, stood); err != nil {
		return err
	}
	if err := awaited(ctx, tx, w, subjects); err != nil {
		return err
	}
	var made, folded, moved scoreRows
	var marks markRows
	var tells []told
	for _, su := range subjects {
		st := stood[su.lead.ID]
		v := judge(w, su, st)
		for _, sh := range along {
			sh.judge(w, su, st, v)
		}
		rows := &folded
		switch {
		case st.ModelVersion == 0:
			rows = &made
		case v.moves:
			rows = &moved
		}
		rows.add(su.lead.ID, w, v)
		marks.add(su, v)
		if v.tell {
			tells = append(tells, told{lead: su.lead.ID, score: v.after.Score, band: v.after.Band, kinds: v.kinds, importID: su.importID})
		}
		if v.suppress != "" && su.address != "" {
			b.Queue(sqlSuppress, s.suppressArgs(su.lead.ID, su.address, v.suppress))
		}
	}
	if err := s.meetings(ctx, tx, b, w, subjects); err != nil {
		return err
	}
	made.queue(b, sqlWriteScores)
	folded.queue(b, sqlFoldScores)
	moved.queue(b, sqlMoveScores)
	for _, sh := range along {
		sh.queue(b)
	}
	marks.queue(b)
	tell(b, tells...)
	return nil
}
