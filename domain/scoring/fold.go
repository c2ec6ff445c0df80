package scoring

import (
	"math"
	"slices"
	"time"
)

// Accumulators are what a lead's events came to, per segment between adjustments and per rule. They are bounded in size
// and are kept as JSON beside the version of the model they were folded under.
type Accumulators struct {
	Segments []Segment `json:"s,omitempty"`
}

// Segment holds what happened after the adjustment before it and up to its own.
type Segment struct {
	Rules map[string]*Acc `json:"r,omitempty"` // by rule id
}

// Acc is one rule in one segment.
type Acc struct {
	N  int64   `json:"n,omitempty"` // events, for rules that count for ever
	At []int64 `json:"t,omitempty"` // newest moments, unix milliseconds, newest first
	K  []int64 `json:"k,omitempty"` // whole half-lives since the epoch, newest first
	W  []int64 `json:"w,omitempty"` // the sum of 2^f for each of K, in units of 2^-32
}

const (
	unit = 1 << 32
	// oldest half-lives behind the newest that still count: 2^-40 of a point is nobody's point.
	horizon = 40
)

// Fold adds events to the accumulators and returns new ones. Adjustments are those in force, in order of time. Events
// must be new: whoever stores them knows which came before.
func (s *Scorer) Fold(acc Accumulators, adjustments []Adjustment, events ...Event) Accumulators {
	out := acc.clone(len(adjustments) + 1)
	for _, e := range events {
		seg := &out.Segments[segmentOf(e.OccurredAt, adjustments)]
		for _, i := range s.byType[e.Type] {
			r := s.engage[i]
			if !r.takes(e) {
				continue
			}
			a := seg.Rules[r.ID]
			if a == nil {
				a = &Acc{}
				seg.Rules[r.ID] = a
			}
			a.add(r, e.OccurredAt)
		}
	}
	return out
}

// Recompute folds all events from nothing; an id counts once.
func (s *Scorer) Recompute(adjustments []Adjustment, events []Event) Accumulators {
	return s.Fold(Accumulators{}, adjustments, distinct(events)...)
}

func distinct(events []Event) []Event {
	seen := map[string]bool{}
	var out []Event
	for _, e := range events {
		if e.ID != "" && seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		out = append(out, e)
	}
	return out
}

func (a *Acc) add(r engagementRule, at time.Time) {
	ms := at.UnixMilli()
	switch {
	case r.HalfLife > 0:
		k, w := weight(ms, r.HalfLife.Duration())
		a.addWeight(k, w)
	case r.Within > 0:
		i, _ := slices.BinarySearchFunc(a.At, ms, func(have, want int64) int { return int(min(1, max(-1, want-have))) })
		a.At = slices.Insert(a.At, i, ms)
		if len(a.At) > r.keep {
			a.At = a.At[:r.keep]
		}
	default:
		a.N++
	}
}

// weight places a moment: k whole half-lives since the epoch, and 2^f of the rest.
func weight(ms int64, halfLife time.Duration) (k, w int64) {
	hl := halfLife.Milliseconds()
	k = ms / hl
	if ms%hl < 0 {
		k--
	}
	return k, int64(math.Round(math.Exp2(float64(ms-k*hl)/float64(hl)) * unit))
}

func (a *Acc) addWeight(k, w int64) {
	i, found := slices.BinarySearchFunc(a.K, k, func(have, want int64) int { return int(min(1, max(-1, want-have))) })
	if found {
		a.W[i] += w
	} else {
		a.K, a.W = slices.Insert(a.K, i, k), slices.Insert(a.W, i, w)
	}
	for len(a.K) > 0 && a.K[len(a.K)-1] < a.K[0]-horizon {
		a.K, a.W = a.K[:len(a.K)-1], a.W[:len(a.W)-1]
	}
}

// clone makes a deep copy with the wanted number of segments. Rules are copied only where they exist.
func (acc Accumulators) clone(segments int) Accumulators {
	out := Accumulators{Segments: make([]Segment, max(segments, len(acc.Segments)))}
	for i := range out.Segments {
		out.Segments[i].Rules = map[string]*Acc{}
	}
	for i, seg := range acc.Segments {
		for id, a := range seg.Rules {
			out.Segments[i].Rules[id] = &Acc{N: a.N, At: slices.Clone(a.At), K: slices.Clone(a.K), W: slices.Clone(a.W)}
		}
	}
	return out
}
