// Package hearing is what new events of a lead mean, and of what its run must hear: the edge that makes its cycle an MQL, a hard trigger, a touch that
// a step waits for, what stops mail for good, a band that was crossed. It reads no clock and performs no I/O.
//
// It must not score: what a score was before the events and is with them is given to it.
package hearing

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Ahead is how far a client's clock may be ahead of the house's, and the tolerance wherever the two are compared.
const Ahead = 5 * time.Minute

// Band in what a step waits for is followed by a band.
const Band = "band:"

// Lead is a lead as it stood before the events.
type Lead struct {
	Stage    lifecycle.Stage
	Cycle    int
	Began    time.Time  // its cycle
	Muted    string     // what its run has been told of that stopped mail for good
	Wanted   []string   // types of engagement that a step waits for, and bands after Band
	Since    time.Time  // since when it does; zero: not known
	Band     string     // of its score
	Engaged  *time.Time // its newest engagement
	MQLCycle *int       // the newest cycle in which it qualified
}

// Heard is what follows from the events.
type Heard struct {
	Engaged, Worked *time.Time // the newest of them that are the person's engagement, and sales at work
	Touched         bool       // what a step waits for has come
	Muted           string     // the type of the newest event that stops mail for good
	Qualifies       bool       // the cycle is an MQL from now on
	Kinds           []string   // of which the run hears
}

// Of reads the events of one moment. The results are of that moment, under the same model: before is the score without the events, after with them.
func Of(s *scoring.Scorer, l Lead, fresh []scoring.Event, before, after scoring.Result) Heard {
	var h Heard
	engaged := h.read(s, l, fresh)
	if !h.Qualifies && Edge(s, l, engaged, before, after) {
		h.Kinds = append(h.Kinds, lifecycle.TriggerMQL)
		h.qualify(l)
	}
	if kind := Wakes(s, l, fresh, engaged, before, after); kind != "" && !slices.Contains(h.Kinds, kind) {
		h.Kinds = append(h.Kinds, kind)
	}
	if !h.Touched && after.Band != l.Band && l.Awaits(after.Band) {
		h.Touched = true
		h.Kinds = append(h.Kinds, lifecycle.TriggerFirstTouch)
	}
	return h
}

// read looks at each event by itself. It reports whether the person engaged in this cycle.
func (h *Heard) read(s *scoring.Scorer, l Lead, fresh []scoring.Event) (engaged bool) {
	for _, e := range fresh {
		counts := l.InCycle(e.OccurredAt)
		if person.Engages(e.Type) {
			h.Engaged = Later(h.Engaged, e.OccurredAt)
			engaged = engaged || counts
		}
		if person.Works(e.Type) {
			h.Worked = Later(h.Worked, e.OccurredAt)
		}
		// First touch after quiet: a step waits for it. Nobody else would do anything: whoever was quiet for long is found by
		// the clock of the stage, which asks when they last engaged.
		if slices.Contains(l.Wanted, e.Type) && !h.Touched && !e.OccurredAt.Before(l.Since.Add(-Ahead)) {
			h.Touched = true
			h.Kinds = append(h.Kinds, lifecycle.TriggerFirstTouch)
		}
		if m, ok := Mutes[e.Type]; ok && !Soft(e) {
			h.Muted = e.Type
			if l.Muted != string(m.Event) { // the run has done so already
				h.Kinds = append(h.Kinds, m.Kind)
			}
		}
		if counts && s.Hard(e.Type) {
			h.Kinds = append(h.Kinds, e.Type)
			h.qualify(l)
		}
	}
	return engaged
}

// Edge reports whether this is the moment that makes the cycle an MQL: once a cycle, by engagement in it, never by a kept score alone. A
// profile that lifts the score over the threshold counts where the person engaged in this cycle before.
func Edge(s *scoring.Scorer, l Lead, engaged bool, before, after scoring.Result) bool {
	lifted := engaged && s.Lifts(before, after)
	completed := !s.Qualified(before) && s.Qualified(after) && l.Engaged != nil && l.InCycle(*l.Engaged)
	return (lifted || completed) && !l.qualified()
}

// qualify notes that the cycle qualified, the first time that it does.
func (h *Heard) qualify(l Lead) { h.Qualifies = h.Qualifies || Open(l.Stage) && !l.qualified() }

func (l Lead) qualified() bool { return l.MQLCycle != nil && *l.MQLCycle == l.Cycle }

// Wakes is the engagement that ends the rest of a dormant lead because it lifts it to the threshold, also where this cycle was an MQL before; empty:
// none does. It acts as if the model named it as a hard trigger. Points that were kept wake nobody, or who was sent to rest with a high
// score would be back with the next page they open.
func Wakes(s *scoring.Scorer, l Lead, fresh []scoring.Event, engaged bool, before, after scoring.Result) string {
	if l.Stage != lifecycle.StageDormant || !engaged || s.Qualified(before) || !s.Qualified(after) {
		return ""
	}
	for _, e := range slices.Backward(fresh) {
		if person.Engages(e.Type) && l.InCycle(e.OccurredAt) {
			return e.Type
		}
	}
	return ""
}

// Awaits reports whether a step waits for the lead to come into a band.
func (l Lead) Awaits(band string) bool { return slices.Contains(l.Wanted, Band+band) }

// InCycle reports whether a moment the client vouches for lies in the lead's cycle. The first cycle has all that came
// before it; the beginning of a later one is another clock's, hence the tolerance.
func (l Lead) InCycle(at time.Time) bool { return l.Cycle == 1 || !at.Before(l.Began.Add(-Ahead)) }

// Tells reports whether a run hears of a lead at all: of these kinds, or that its band is another.
func (l Lead) Tells(kinds []string, band string) bool {
	return len(kinds) > 0 || Open(l.Stage) && band != l.Band
}

// Later is the later of two moments.
func Later(a *time.Time, b time.Time) *time.Time {
	if a == nil || a.Before(b) {
		return &b
	}
	return a
}
