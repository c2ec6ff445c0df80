package scoring

import (
	"math"
	"time"
)

// Turns tells when a score will by itself be in another band if nothing happens: the first whole second after at, of all
// seconds, at which Evaluate says so, given the band at at. The zero time is never.
//
// Where points that decay run against negative ones that do, for longer than maxLooks can follow, it is a moment before
// which the band stays, and to be asked again then.
//
// Between two adjustments the points of a rule only fall, and negative points only rise towards 0: they halve, windows
// let go of events, counts fall under. All that follows (caps, groups, halvings, sums) grows with each rule. So with the
// giving rules at the end of a time and the taking ones at its beginning comes the least that a score can be in it, and
// the other way round the most: a time in which neither leaves the band needs no closer look, any other is halved. With
// points of one sign that is plain bisection. With one half-life h and nothing else, points P and the rest R, a score
// reaches a limit L at h * log2(P / (L - R)), which is tried first.
func (s *Scorer) Turns(fit float64, acc Accumulators, adjustments []Adjustment, at time.Time, band string) time.Time {
	c := course{s: s, fit: toMicro(fit), acc: acc, looks: maxLooks}
	c.low, c.high = s.limits(band)
	from, end := seconds(at.UnixMicro())+1, c.end()
	for _, a := range adjustments {
		end = max(end, seconds(a.At.UnixMicro())+1)
	}
	for from <= end {
		c.adjustments = ordered(adjustments, c.micros(from))
		to := end
		for _, a := range adjustments {
			if next := seconds(a.At.UnixMicro()-1) + 1; next > from {
				to = min(to, next-1)
			}
		}
		if t, found := c.first(from, to, band); found {
			return time.Unix(t, 0).UTC()
		}
		from = to + 1
	}
	return time.Time{}
}

// limits are the least a score may be, and what it must stay below, to remain in a band.
func (s *Scorer) limits(band string) (low, high micro) {
	h := s.Bands.Hysteresis
	switch band {
	case Hot:
		return reaches(s.Bands.Hot - h), math.MaxInt64
	case Warm:
		return reaches(s.Bands.Warm - h), reaches(s.Bands.Hot)
	}
	return math.MinInt64, reaches(s.Bands.Warm)
}

// reaches is the least amount whose whole points, half up, are at least so many.
func reaches(points float64) micro { return micro(math.Ceil(points))*point - point/2 }

// maxLooks bounds how often a course is summed up.
const maxLooks = 2000

// course is a score in time, if nothing happens. Seconds are those since 1970.
type course struct {
	s           *Scorer
	fit         micro
	acc         Accumulators
	adjustments []Adjustment // in force
	low, high   micro        // from low on and below high the band stays
	looks       int          // left
}

const second = int64(time.Second / time.Microsecond)

// seconds is the last whole second up to a moment.
func seconds(micros int64) int64 {
	n := micros / second
	if micros%second < 0 {
		n--
	}
	return n
}

// micros is the moment Evaluate looks at for a second.
func (c *course) micros(at int64) int64 { return max(at*second, c.acc.Newest) }

// end is the second after which no rule gives anything else any more.
func (c *course) end() int64 {
	end := int64(math.MinInt64)
	for _, t := range c.acc.Tallies {
		n, known := c.s.index[t.Rule]
		if !known {
			continue
		}
		r := &c.s.rules[n]
		switch {
		case r.halfLife > 0 && len(t.Lives) > 0:
			end = max(end, (t.Lives[len(t.Lives)-1]+forgotten+1)*r.halfLife)
		case r.within > 0 && len(t.Times) > 0:
			end = max(end, t.Times[len(t.Times)-1]+r.within)
		}
	}
	if end == math.MinInt64 {
		return end
	}
	return seconds(max(end, c.acc.Newest)) + 1
}

// total is the score with rules that give points at one second and those that take some at another.
func (c *course) total(giving, taking int64) micro {
	return c.s.total(c.s.sum(c.fit, c.acc, c.adjustments, moments{c.micros(giving), c.micros(taking)}))
}

// first is the first second from a to b at which the band is left.
func (c *course) first(a, b int64, band string) (int64, bool) {
	falls, rises := band != Cold, band != Hot
	if rises && c.s.OnlyGives(c.acc) { // then it is highest now
		if rises = false; c.total(a, a) >= c.high {
			return a, true
		}
	}
	if !falls {
		return c.leaves(a, b, falls, rises)
	}
	if g, ok := c.guess(a); ok && a < g-2 && g+2 < b {
		for _, part := range [][2]int64{{a, g - 2}, {g - 1, g + 1}} {
			if t, found := c.leaves(part[0], part[1], falls, rises); found {
				return t, true
			}
		}
		a = g + 2
	}
	return c.leaves(a, b, falls, rises)
}

// leaves looks for the first second from a to b at which the score is out of its limits.
func (c *course) leaves(a, b int64, falls, rises bool) (int64, bool) {
	c.looks--
	falls = falls && c.total(b, a) < c.low
	rises = rises && c.total(a, b) >= c.high
	switch {
	case !falls && !rises:
		return 0, false
	case a == b, c.looks < 0:
		return a, true
	}
	middle := a + (b-a)/2
	if t, found := c.leaves(a, middle, falls, rises); found {
		return t, true
	}
	return c.leaves(middle+1, b, falls, rises)
}

// guess is where the score falls out of its band if all that decays has one half-life and no cap holds.
func (c *course) guess(a int64) (int64, bool) {
	half, decaying := int64(0), micro(0)
	at := c.micros(a)
	for i := range c.acc.Tallies {
		t := &c.acc.Tallies[i]
		n, known := c.s.index[t.Rule]
		if !known || c.s.rules[n].halfLife == 0 {
			continue
		}
		r := &c.s.rules[n]
		if half != 0 && half != r.halfLife {
			return 0, false
		}
		half = r.halfLife
		decaying += kept(r.value(t, at), t.Cycle, c.adjustments)
	}
	rest := c.total(a, a) - decaying
	if half == 0 || decaying <= 0 || c.low <= rest || c.low >= rest+decaying {
		return 0, false
	}
	lives := math.Log2(float64(decaying) / float64(c.low-rest))
	return seconds(at + int64(lives*float64(half))), true
}
