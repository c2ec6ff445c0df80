package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// ScoreLead evaluates the lead now: what decayed since the last event has decayed here too.
func (s *Store) ScoreLead(ctx context.Context, leadID string, now time.Time) (score int, band string, err error) {
	e, err := s.explained(ctx, leadID, asked{at: now, run: true})
	return e.Score, e.Band, err
}

const sqlAdjust = `INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES (@lead, @cycle, @at, @policy) ON CONFLICT DO NOTHING`

// Of several that would do the one that the policy names for the reason comes first, then the newest that names the reason
// itself, then the default. Who was in one that is entered once in a life gets another.
const sqlChooseSequence = `SELECT q.name, q.version FROM leads l JOIN sequences q ON q.state = 'published',
	LATERAL (SELECT coalesce(q.document #> '{entry,reasons}' ? l.reason, false) AS for_reason) AS f
WHERE l.id = @lead AND (q.name = @name OR f.for_reason OR q.is_default)
	AND NOT (coalesce(q.document #>> '{entry,reentry}' = 'never', false)
		AND EXISTS (SELECT FROM sequence_runs r WHERE r.lead_id = l.id AND r.sequence = q.name AND r.cycle < @cycle))
ORDER BY q.name = @name DESC, f.for_reason DESC, q.published_at DESC, q.name LIMIT 1`

// BeginCycle stores the adjustment of the score policy under (lead, cycle), folds anew under it and chooses the sequence
// by why the lead rested.
// The same command again changes nothing and answers the same.
func (s *Store) BeginCycle(ctx context.Context, c lifecycle.Command) (record.Begun, error) {
	leadID := leadOf(c)
	policy := c.Policy
	if policy == "" {
		policy = lifecycle.ScoreKeep
	}
	var out record.Begun
	err := s.tx(ctx, "begin cycle", func(tx pgx.Tx) error {
		out = record.Begun{}
		lead, err := lockPerson(ctx, tx, leadID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlAdjust, pgx.NamedArgs{"lead": leadID, "cycle": c.Cycle, "at": c.At, "policy": policy}); err != nil {
			return err
		}
		if out.Score, out.Band, err = s.refold(ctx, tx, lead); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlChooseSequence, pgx.NamedArgs{"lead": leadID, "name": c.Sequence, "cycle": c.Cycle})
		q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
			Name    string
			Version int
		}])
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		out.Position = lifecycle.Position{Sequence: q.Name, Version: q.Version}
		return err
	})
	return out, err
}

// refold brings a lead's score under the adjustments as they are now.
func (s *Store) refold(ctx context.Context, tx pgx.Tx, lead leadRow) (int, string, error) {
	w, err := s.enter(ctx, tx)
	if err != nil {
		return 0, "", err
	}
	ids := []string{lead.ID}
	found, err := stood(ctx, tx, ids)
	if err != nil {
		return 0, "", err
	}
	st := found[lead.ID]
	if err := s.carry(ctx, tx, w, st); err != nil {
		return 0, "", err
	}
	if st.gap.Open() {
		if err := history(ctx, tx, w.scorer, found, ids, nil, nil); err != nil {
			return 0, "", err
		}
	}
	v := moved(w, st, lead)
	v.moves = false
	var scores scoreRows
	scores.add(lead.ID, w, v)
	b := &pgx.Batch{}
	scores.queue(b, sqlWriteScores)
	return v.after.Score, v.after.Band, tx.SendBatch(ctx, b).Close()
}
