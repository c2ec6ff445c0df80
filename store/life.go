package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/life"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Bounds of a page that people read.
const (
	lifeLines = 5000
	lifeTurns = 60 // turning points whose score is explained, the newest
	lifeTop   = 3  // items of each
)

const sqlLifeLines = `SELECT at, kind, coalesce(from_stage, '') AS from_stage, coalesce(to_stage, '') AS to_stage, actor_type, coalesce(actor_id, '') AS actor_id,
	why, cycle FROM timeline WHERE lead_id = @lead ORDER BY at DESC, id DESC LIMIT @rows`

const sqlLifeMails = `SELECT coalesce(cycle, 1) AS cycle, coalesce(sequence, '') AS sequence, coalesce(sequence_version, 0) AS version, coalesce(step, '') AS step,
	state, code, sent_at AS at FROM deliveries WHERE lead_id = @lead AND channel = 'mail' AND kind = 'nurture' ORDER BY created_at, id`

const sqlLifeOffers = `SELECT a.cycle, a.rep_id, coalesce(r.name, '') AS rep, a.state, a.reason, a.score, a.offered_at AS offered, a.decided_at AS decided
FROM assignments a LEFT JOIN reps r ON r.id = a.rep_id WHERE a.lead_id = @lead ORDER BY a.offered_at, a.id`

// Life tells a lead's whole life. record.ErrNotFound, record.ErrErased.
func (s *Store) Life(ctx context.Context, leadID string) (life.Life, error) {
	lead, err := s.Lead(ctx, leadID)
	var merged *record.Merged
	if err != nil && !errors.As(err, &merged) { // one that was merged has lived until then
		return life.Life{}, err
	}
	args := pgx.NamedArgs{"lead": leadID, "rows": lifeLines}
	rows, _ := s.pool.Query(ctx, sqlLifeLines, args)
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.TimelineItem, error) {
		var i record.TimelineItem
		return i, row.Scan(&i.At, &i.Kind, &i.From, &i.To, &i.Actor.Type, &i.Actor.ID, &i.Why, &i.Cycle)
	})
	if err != nil {
		return life.Life{}, masked("read life", err)
	}
	slices.Reverse(lines)
	told := life.Tell(lead, lines, time.Now().UTC())
	told.Cut = len(lines) == lifeLines
	rows, _ = s.pool.Query(ctx, sqlLifeMails, args)
	mails, err := pgx.CollectRows(rows, pgx.RowToStructByName[life.MailLine])
	if err != nil {
		return told, masked("read life", err)
	}
	rows, _ = s.pool.Query(ctx, sqlLifeOffers, args)
	offers, err := pgx.CollectRows(rows, pgx.RowToStructByName[life.OfferLine])
	if err != nil {
		return told, masked("read life", err)
	}
	for i := range told.Cycles {
		c := &told.Cycles[i]
		c.Mails = append(c.Mails, slices.DeleteFunc(slices.Clone(mails), func(m life.MailLine) bool { return m.Cycle != c.N })...)
		c.Offers = append(c.Offers, slices.DeleteFunc(slices.Clone(offers), func(o life.OfferLine) bool { return o.Cycle != c.N })...)
	}
	if merged != nil {
		return told, nil // its events are another's
	}
	return told, s.explainTurns(ctx, leadID, &told)
}

// explainTurns says what the score was where a stage was entered, and why, the newest turns first: an explanation reads all
// events up to then.
func (s *Store) explainTurns(ctx context.Context, leadID string, l *life.Life) error {
	left := lifeTurns
	for _, c := range slices.Backward(l.Cycles) {
		for i := range slices.Backward(c.Stays) {
			if left == 0 {
				return nil
			}
			left--
			score, err := s.ExplainScore(ctx, leadID, c.Stays[i].Entered, 0)
			if err != nil {
				return err
			}
			c.Stays[i].Score = turnOf(score)
		}
	}
	return nil
}

func turnOf(score record.Score) *life.Turn {
	out := &life.Turn{Score: score.Score, Band: score.Band, Model: score.Model, Complete: score.Complete, Top: []life.TurnPoint{}}
	points := map[string]*life.TurnPoint{} // of a rule together: ten visits are one reason
	var rules []string
	for _, item := range score.Items {
		if item.Rounds() {
			continue
		}
		if points[item.Rule] == nil {
			points[item.Rule] = &life.TurnPoint{Rule: item.Rule, Why: item.Why}
			rules = append(rules, item.Rule)
		}
		points[item.Rule].Points += item.Points
	}
	slices.SortStableFunc(rules, func(a, b string) int {
		return cmp.Compare(math.Abs(points[b].Points), math.Abs(points[a].Points))
	})
	for _, rule := range rules[:min(lifeTop, len(rules))] {
		if p := points[rule]; p.Points != 0 {
			out.Top = append(out.Top, *p)
		}
	}
	return out
}
