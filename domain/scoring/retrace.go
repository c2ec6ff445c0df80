package scoring

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// ItemUnscored is an event that was taken back: it gives nothing.
const ItemUnscored = "unscored"

// Retraced is what events would have made of a lead, had they come one by one and at once.
type Retraced struct {
	Band string    // at the newest event; empty where there are none
	Edge time.Time // when the first of those that count qualified the lead, by itself or by lifting the score; zero: none
}

// Fitting is the fit of a lead, as FitWith has it, at a moment by which its events had come to these accumulators. Where points of fit go by
// what the lead does, and where its profile became another, it is another one with every event.
type Fitting func(at time.Time, acc Accumulators) float64

// Steady is one fit for all time.
func Steady(fit float64) Fitting { return func(time.Time, Accumulators) float64 { return fit } }

// Retrace goes over a lead's events in the order in which they came, each at the moment it came, with what was known then. A score says nothing
// about what was before it; which band is kept by its hysteresis, and whether a cycle had an edge, depends on that. Begun are
// accumulators of what is not among the events. Counts tells which events may qualify the lead's cycle.
func (s *Scorer) Retrace(fit Fitting, begun Accumulators, adjustments []Adjustment, events []Event, counts func(Event) bool) Retraced {
	var out Retraced
	acc, engaged := begun, false
	for _, e := range inOrder(events) {
		at := e.received()
		before := s.EvaluateFit(fit(at, acc), acc, adjustments, at, out.Band)
		acc = s.Fold(acc, adjustments, e)
		after := s.EvaluateFit(fit(at, acc), acc, adjustments, at, before.Band)
		out.Band = after.Band
		if c := counts(e); out.Edge.IsZero() && (c && (s.Hard(e.Type) || s.Lifts(before, after)) || engaged && s.completes(before, after)) {
			out.Edge = at
		} else {
			engaged = engaged || c && person.Engages(e.Type)
		}
	}
	return out
}

// completes reports that a lead which engaged in its cycle before comes to the threshold, by whatever: also by points of fit.
func (s *Scorer) completes(before, after Result) bool {
	return !s.Qualified(before) && s.Qualified(after)
}
