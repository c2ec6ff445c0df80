package scoring

import (
	"slices"
	"time"
)

// The policies of recycling. An empty policy is keep.
const (
	PolicyKeep  = "keep"
	PolicyHalve = "halve"
	PolicyZero  = "zero"
	PolicyFloor = "floor"
)

// Adjustment is what recycling did to a score, as a dated fact. It begins a cycle: an event that occurred at At or before
// belongs to what was, whenever it arrives. What the cycles before came to, after their caps, counts from At on
//
//   - keep: as it is;
//   - halve: half, and half again at the next halving; it goes on decaying, and an event that is un-scored takes only
//     its half with it;
//   - zero: nothing, neither its points nor its negative ones;
//   - floor: nothing, and the new cycle begins with as many negative points of engagement as bring a score of fit alone
//     down to the model's floor (0 where it has none). It never begins above its fit, nor above the floor. These points
//     belong to the new cycle: a later halve halves them, a later zero takes them away.
type Adjustment struct {
	At     time.Time `json:"at"`
	Policy string    `json:"policy"` // keep halve zero floor
	Cycle  int       `json:"cycle"`  // the cycle that begins with it
}

// ordered gives the adjustments up to a moment (unix microseconds) by time, and those of one time by cycle.
func ordered(adjustments []Adjustment, at int64) []Adjustment {
	less := func(a, b Adjustment) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return a.Cycle - b.Cycle
	}
	if !slices.IsSortedFunc(adjustments, less) {
		adjustments = slices.Clone(adjustments)
		slices.SortStableFunc(adjustments, less)
	}
	n := len(adjustments)
	for n > 0 && adjustments[n-1].At.UnixMicro() > at {
		n--
	}
	return adjustments[:n]
}

// cyclesBefore is the number of adjustments that lie before a moment.
func cyclesBefore(cuts []int64, at int64) int {
	n := 0
	for n < len(cuts) && cuts[n] < at {
		n++
	}
	return n
}

// kept is what an amount of a cycle still counts, given the adjustments in force.
func kept(m micro, cycle int, adjustments []Adjustment) micro {
	halvings := 0
	for _, a := range adjustments[min(cycle, len(adjustments)):] {
		switch a.Policy {
		case PolicyZero, PolicyFloor:
			return 0
		case PolicyHalve:
			halvings++
		}
	}
	return m.halved(halvings)
}

// deficit is what an adjustment takes from a new cycle, given the fit: negative or 0.
func (s *Scorer) deficit(a Adjustment, fit micro) micro {
	if a.Policy != PolicyFloor {
		return 0
	}
	var floor micro
	if s.floor != nil {
		floor = *s.floor
	}
	return min(0, floor-fit)
}
