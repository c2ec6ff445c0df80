package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const (
	sqlCountOffers = `SELECT count(*) FROM assignments`

	// Of who was merged the events are another's, and of a merge that was undone the offers of meanwhile knew what is gone again.
	sqlOffersNext = `SELECT a.id::text AS id, a.lead_id::text AS lead_id, a.model_version, a.score, a.explanation, coalesce(t.band, '') AS band,
	least(l.created_at, l.known_since) < k.since AS old,
	l.merged_into IS NOT NULL OR EXISTS (SELECT FROM merges m WHERE l.id IN (m.into_id, m.lead_id) AND m.undone_at IS NOT NULL) AS merged
FROM assignments a JOIN leads l ON l.id = a.lead_id CROSS JOIN events_kept k LEFT JOIN assignment_terms t ON t.assignment_id = a.id
WHERE a.id > @after ORDER BY a.id LIMIT @rows`
)

// storedOffer is what is stored with an offer of its moment.
type storedOffer struct {
	ID           string
	LeadID       string
	ModelVersion *int
	Score        int
	Explanation  json.RawMessage
	Band         string // that was stored then: the band before
	Old          bool   // known before the oldest event that is kept was received
	Merged       bool

	explained record.Score
}

// VerifyOffers recomputes what is stored with every offer, under the model of then from what was known then, and tells of each part that is
// otherwise. It writes nothing and locks nobody. What cannot be recomputed is counted.
func (s *Store) VerifyOffers(ctx context.Context, differs func(record.OfferDifference), tell func(done, total int)) (record.OffersVerified, error) {
	const op = "verify offers"
	var out record.OffersVerified
	var total int
	if err := s.pool.QueryRow(ctx, sqlCountOffers).Scan(&total); err != nil {
		return out, masked(op, err)
	}
	for after, more := noID, true; more; {
		err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			rows, _ := tx.Query(ctx, sqlOffersNext, pgx.NamedArgs{"after": after, "rows": verifyRows})
			found, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[storedOffer])
			if err != nil {
				return err
			}
			if more = len(found) == verifyRows; more {
				after = found[len(found)-1].ID
			}
			return s.verifyOffers(ctx, tx, found, &out, differs)
		})
		if err != nil {
			return out, masked(op, err)
		}
		if out.Offers > 0 {
			tell(out.Offers, max(total, out.Offers))
		}
	}
	return out, nil
}

func (s *Store) verifyOffers(ctx context.Context, tx pgx.Tx, found []storedOffer, out *record.OffersVerified, differs func(record.OfferDifference)) error {
	var scored []*storedOffer
	var asked askedAt
	for i := range found {
		o := &found[i]
		out.Offers++
		if o.ModelVersion == nil || len(o.Explanation) <= len(`{}`) {
			out.Unscored++
			continue
		}
		if err := json.Unmarshal(o.Explanation, &o.explained); err != nil {
			return &Error{Op: "verify offers", Code: "the explanation of an offer cannot be read"}
		}
		asked.add(o.LeadID, o.explained.At)
		scored = append(scored, o)
	}
	if len(scored) == 0 {
		return nil
	}
	all, err := knewThen(ctx, tx, asked)
	if err != nil {
		return err
	}
	for i, o := range scored {
		scorer, err := s.scorer(ctx, tx, *o.ModelVersion)
		if err != nil {
			return err
		}
		different := o.compare(scorer.Explain(all[i].seenBy(scorer), all[i].events, all[i].adjustments, o.explained.At, o.Band))
		switch {
		case len(different) == 0:
			continue
		case o.Old || o.Merged:
			out.Unknown++
			continue
		}
		right, marked, err := o.underWay(ctx, tx, scorer)
		switch {
		case err != nil:
			return err
		case right && marked:
			continue
		case right:
			out.Unsettled++
			continue
		}
		out.Different++
		for _, d := range different {
			differs(d)
		}
	}
	return nil
}

// itemPart is what of an item must be the same: its words may be put otherwise by another release.
type itemPart struct {
	Rule, Axis, Event string
	Points            float64
}

func (p itemPart) String() string {
	return fmt.Sprintf("%s %s %v %s", p.Axis, p.Rule, p.Points, p.Event)
}

func partsOf(items []scoring.Item) []itemPart {
	out := make([]itemPart, len(items))
	for i, it := range items {
		out[i] = itemPart{it.Rule, it.Axis, it.EventID, it.Points}
	}
	return out
}

// compare tells every part that is otherwise.
func (o *storedOffer) compare(want scoring.Explanation) []record.OfferDifference {
	var out []record.OfferDifference
	differ := func(part string, stored, recomputed any) {
		if a, b := fmt.Sprint(stored), fmt.Sprint(recomputed); a != b {
			out = append(out, record.OfferDifference{LeadID: o.LeadID, AssignmentID: o.ID, Part: part, Stored: a, Recomputed: b})
		}
	}
	is := o.explained
	differ("stored", o.Score, is.Score)
	differ("score", is.Score, want.Score)
	differ("fit", is.Fit, want.Fit)
	differ("engagement", is.Engagement, want.Engagement)
	differ("band", is.Band, want.Band)
	differ("grade", is.Grade, want.Grade)
	if is.Prediction != nil && want.Prediction != nil {
		differ("prediction", is.Prediction.Probability, want.Prediction.Probability)
	}
	stored, again := partsOf(is.Items), partsOf(want.Items)
	for i := range max(len(stored), len(again)) {
		if i < len(stored) && i < len(again) && stored[i] == again[i] {
			continue
		}
		differ("items", itemAt(stored, i), itemAt(again, i))
		break // the first says where to look
	}
	return out
}

func itemAt(items []itemPart, i int) string {
	if i < len(items) {
		return items[i].String()
	}
	return "(none)"
}

const (
	writing     = time.Minute // transactions are over sooner
	mostWritten = 10          // facts of different transactions, of which all combinations are tried
)

// underWay reports whether the offer is right if one counts, or does not count, what was being written about the lead at its moment. A transaction has the
// time of its beginning, and the order in which they got hold of the lead is another: what began before the offer may have been
// written after it, and the other way round. Where the offer has a mark of what it knew only that counts, and there is no doubt.
func (o *storedOffer) underWay(ctx context.Context, tx pgx.Tx, scorer *scoring.Scorer) (right, marked bool, err error) {
	past, err := pastOf(ctx, tx, o.LeadID, nil)
	if err != nil {
		return false, false, err
	}
	var source string
	if err := tx.QueryRow(ctx, sqlSourceOf, pgx.NamedArgs{"lead": o.LeadID}).Scan(&source); err != nil {
		return false, false, err
	}
	at := o.explained.At
	stamps := stampsAround(past, at)
	marked = o.explained.Knew != ""
	for chosen := range 1 << len(stamps) {
		written := func(when time.Time) bool {
			if i := slices.IndexFunc(stamps, when.Equal); i >= 0 {
				return chosen&(1<<i) != 0
			}
			return !when.After(at)
		}
		events, profile := writtenEvents(past, written), writtenProfile(past, written)
		if marked && knewOf(events, profile) != o.explained.Knew {
			continue
		}
		if len(o.compare(scorer.Explain(facts(scorer, source, profile), events, past.Adjustments, at, o.Band))) == 0 {
			return true, marked, nil
		}
	}
	return false, marked, nil
}

// stampsAround are the times of the transactions that may have been under way at a moment, the nearest first.
func stampsAround(past scoring.Past, at time.Time) []time.Time {
	var stamps []time.Time
	note := func(when time.Time) {
		if d := when.Sub(at); d > -writing && d < writing && !slices.ContainsFunc(stamps, when.Equal) {
			stamps = append(stamps, when)
		}
	}
	for _, l := range past.Events {
		note(l.From)
		note(l.Until)
	}
	for _, p := range past.Profiles {
		note(p.Since)
	}
	slices.SortFunc(stamps, func(a, b time.Time) int { return int(a.Sub(at).Abs() - b.Sub(at).Abs()) })
	return stamps[:min(len(stamps), mostWritten)]
}

func writtenEvents(past scoring.Past, written func(time.Time) bool) []scoring.Event {
	var out []scoring.Event
	for _, l := range past.Events {
		if written(l.From) && (l.Until.IsZero() || !written(l.Until)) {
			out = append(out, l.Event)
		}
	}
	return out
}

// writtenProfile is the newest profile that was written. Profiles follow each other, so one that is left out takes those after it along.
func writtenProfile(past scoring.Past, written func(time.Time) bool) (profile map[string]any) {
	for _, p := range past.Profiles {
		if !written(p.Since) {
			break
		}
		profile = p.Profile
	}
	return profile
}
