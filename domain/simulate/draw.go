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

// factor is a log-normal number with the mean 1.
func (d dice) factor(spread float64) float64 {
	return math.Exp(spread*d.NormFloat64() - spread*spread/2)
}

// arrives is when somebody is captured: a moment of the time is drawn, and drawn again as often as it is an hour in which fewer come.
func (w *world) arrives(d dice) time.Time {
	a, over := w.Behaviour.Arrivals, min(w.Behaviour.Arrivals.Over.Duration(), w.End().Sub(w.Start))
	at := w.Start.Add(d.within(over))
	if len(a.Hours)+len(a.Days) == 0 {
		return at
	}
	loc := w.Zone(a.TimeZone)
	if loc == nil {
		loc = time.UTC
	}
	most := 0.0
	for _, day := range Weekdays {
		for hour := range 24 {
			most = max(most, a.weight(day, hour))
		}
	}
	for range 1000 { // far more than it takes where there is an hour in which anybody comes
		local := at.In(loc)
		if d.chance(a.weight(Weekdays[(local.Weekday()+6)%7], local.Hour()) / most) {
			break
		}
		at = w.Start.Add(d.within(over))
	}
	return at
}

func (a Arrivals) weight(day string, hour int) float64 {
	out := 1.0
	if len(a.Hours) == 24 {
		out *= a.Hours[hour]
	}
	if len(a.Days) > 0 {
		out *= a.Days[day]
	}
	return out
}

// Weekdays are the days of a week as documents name them.
var Weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// farthest is longer than any simulation.
const farthest = 100 * 366 * span.Day
