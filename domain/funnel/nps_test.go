package funnel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Two examples worked by hand. 291 promoters, 476 passives and 395 detractors are a sample that was published with its score, -9,
// and its half-width, 4.4 points, by the plain Wald interval, to which the adjusted one comes with so many answers
// (talkstats.com, thread 58500). Of 9 promoters and 2 detractors: p = 9.75/14, q = 2.75/14, d = 1/2, variance (25/28 - 1/4) / 14 =
// (3/14)², so the half is 1.95996 * 3/14 = 0.41999.
func TestNPS_workedExamples(t *testing.T) {
	t.Parallel()
	n := NPS{Promoters: 291, Passives: 476, Detractors: 395}
	low, high := n.Interval()
	require.InDelta(t, -8.95, n.Score(), 0.005)
	require.InDelta(t, 4.4, (high-low)/2, 0.05)
	require.InDelta(t, n.Score(), (high+low)/2, 0.05)

	n = NPS{Promoters: 9, Detractors: 2}
	low, high = n.Interval()
	require.InDelta(t, 63.636, n.Score(), 0.001)
	require.InDelta(t, 8.0008, low, 0.001)
	require.InDelta(t, 91.9992, high, 0.001)
}

func TestNPS_atItsEnds(t *testing.T) {
	t.Parallel()
	low, high := NPS{}.Interval()
	require.Equal(t, []float64{0, -100, 100}, []float64{NPS{}.Score(), low, high})
	_, high = NPS{Promoters: 10}.Interval()
	require.Equal(t, 100.0, high, "no more than all")
	low, _ = NPS{Promoters: 1}.Interval()
	require.Less(t, low, 0.0, "of one answer next to nothing is known")
	low, high = NPS{Detractors: 1000}.Interval()
	require.Equal(t, -100.0, low)
	require.Less(t, high, -99.0)
	require.Greater(t, high, -100.0)
}
