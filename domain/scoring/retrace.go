package scoring

import (
	"cmp"
	"slices"
	"time"
)

// ItemUnscored is an event that was taken back: it gives nothing.
const ItemUnscored = "unscored"

// Retraced is what events would have made of a lead, had they come one by one and at once.
type Retraced struct {
	Band string    // at the newest event; empty where there are none
	Edge time.Time // when the first of those that count qualified the lead, by itself or by lifting the score; zero: none
}

// Retrace goes over a lead's events in the order in which they came, each at the moment it came. A score says nothing about what was before it; which band is kept
// by its hysteresis, and whether a cycle had an edge, depends on that. Begun are accumulators of what is not among the
// events. The fit is one for all of that time. Counts tells which events may qualify the lead's cycle.
func (s *Scorer) Retrace(fit float64, begun Accumulators, adjustments []Adjustment, events []Event, counts func(Event) bool) Retraced {
	events = slices.Clone(distinct(events))
	came := func(e Event) time.Time {
		if e.ReceivedAt.IsZero() {
			return e.OccurredAt
		}
		return e.ReceivedAt
	}
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(came(a).Compare(came(b)), cmp.Compare(a.micros(), b.micros()))
	})
	var out Retraced
	acc := begun
	for _, e := range events {
		at := came(e)
		before := s.EvaluateFit(fit, acc, adjustments, at, out.Band)
		acc = s.Fold(acc, adjustments, e)
		after := s.EvaluateFit(fit, acc, adjustments, at, before.Band)
		out.Band = after.Band
		if out.Edge.IsZero() && counts(e) && (s.Hard(e.Type) || s.Lifts(before, after)) {
			out.Edge = at
		}
	}
	return out
}
