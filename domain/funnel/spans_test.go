package funnel

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever the order, quantiles are those of the sorted list.
func TestQuantiles_areThoseOfTheSorted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.IntRange(0, 50).Draw(t, "span")) }), 1, 200).Draw(t, "all")
		shares := []float64{0, 0.25, 0.5, 0.5, 0.9, 0.99, 1}
		sorted := slices.Sorted(slices.Values(all))
		for i, got := range Quantiles(slices.Clone(all), shares...) {
			rank := shares[i] * float64(len(all)-1)
			below, rest := int(rank), rank-math.Floor(rank)
			want := float64(sorted[below]) + rest*float64(sorted[min(below+1, len(all)-1)]-sorted[below])
			require.InDelta(t, want, float64(got), 0.5, "%v of %v", shares[i], sorted)
		}
	})
	require.Equal(t, []time.Duration{0}, Quantiles(nil, 0.5))
	require.Equal(t, Took{N: 1, Median: time.Hour, P90: time.Hour}, Spans([]time.Duration{time.Hour}))
}

// Many equal ones, and many in their order, are as quick as others: a selection that falls into its worst case would not end.
func TestQuantiles_ofManyAlike(t *testing.T) {
	t.Parallel()
	const n = 300_000
	same, rising, pipe := make([]time.Duration, n), make([]time.Duration, n), make([]time.Duration, n)
	for i := range n {
		same[i], rising[i], pipe[i] = 7, time.Duration(i), time.Duration(min(i, n-1-i))
	}
	require.Equal(t, []time.Duration{7, 7}, Quantiles(same, 0.5, 0.9))
	require.Equal(t, []time.Duration{n/2 - 1 + 1, 269_999}, Quantiles(rising, 0.5, 0.9))
	require.Equal(t, time.Duration(n/4), Quantiles(pipe, 0.5)[0].Round(1))
}
