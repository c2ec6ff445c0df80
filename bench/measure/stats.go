package measure

import (
	"math"
	"slices"
)

// Range is what several measurements of one thing gave.
type Range struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// RangeOf sums up values; the zero Range of none.
func RangeOf(values []float64) Range {
	if len(values) == 0 {
		return Range{}
	}
	return Range{Median: Median(values), Min: slices.Min(values), Max: slices.Max(values)}
}

// Median is the middle value, of an even number the mean of the two in the middle; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Percentile is the smallest value that at least p percent of the values do not exceed (nearest rank); 0 of none.
func Percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Spread is the greatest value divided by the smallest; 1 is none at all, and so is a single value. A side that once did
// nothing spreads without end.
func Spread(values []float64) float64 {
	r := RangeOf(values)
	if len(values) == 0 {
		return 1
	}
	if r.Min <= 0 {
		return math.Inf(1)
	}
	return r.Max / r.Min
}
