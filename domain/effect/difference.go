package effect

import (
	"math"

	"github.com/leadflow-dev/leadflow/domain/trial"
)

// Z95 is the 97.5 % quantile of the normal distribution: what a 95 % interval is made with.
const Z95 = 1.959963984540054

// Bounds are those of a 95 % interval of a figure, with the figure.
type Bounds struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Difference is the share of a less the share of b, with Newcombe's hybrid score interval of z standard normal deviations.
// Of nobody a share is unknown: its interval is all there can be, and it counts as the middle of it.
func Difference(a, b trial.Sample, z float64) Bounds {
	lowA, highA := a.Wilson(z)
	lowB, highB := b.Wilson(z)
	p, q := share(a), share(b)
	d := p - q
	return Bounds{d, max(-1, d-math.Hypot(p-lowA, highB-q)), min(1, d+math.Hypot(highA-p, q-lowB))} // of all and none rounding would go beyond
}

func share(s trial.Sample) float64 {
	if s.Tried == 0 {
		return 0.5
	}
	return s.Rate()
}

// Against is how surprising the two shares are if their true difference is the one given: the p-value that belongs to
// Difference. It is the level at which the interval no longer holds the difference: 1 where it is the one observed.
func Against(a, b trial.Sample, difference float64) float64 {
	if a.Tried == 0 || b.Tried == 0 {
		return 1
	}
	holds := func(z float64) bool {
		i := Difference(a, b, z)
		return i.Low <= difference && difference <= i.High
	}
	low, high := 0.0, 40.0
	if !holds(high) {
		return 0
	}
	for range 60 {
		if z := (low + high) / 2; holds(z) {
			high = z
		} else {
			low = z
		}
	}
	return math.Erfc(high / math.Sqrt2)
}

// Phi is how two yes and no go together: of so many, both, only the first, only the second. From -1 to 1; 0 where one of them
// is always the same.
func Phi(all, both, first, second int) float64 {
	n11, n10, n01 := float64(both), float64(first), float64(second)
	n00 := float64(all) - n11 - n10 - n01
	rows := math.Sqrt((n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00))
	if rows == 0 {
		return 0
	}
	return (n11*n00 - n10*n01) / rows
}
