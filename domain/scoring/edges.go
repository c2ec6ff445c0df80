package scoring

import (
	"cmp"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Edges plays a life: the moments at which its engagement makes an MQL of the lead, once a cycle, as Lifts and the hard triggers
// do for events that come one by one. Events come in the order in which they were received. The fit is that of one profile, for
// the whole life.
func (s *Scorer) Edges(fit float64, adjustments []Adjustment, events []Event) []time.Time {
	var edges []time.Time
	var acc Accumulators
	qualified := -1 // the cycle that was made an MQL last
	for _, e := range inOrder(events) {
		at := e.received()
		in := ordered(adjustments, at.UnixMicro())
		counts := qualified != len(in) && person.Engages(e.Type) && cyclesBefore(cutsOf(in), e.micros()) == len(in)
		hard := s.hard[e.Type] && qualified != len(in) && cyclesBefore(cutsOf(in), e.micros()) == len(in)
		before := acc
		if len(s.byType[e.Type]) > 0 {
			acc = s.Fold(acc, in, e)
		} else if counts = false; !hard {
			continue
		}
		if hard || counts && s.lifted(fit, before, acc, in, at) {
			edges, qualified = append(edges, at), len(in)
		}
	}
	return edges
}

// lifted is Lifts of what accumulators were and are; most events need one look only.
func (s *Scorer) lifted(fit float64, before, after Accumulators, adjustments []Adjustment, at time.Time) bool {
	is := s.EvaluateFit(fit, after, adjustments, at, "")
	return s.Qualified(is) && s.Lifts(s.EvaluateFit(fit, before, adjustments, at, ""), is)
}

// received is when we learned of an event; where that is not known, when it happened.
func (e Event) received() time.Time {
	if e.ReceivedAt.IsZero() {
		return e.OccurredAt
	}
	return e.ReceivedAt
}

// inOrder gives each event once, in the order in which they were received.
func inOrder(events []Event) []Event {
	out := slices.Clone(once(events))
	slices.SortStableFunc(out, func(a, b Event) int {
		return cmp.Or(a.received().Compare(b.received()), cmp.Compare(a.micros(), b.micros()), cmp.Compare(a.ID, b.ID))
	})
	return out
}
