package scoring

import "time"

// Adjustment is what recycling did to a score, as a dated fact: every evaluation and explanation takes it into account,
// and nothing is written over the events.
//
//   - keep: everything counts on;
//   - halve: engagement up to At counts half;
//   - zero: engagement up to At counts no more;
//   - floor: as zero, and fit counts no more either: the score starts again from the model's floor.
type Adjustment struct {
	At     time.Time `json:"at"`
	Policy string    `json:"policy"` // keep halve zero floor
	Cycle  int       `json:"cycle"`  // the cycle that begins with it
}

func (a Adjustment) factor() float64 {
	switch a.Policy {
	case "halve":
		return 0.5
	case "zero", "floor":
		return 0
	}
	return 1
}

// segmentOf is the number of adjustments before a moment: what happened at an adjustment is before it.
func segmentOf(at time.Time, adjustments []Adjustment) int {
	n := 0
	for _, a := range adjustments {
		if at.After(a.At) {
			n++
		}
	}
	return n
}

// factors is what each segment counts at a moment: adjustments that lie after it have not happened yet.
func factors(adjustments []Adjustment, at time.Time) []float64 {
	out := make([]float64, len(adjustments)+1)
	out[len(adjustments)] = 1
	for i := len(adjustments) - 1; i >= 0; i-- {
		f := 1.0
		if !adjustments[i].At.After(at) {
			f = adjustments[i].factor()
		}
		out[i] = out[i+1] * f
	}
	return out
}

// floored reports that the newest adjustment up to a moment started from the floor.
func floored(adjustments []Adjustment, at time.Time) bool {
	on := false
	for _, a := range adjustments {
		if !a.At.After(at) {
			on = on && a.Policy == "keep" || a.Policy == "floor"
		}
	}
	return on
}
