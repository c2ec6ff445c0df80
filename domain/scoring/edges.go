package scoring

import (
	"cmp"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Edges plays a life: the moments at which its engagement makes an MQL of the lead, once a cycle, as Lifts and the hard triggers
// do for events that come one by one. Events come in the order in which they were received.
func (s *Scorer) Edges(fit Fitting, adjustments []Adjustment, events []Event) []time.Time {
	var edges []time.Time
	var acc Accumulators
	qualified, engaged := -1, -1 // the cycle that was made an MQL last, and that with engagement
	for _, e := range inOrder(events) {
		at := e.received()
		in := ordered(adjustments, at.UnixMicro())
		cycle := len(in)
		inCycle := cyclesBefore(cutsOf(in), e.micros()) == cycle
		edge := s.hard[e.Type] && inCycle
		engages := person.Engages(e.Type) && inCycle
		if len(s.byType[e.Type]) > 0 {
			before := acc
			acc = s.Fold(acc, in, e)
			edge = edge || qualified != cycle && (engages || engaged == cycle) && s.edge(fit, before, acc, in, at, engages, engaged == cycle)
		}
		if edge && qualified != cycle {
			edges, qualified = append(edges, at), cycle
		}
		if engages {
			engaged = cycle
		}
	}
	return edges
}

// edge finds one in what accumulators were and are, by an event that is engagement or after there was some; most events need one look only.
func (s *Scorer) edge(fit Fitting, before, after Accumulators, adjustments []Adjustment, at time.Time, engages, engaged bool) bool {
	is := s.EvaluateFit(fit(at, after), after, adjustments, at, "")
	if !s.Qualified(is) {
		return false
	}
	was := s.EvaluateFit(fit(at, before), before, adjustments, at, "")
	return engages && s.Lifts(was, is) || engaged && s.completes(was, is)
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
