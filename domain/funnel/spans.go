package funnel

import (
	"slices"
	"time"
)

// Spans tells how long some things took, whatever their order.
func Spans(all []time.Duration) Took {
	all = slices.Sorted(slices.Values(all))
	return Took{N: len(all), Median: quantile(all, 0.5), P90: quantile(all, 0.9)}
}
