package simulate

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// dice are random numbers for one purpose of one lead.
type dice struct{ *rand.Rand }

// throw gives the dice for a purpose: always the same for a seed, a lead and what it is for.
func throw(seed uint64, lead int, what string, of ...any) dice {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%d/%s/%v", seed, lead, what, of)
	sum := h.Sum64()
	return dice{rand.New(rand.NewPCG(sum, mixed(sum)))} //nolint:gosec // lives, not secrets
}

// mixed spreads the bits of a number (the finalizer of SplitMix64, Steele, Lea and Flood 2014).
func mixed(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// chance is true so often.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// took is how long something takes of which half takes less than the median. It has whole milliseconds, and at least one.
func (d dice) took(median span.Span) time.Duration {
	long := float64(median.Duration()) * math.Exp(Spread*d.NormFloat64())
	return max(time.Millisecond, time.Duration(long).Truncate(time.Millisecond))
}

// within is some time shorter than another, in whole milliseconds.
func (d dice) within(most time.Duration) time.Duration {
	return time.Duration(d.Int64N(max(1, int64(most/time.Millisecond)))) * time.Millisecond
}

// pick takes a key by its weight.
func (d dice) pick(weights map[string]float64) string {
	names, total := slices.Sorted(maps.Keys(weights)), 0.0
	for _, name := range names {
		total += weights[name]
	}
	at := d.Float64() * total
	for _, name := range names {
		if at -= weights[name]; at < 0 {
			return name
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// next is how long after a capture the visit comes that follows one at so long after it; false when none does. The number of visits in a time is that of a
// Poisson process whose rate halves with each Fades: the time is where its integral has grown by an exponential draw.
func (v Visits) next(d dice, since time.Duration) (time.Duration, bool) {
	grown, every, fades := d.ExpFloat64(), float64(v.Every.Duration()), float64(v.Fades.Duration())
	at := float64(since) + grown*every
	if fades > 0 {
		left := math.Exp2(-float64(since)/fades) - grown*math.Ln2*every/fades
		if left <= 0 {
			return 0, false
		}
		at = -fades * math.Log2(left)
	}
	if at > float64(farthest) {
		return 0, false
	}
	return time.Duration(at).Truncate(time.Millisecond), true
}

// farthest is longer than any simulation.
const farthest = 100 * 366 * span.Day
