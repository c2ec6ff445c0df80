package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// verifyRows is how many leads are recomputed at a time.
const verifyRows = 200

// VerifyScores recomputes the scores of so many leads, chosen at random (0: of all, in order of their ids), from their
// events under the model of each row and at its moment, and tells of each difference. The first of two numbers of tell is
// how many were looked at, the second of how many. It writes nothing and locks nobody; what is written meanwhile is read
// as it was or as it is. Leads that are older than the oldest event kept cannot be told from wrong ones: they are counted.
func (s *Store) VerifyScores(ctx context.Context, sample int, differs func(record.ScoreDifference), tell func(done, total int)) (record.Verified, error) {
	var out record.Verified
	chosen, total, err := s.chooseScores(ctx, sample)
	if err != nil {
		return out, err
	}
	for len(chosen) > 0 {
		some := chosen[:min(verifyRows, len(chosen))]
		chosen = chosen[len(some):]
		if _, err := s.verifySome(ctx, &out, sqlVerifyChosen, pgx.NamedArgs{"chosen": some}, differs); err != nil {
			return out, err
		}
		tell(out.Leads, total)
	}
	for after, more := noID, sample == 0; more; {
		rows, err := s.verifySome(ctx, &out, sqlVerifyNext, pgx.NamedArgs{"after": after, "rows": verifyRows}, differs)
		if err != nil {
			return out, err
		}
		tell(out.Leads, total)
		if more = len(rows) == verifyRows; more {
			after = rows[len(rows)-1].LeadID
		}
	}
	return out, nil
}

// noID is before every id.
const noID = "00000000-0000-0000-0000-000000000000"

const (
	sqlCountScores  = `SELECT count(*) FROM scores`
	sqlChooseScores = `SELECT lead_id FROM scores ORDER BY random() LIMIT @rows`
)

func (s *Store) chooseScores(ctx context.Context, sample int) (chosen []string, total int, err error) {
	if sample == 0 {
		err = s.pool.QueryRow(ctx, sqlCountScores).Scan(&total)
		return nil, total, masked("verify scores", err)
	}
	rows, _ := s.pool.Query(ctx, sqlChooseScores, pgx.NamedArgs{"rows": sample})
	chosen, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return chosen, len(chosen), masked("verify scores", err)
}

// scoredRow is a score as it is stored, with what it is of.
type scoredRow struct {
	LeadID       string
	ModelVersion int
	Accumulators scoring.Accumulators
	Score        int
	Fit          float64
	Engagement   float64
	Band         string
	Grade        string
	TurnsAt      *time.Time
	EvaluatedAt  time.Time
	Profile      person.Profile
	SourceCode   string
	Old          bool // known before the oldest event that is kept was received
}

const scoresToVerify = `SELECT s.lead_id, s.model_version, ` + storedAccumulators + `, s.score, s.fit, s.engagement, s.band, s.grade, s.turns_at,
	s.evaluated_at, l.profile, l.source_code, least(l.created_at, l.known_since) < k.since AS old
FROM scores s JOIN leads l ON l.id = s.lead_id CROSS JOIN events_kept k `

const (
	sqlVerifyNext   = scoresToVerify + `WHERE s.lead_id > @after ORDER BY s.lead_id LIMIT @rows`
	sqlVerifyChosen = scoresToVerify + `WHERE s.lead_id = ANY(@chosen::uuid[]) ORDER BY s.lead_id`
)

func (s *Store) verifySome(ctx context.Context, out *record.Verified, sql string, which pgx.NamedArgs, differs func(record.ScoreDifference)) ([]scoredRow, error) {
	var found []scoredRow
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, sql, which)
		var err error
		if found, err = pgx.CollectRows(rows, pgx.RowToStructByName[scoredRow]); err != nil {
			return err
		}
		ids := make([]string, len(found))
		for i, r := range found {
			ids[i] = r.LeadID
		}
		stood, err := stood(ctx, tx, ids)
		if err != nil {
			return err
		}
		if err := history(ctx, tx, nil, stood, ids, nil, nil); err != nil {
			return err
		}
		for _, r := range found {
			scorer, err := s.scorer(ctx, tx, r.ModelVersion)
			if err != nil {
				return err
			}
			r.verify(scorer, stood[r.LeadID], out, differs)
		}
		return nil
	})
	return found, masked("verify scores", err)
}

// verify recomputes one score.
func (r scoredRow) verify(scorer *scoring.Scorer, st *standing, out *record.Verified, differs func(record.ScoreDifference)) {
	acc := scorer.Recompute(st.adjustments, st.before)
	want := scorer.Evaluate(facts(scorer, r.SourceCode, r.Profile), acc, st.adjustments, r.EvaluatedAt, r.Band)
	turns := scorer.Turns(want.Fit, acc, st.adjustments, r.EvaluatedAt, want.Band)
	var all []record.ScoreDifference
	compare := func(part string, stored, recomputed any) {
		if a, b := fmt.Sprint(stored), fmt.Sprint(recomputed); a != b {
			all = append(all, record.ScoreDifference{LeadID: r.LeadID, Part: part, Stored: a, Recomputed: b})
		}
	}
	compare("score", r.Score, want.Score)
	compare("fit", r.Fit, want.Fit)
	compare("engagement", r.Engagement, want.Engagement)
	compare("band", r.Band, want.Band)
	compare("grade", r.Grade, want.Grade)
	compare("accumulators", plain(r.Accumulators), plain(acc))
	switch { // an earlier moment is a look too many, a later one is a band that is left too late
	case turns.IsZero():
	case r.TurnsAt == nil:
		compare("turns_at", "never", turns.Format(time.RFC3339))
	case r.TurnsAt.After(turns):
		compare("turns_at", r.TurnsAt.UTC().Format(time.RFC3339), turns.Format(time.RFC3339))
	}
	out.Leads++
	switch {
	case len(all) == 0:
	case r.Old:
		out.Unknown++
	default:
		out.Different++
		for _, d := range all {
			differs(d)
		}
	}
}

// plain is accumulators as JSON has them: lists that are empty and lists that are not there are the same.
func plain(acc scoring.Accumulators) string {
	raw, err := json.Marshal(acc)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
