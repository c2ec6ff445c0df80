package scoring

import (
	"slices"
	"time"
)

// ItemGone is the part of a score whose events are no longer kept.
const ItemGone = "retention"

// Kept is what is known of events that are no longer kept: accumulators that had seen them, and since when all are there.
type Kept struct {
	Accumulators      // of this model, not stale
	Known        bool // the accumulators are of the moment that is explained
	Since        time.Time
}

// ExplainKept is Explain for a lead of whose events the older ones are no longer kept. Of each rule, what its accumulators
// hold beyond the events is one item, which names no event. Where they are not known an item without points says so.
func (s *Scorer) ExplainKept(e Explained, kept Kept) Explanation {
	return s.explain(e, &kept)
}

// whyGone says it in words.
func (k *Kept) whyGone() string {
	return "events received before " + k.Since.UTC().Format(time.DateOnly) + " are no longer kept"
}

// gone is the part of a rule in a cycle that is due to events no longer kept: what its tally gives beyond theirs.
func (x *explainer) gone(r *rule, value, seen micro) []part {
	if x.kept == nil || value == seen {
		return nil
	}
	x.complete = false
	return []part{{points: value - seen, Item: Item{
		Rule: r.ID, Axis: AxisEngagement, Raw: (value - seen).points(), OccurredAt: new(x.kept.Since.UTC()), Why: r.On + "; " + x.kept.whyGone(),
	}}}
}

// unknown is the item of a moment whose events are gone and of which nothing else is known.
func (x *explainer) unknown() []part {
	if x.kept == nil || x.kept.Known {
		return nil
	}
	x.complete = false
	return []part{{Item: Item{
		Rule: ItemGone, Axis: AxisEngagement, OccurredAt: new(x.kept.Since.UTC()), Why: x.kept.whyGone() + ": what they gave is not known",
	}}}
}

// Regain adds to accumulators that were folded anew, from the events that are kept, what stored ones hold beyond these. Both
// are of this model; whatever divides their cycles differently is younger than the events that are gone. A window that was
// full remembers no more than it did.
func (s *Scorer) Regain(anew, stored Accumulators, adjustments []Adjustment, events []Event) Accumulators {
	cuts := make([]Adjustment, len(stored.Cuts))
	for i, at := range stored.Cuts {
		cuts[i].At = time.UnixMicro(at)
	}
	seen := s.Fold(Accumulators{}, cuts, distinct(events)...)
	f := s.begin(anew, nil, nil)
	f.Newest = max(anew.Newest, stored.Newest)
	f.Cuts = cutsOf(ordered(adjustments, f.Newest))
	for _, t := range stored.Tallies {
		n, known := s.index[t.Rule]
		if at, found := seen.find(t.Cycle, t.Rule); found {
			t = t.beyond(seen.Tallies[at])
		}
		if known && (t.Count > 0 || len(t.Times)+len(t.Lives) > 0) {
			f.tally(&s.rules[n], t.Cycle).take(t, s.rules[n].keep)
		}
	}
	f.forget()
	return f.Accumulators
}

// beyond is what a tally holds that another does not.
func (t Tally) beyond(other Tally) Tally {
	out := Tally{Cycle: t.Cycle, Rule: t.Rule, Count: max(0, t.Count-other.Count)}
	rest := slices.Clone(other.Times)
	for _, at := range t.Times {
		if i, found := slices.BinarySearch(rest, at); found {
			rest = slices.Delete(rest, i, i+1)
		} else {
			out.Times = append(out.Times, at)
		}
	}
	for i, life := range t.Lives {
		weight := t.Weights[i]
		if n, found := slices.BinarySearch(other.Lives, life); found {
			weight -= other.Weights[n]
		}
		if weight > 0 {
			out.Lives, out.Weights = append(out.Lives, life), append(out.Weights, weight)
		}
	}
	return out
}

// take adds another tally of the same rule, which remembers so many moments.
func (t *Tally) take(other Tally, keep int) {
	t.Count += other.Count
	t.Times = append(t.Times, other.Times...)
	slices.Sort(t.Times)
	if over := len(t.Times) - keep; over > 0 {
		t.Times = slices.Delete(t.Times, 0, over)
	}
	for n, life := range other.Lives {
		i, found := slices.BinarySearch(t.Lives, life)
		if !found {
			t.Lives, t.Weights = slices.Insert(t.Lives, i, life), slices.Insert(t.Weights, i, 0)
		}
		t.Weights[i] += other.Weights[n]
	}
}
