package trial

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWilson(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		give      Sample
		low, high float64
	}{
		{Sample{0, 0}, 0, 1},
		{Sample{10, 0}, 0, 0.2775},
		{Sample{10, 10}, 0.7225, 1},
		{Sample{20, 10}, 0.2993, 0.7007}, // published by Newcombe (1998) and others
		{Sample{263, 81}, 0.2553, 0.3662},
		{Sample{148, 15}, 0.0624, 0.1605},
	} {
		low, high := tc.give.Wilson(1.959964)
		require.InDelta(t, tc.low, low, 0.0001, "%v", tc.give)
		require.InDelta(t, tc.high, high, 0.0001, "%v", tc.give)
	}
}

// The interval holds the rate about as often as it says.
func TestWilson_covers(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	for _, p := range []float64{0.02, 0.1, 0.5} {
		held := 0
		const times = 4000
		for range times {
			s := Sample{Tried: 200}
			for range s.Tried {
				if draw.Float64() < p {
					s.Converted++
				}
			}
			if low, high := s.Wilson(1.96); low <= p && p <= high {
				held++
			}
		}
		require.InDelta(t, 0.95, float64(held)/times, 0.03, "%v", p)
	}
}

// Small samples by hand: the mixture is a product of beta integrals, the null its maximum.
func TestEvidence_byHand(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 1, Evidence(), 1e-12)
	require.InDelta(t, 1, Evidence(Sample{}, Sample{}), 1e-12)
	require.InDelta(t, 0.5*0.5/0.25, Evidence(Sample{1, 1}, Sample{1, 0}), 1e-12) // E[p] E[1-p] over (1/2)^2
	require.InDelta(t, 0.5*0.5, Evidence(Sample{1, 1}, Sample{1, 1}), 1e-12)
	require.InDelta(t, (3./8)*(3./8)*16, Evidence(Sample{2, 2}, Sample{2, 0}), 1e-12) // E[p^2] of Beta(1/2, 1/2) is 3/8
}

// Under one common rate the expected value after any number of outcomes is at most 1: computed over all outcomes, not drawn.
func TestEvidence_isAnEValue(t *testing.T) {
	t.Parallel()
	choose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return math.Exp(a - b - c)
	}
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(0, 40).Draw(t, "n"), rapid.IntRange(0, 40).Draw(t, "m")
		p := rapid.Float64Range(0.001, 0.999).Draw(t, "p")
		sum := 0.0
		for i := range n + 1 {
			for j := range m + 1 {
				sum += choose(n, i) * choose(m, j) * math.Pow(p, float64(i+j)) * math.Pow(1-p, float64(n+m-i-j)) * Evidence(Sample{n, i}, Sample{m, j})
			}
		}
		require.LessOrEqual(t, sum, 1+1e-9)
	})
}

// peek plays one trial, looks after every single outcome, and tells whether the test ever names a winner.
func peek(draw *rand.Rand, looks int, rates []float64, names func([]Sample) bool) (named bool, after int) {
	samples := make([]Sample, len(rates))
	for n := range looks {
		arm := draw.IntN(len(rates))
		samples[arm].Tried++
		if draw.Float64() < rates[arm] {
			samples[arm].Converted++
		}
		if names(samples) {
			return true, n + 1
		}
	}
	return false, looks
}

const alpha = 0.05

func sequential(s []Sample) bool { return Decide(alpha, s...).Winner >= 0 }

// fixed is the two-proportion z-test, which is meant for one look.
func fixed(s []Sample) bool {
	a, b := s[0], s[1]
	if a.Tried < 30 || b.Tried < 30 {
		return false
	}
	p := float64(a.Converted+b.Converted) / float64(a.Tried+b.Tried)
	se := math.Sqrt(p * (1 - p) * (1/float64(a.Tried) + 1/float64(b.Tried)))
	return se > 0 && math.Abs(a.Rate()-b.Rate()) > 1.96*se
}

// Who looks after every lead names a wrong winner no more often than alpha. The test for one look, looked at as often, is wrong many
// times as often: the simulation sees the mistake it is there for.
func TestDecide_underContinuousPeeking(t *testing.T) {
	t.Parallel()
	const trials, looks = 200, 1500
	for n, rates := range [][]float64{{0.02, 0.02}, {0.2, 0.2}, {0.5, 0.5}, {0.1, 0.1, 0.1}} {
		draw := rand.New(rand.NewPCG(7, uint64(n)))
		wrong := 0
		for range trials {
			if named, _ := peek(draw, looks, rates, sequential); named {
				wrong++
			}
		}
		t.Logf("rates %v: a winner where there is none in %d of %d trials of %d looks", rates, wrong, trials, looks)
		require.LessOrEqual(t, float64(wrong)/trials, alpha, "%v", rates)
	}
	draw, wrong := rand.New(rand.NewPCG(7, 99)), 0
	for range trials {
		if named, _ := peek(draw, looks, []float64{0.2, 0.2}, fixed); named {
			wrong++
		}
	}
	t.Logf("the test for one look: in %d of %d", wrong, trials)
	require.Greater(t, float64(wrong)/trials, 4*alpha)
}

// Where there is a difference it is found, and the right one.
func TestDecide_findsWhatIsThere(t *testing.T) {
	t.Parallel()
	for n, tc := range []struct {
		rates  []float64
		winner int
		within int
	}{{[]float64{0.1, 0.2}, 1, 4000}, {[]float64{0.4, 0.2}, 0, 1000}, {[]float64{0.1, 0.1, 0.3}, 2, 3000}} {
		draw, found := rand.New(rand.NewPCG(3, uint64(n))), 0
		const trials = 100
		for range trials {
			right := false
			named, _ := peek(draw, tc.within, tc.rates, func(s []Sample) bool {
				v := Decide(alpha, s...)
				right = v.Winner == tc.winner
				return v.Winner >= 0
			})
			if named && right {
				found++
			}
		}
		require.GreaterOrEqual(t, found, 95, "%v", tc.rates)
	}
}

func TestDecide_atTheEdges(t *testing.T) {
	t.Parallel()
	require.Equal(t, Verdict{1, -1}, Decide(alpha))
	require.Equal(t, Verdict{1, -1}, Decide(alpha, Sample{100, 99}))
	require.Equal(t, -1, Decide(alpha, Sample{0, 0}, Sample{5, 5}).Winner)
	v := Decide(alpha, Sample{1_000_000, 100_000}, Sample{1_000_000, 110_000})
	require.Equal(t, 1, v.Winner)
	require.Less(t, v.P, 1e-20)
	// Two that are the same are not told apart because a third is worse.
	require.Equal(t, -1, Decide(alpha, Sample{1000, 300}, Sample{1000, 301}, Sample{1000, 50}).Winner)
}
