package funnel

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestShares(t *testing.T) {
	t.Parallel()
	week := 7 * 24 * time.Hour
	touches := []time.Time{after(0), after(week), after(2 * week), after(3 * week)}
	for _, tc := range []struct {
		way  string
		of   int
		want []float64
	}{
		{First, 4, []float64{1, 0, 0, 0}},
		{Last, 4, []float64{0, 0, 0, 1}},
		{Linear, 4, []float64{.25, .25, .25, .25}},
		{Position, 4, []float64{.4, .1, .1, .4}},
		{Position, 3, []float64{.4, .2, .4}},
		{Position, 2, []float64{.5, .5}},
		{Position, 1, []float64{1}},
		{Decay, 4, []float64{1. / 15, 2. / 15, 4. / 15, 8. / 15}},
		{Decay, 1, []float64{1}},
		{Linear, 0, nil},
	} {
		require.InDeltaSlice(t, tc.want, Shares(tc.way, touches[:tc.of]), 1e-12, tc)
	}
}

func TestShares_nothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at, touches := after(0), []time.Time{}
		for range rapid.IntRange(1, 40).Draw(t, "touches") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(3000*24*time.Hour)).Draw(t, "after")))
			touches = append(touches, at)
		}
		for _, way := range Attributions {
			sum := 0.0
			for _, share := range Shares(way, touches) {
				require.GreaterOrEqual(t, share, 0.0)
				sum += share
			}
			require.InDelta(t, 1, sum, 1e-9)
		}
	})
}
