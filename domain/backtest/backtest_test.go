package backtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/backtest"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
)

func said(score int) scoring.Judged { return scoring.Judged{Score: score, Least: true} }

// Counts by score give what the list of all leads gives, ties included.
func TestAUC_isThatOfTheList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 60).Draw(t, "leads")
		var s backtest.Sample
		scores, won := make([]float64, n), make([]bool, n)
		for i := range n {
			score := rapid.IntRange(0, 12).Draw(t, "score")
			scores[i], won[i] = float64(score), i < 2 || i > 3 && rapid.Bool().Draw(t, "won")
			s.Add([2]scoring.Judged{said(score), said(0)}, won[i])
		}
		want, got := predict.AUC(scores, won), s.AUC(0)
		require.InDelta(t, want.Value, got.Value, 1e-12)
		require.InDelta(t, want.Low, got.Low, 1e-9)
		require.InDelta(t, want.High, got.High, 1e-9)
		require.InDelta(t, 0.5, s.AUC(1).Value, 1e-12, "who says the same of all tells nobody apart")
		require.InDelta(t, want.Value-0.5, s.Difference().Value, 1e-12)
	})
}

func TestAUC_ofTooFewIsNone(t *testing.T) {
	t.Parallel()
	var s backtest.Sample
	require.Nil(t, s.AUC(0))
	for i := range 5 {
		s.Add([2]scoring.Judged{said(i), said(i)}, i == 4)
	}
	require.Nil(t, s.AUC(0), "one that converted")
	require.Nil(t, s.Difference())
	s.Add([2]scoring.Judged{said(9), said(9)}, true)
	require.InDelta(t, 1, s.AUC(0).Value, 1e-12)
	require.InDelta(t, 0, s.Difference().Value, 1e-12)
	require.InDelta(t, 0, s.Difference().High, 1e-12, "a model does not differ from itself")
}

// The variance of a paired difference by hand, from the definition: winners 3 and 1, losers 2 and 0 of the first model, and the second
// says the opposite of the first pair.
func TestDifference_byHand(t *testing.T) {
	t.Parallel()
	var s backtest.Sample
	s.Add([2]scoring.Judged{said(3), said(2)}, true)
	s.Add([2]scoring.Judged{said(1), said(1)}, true)
	s.Add([2]scoring.Judged{said(2), said(3)}, false)
	s.Add([2]scoring.Judged{said(0), said(0)}, false)
	require.InDelta(t, 0.75, s.AUC(0).Value, 1e-12)
	require.InDelta(t, 0.5, s.AUC(1).Value, 1e-12)
	// winners' components: 1-.5, .5-.5; losers': .5-0, 1-1. Variance .125 each, of two each: .0625 + .0625.
	d := s.Difference()
	require.InDelta(t, 0.25, d.Value, 1e-12)
	require.InDelta(t, 0.25-1.959963984540054*0.3535533905932738, d.Low, 1e-9)
}

func TestMeasure_byHand(t *testing.T) {
	t.Parallel()
	var s backtest.Sample
	add := func(j scoring.Judged, won bool) { s.Add([2]scoring.Judged{j, said(0)}, won) }
	for i := range 10 { // 0 10 .. 90; 90, 80 and 20 converted
		add(said(10*i), i == 9 || i == 8 || i == 2)
	}
	m := s.Measure(0, 79.5)
	require.Equal(t, 80, m.Own.Threshold)
	require.Equal(t, []int{2, 2}, []int{m.Own.Picked, m.Own.Won})
	require.InDelta(t, 1, *m.Own.Precision.Share, 1e-12)
	require.InDelta(t, 2./3, *m.Own.Recall.Share, 1e-12)
	require.InDelta(t, 10./3, *m.Own.Lift, 1e-12)
	require.Len(t, m.Thresholds, 10)
	require.Equal(t, 90, m.Thresholds[0].Threshold)
	require.Equal(t, m.Own, m.Thresholds[1])
	require.InDelta(t, 1, *m.Thresholds[9].Lift, 1e-12, "everybody is as good as everybody")
	require.Len(t, m.Deciles, 10)
	for i, d := range m.Deciles {
		require.Equal(t, []int{i + 1, 1, 90 - 10*i}, []int{d.Decile, d.Leads, d.From})
	}
	require.Equal(t, 1, m.Deciles[7].Won)

	add(scoring.Judged{Score: 5, Hard: true}, true)
	add(scoring.Judged{Score: 95}, false) // short of the minimum of an axis
	m = s.Measure(0, 80)
	require.Equal(t, []int{3, 3}, []int{m.Own.Picked, m.Own.Won}, "a hard trigger is picked, who lacks the least of an axis is not")
	require.Equal(t, 95, m.Thresholds[0].Threshold)
	require.Equal(t, []int{1, 1}, []int{m.Thresholds[0].Picked, m.Thresholds[0].Won})
	decisions, won := s.Used()
	require.Equal(t, []int{12, 4}, []int{decisions, won})
}

// Equal scores are not torn apart, whatever comes of it.
func TestDeciles_keepEqualScoresTogether(t *testing.T) {
	t.Parallel()
	var s backtest.Sample
	for i := range 100 {
		s.Add([2]scoring.Judged{said(min(i, 40)), said(0)}, i%2 == 0)
	}
	m := s.Measure(0, 100)
	require.Equal(t, []int{4, 60, 40, 40}, []int{m.Deciles[0].Decile, m.Deciles[0].Leads, m.Deciles[0].From, m.Deciles[0].To})
	sum := 0
	for _, d := range m.Deciles {
		sum += d.Leads
	}
	require.Equal(t, 100, sum)
	empty := (&backtest.Sample{}).Measure(0, 100)
	require.Empty(t, empty.Thresholds)
	require.Nil(t, empty.Own.Precision.Share)
}
