package measure

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	require.Zero(t, Median(nil))
	require.InDelta(t, 3, Median([]float64{9, 3, 1}), 0)
	given := []float64{4, 1, 3, 2}
	require.InDelta(t, 2.5, Median(given), 0)
	require.Equal(t, []float64{4, 1, 3, 2}, given, "what was given is left alone")
	require.Equal(t, Range{Median: 2.5, Min: 1, Max: 4}, RangeOf(given))
}

func TestPercentile_isTheNearestRank(t *testing.T) {
	t.Parallel()
	// The example of https://en.wikipedia.org/wiki/Percentile#Worked_examples_of_the_nearest-rank_method
	list := []float64{15, 20, 35, 40, 50}
	for p, want := range map[float64]float64{5: 15, 30: 20, 40: 20, 50: 35, 100: 50} {
		require.InDelta(t, want, Percentile(list, p), 0, "p%g", p)
	}
	require.Zero(t, Percentile(nil, 50))
}

func TestHistogram_isWithinTwoPercentOfTheTruth(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var whole, parts Histogram
	var list []float64
	for range 50 {
		var part Histogram
		for range 200 {
			d := time.Duration(math.Exp(r.NormFloat64()*2) * float64(time.Millisecond))
			list = append(list, float64(d)/float64(time.Millisecond))
			whole.Add(d)
			part.Add(d)
		}
		parts.Merge(&part)
	}
	require.Equal(t, whole, parts)
	require.EqualValues(t, 10_000, whole.Count())
	for _, p := range []float64{1, 50, 90, 99, 99.9, 100} {
		want := Percentile(list, p)
		require.InEpsilon(t, want, whole.Milliseconds(p), 0.02, "p%g", p)
	}
	require.Zero(t, (&Histogram{}).Milliseconds(50))
	var edges Histogram
	edges.Add(0)
	edges.Add(24 * time.Hour)
	require.InDelta(t, 0.001, edges.Milliseconds(50), 1e-9)
	require.Greater(t, edges.Milliseconds(100), 600_000.0)
}

func TestInterleave_takesTurns(t *testing.T) {
	t.Parallel()
	var order []string
	side := func(name string, value float64) Side {
		return Side{Name: name, Measure: func(context.Context) (Sample, error) {
			order = append(order, name)
			return Sample{Units: value, Seconds: 2}, nil
		}}
	}
	told := 0
	samples, err := Interleave(t.Context(), 3, []Side{side("a", 10), side("b", 5)}, func(int, Side, Sample) { told++ })
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "a", "b", "a", "b"}, order)
	require.Equal(t, 6, told)
	require.InDelta(t, 5, samples[0][2].Value, 0, "units a second")
	require.Equal(t, []float64{2, 2, 2}, Ratios(samples[0], samples[1]))
}

func TestInterleave_saysWhichSideFailed(t *testing.T) {
	t.Parallel()
	cause := errors.New("gone")
	_, err := Interleave(t.Context(), 2, []Side{
		{Name: "ours", Measure: func(context.Context) (Sample, error) { return Sample{}, nil }},
		{Name: "theirs", Measure: func(context.Context) (Sample, error) { return Sample{}, cause }},
	}, func(int, Side, Sample) {})
	require.ErrorIs(t, err, cause)
	require.EqualError(t, err, "theirs: gone")
}

func samples(values ...float64) []Sample {
	out := make([]Sample, len(values))
	for i, v := range values {
		out[i] = Sample{Units: v, Seconds: 1, Value: v, CPU: map[string]float64{"postgres": v / 10, "load": v / 40}}
	}
	return out
}

// Ratios are of pairs: a machine that is slow for both sides at once changes nothing.
func TestCompare_pairsWhatWasMeasuredTogether(t *testing.T) {
	t.Parallel()
	r := Compare("X", "what", AtLeast(1.9), Side{Name: "ours"}, Side{Name: "theirs"}, samples(200, 160, 240), samples(100, 80, 120))
	require.Equal(t, Range{Median: 2, Min: 2, Max: 2}, r.Ratio)
	require.InDelta(t, 1.5, r.Spread, 1e-9)
	require.Equal(t, Met, r.Verdict)
	require.InDelta(t, 0.125, r.Ours.Cost, 1e-9, "processor seconds a unit")
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target         Target
		median, spread float64
		want           Verdict
	}{
		{AtLeast(1), 1, 1, Met},
		{AtLeast(1), 0.99, 1.5, NotMet},
		{AtLeast(1), 5, 1.51, TooNoisy},
		{AtMost(2), 2, 1, Met},
		{AtMost(2), 2.01, 1, NotMet},
		{AtMost(2), 1, math.Inf(1), TooNoisy},
		{AtMost(2), math.NaN(), 1, TooNoisy},
	} {
		require.Equal(t, c.want, c.target.Judge(c.median, c.spread), "%+v", c)
	}
	none := Compare("X", "", AtLeast(1), Side{}, Side{}, samples(1), samples(0))
	require.Equal(t, TooNoisy, none.Verdict, "a denominator that did nothing says nothing")
}

func TestSpread_neverIsBelowOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Float64Range(0, 1e9)).Draw(t, "values")
		require.GreaterOrEqual(t, Spread(values), 1.0)
		r := RangeOf(values)
		require.LessOrEqual(t, r.Min, r.Median)
		require.LessOrEqual(t, r.Median, r.Max)
	})
}

func TestTable_hasALineForEachResult(t *testing.T) {
	t.Parallel()
	r := Compare("B1", "one thing", AtLeast(40), Side{Name: "ours", Unit: "events/s"}, Side{Name: "signals", Unit: "signals/s"}, samples(9000), samples(200))
	r.Notes = []string{"A note."}
	text := Table([]Result{r})
	require.Contains(t, text, "| B1 | ours / signals | at least 40 | **45.0** (45.0 - 45.0) | met | 9000 events/s | 200 signals/s | 125 ms / 125 ms |")
	require.Contains(t, text, "Processor, ours: postgres 80 %, load 20 %; divided by: postgres 80 %, load 20 %.")
	require.Contains(t, text, "A note.")
}
