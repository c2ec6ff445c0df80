package scoring

import "math"

// micro is a millionth of a point. Whole numbers add up to the same sum in any order, floating point numbers do not.
type micro int64

const (
	point micro = 1_000_000
	// most bounds every sum of a rule, in points, far inside 64 bits even when 1,000 rules add up.
	most = 1e9
)

// toMicro rounds to the nearest millionth, and keeps within most.
func toMicro(points float64) micro {
	return micro(math.Round(min(max(points, -most), most) * float64(point)))
}

// points is the amount as people and JSON have it.
func (m micro) points() float64 { return float64(m) / float64(point) }

// times is the amount of n events.
func (m micro) times(n int64) micro {
	if m == 0 {
		return 0
	}
	return m * micro(min(n, int64(most*point)/int64(max(m, -m))))
}

// halved halves n times and rounds once, half away from zero.
func (m micro) halved(n int) micro {
	return micro(math.Round(math.Ldexp(float64(m), -n)))
}

// whole rounds half up, as the contract has it: -0.5 is 0.
func (m micro) whole() int {
	m += point / 2
	n := m / point
	if m%point < 0 {
		n--
	}
	return int(n)
}

// capped keeps an amount on this side of a limit, in the direction of the limit's sign; nil does not limit.
func (m micro) capped(limit *micro) micro {
	switch {
	case limit == nil:
		return m
	case *limit < 0:
		return max(m, *limit)
	}
	return min(m, *limit)
}

func limitOf(points *float64) *micro {
	if points == nil {
		return nil
	}
	return new(toMicro(*points))
}
