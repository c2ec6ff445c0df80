package backtest

import (
	"math"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Interval is a figure with its 95 % interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// z95 is the 97.5 % quantile of the normal distribution.
const z95 = 1.959963984540054

// placed is, for one score, how a lead of it stands: which share of those who did not convert is below it, and which share of those who
// did is above it, equal ones counting half. These are the components of DeLong, DeLong and Clarke-Pearson (1988).
type placed struct{ won, lost float64 }

func place(buckets []bucket, all count) map[int]placed {
	out := make(map[int]placed, len(buckets))
	var below count
	for _, b := range buckets {
		out[b.score] = placed{
			won:  (float64(below.lost) + float64(b.lost)/2) / float64(all.lost),
			lost: (float64(all.won-below.won-b.won) + float64(b.won)/2) / float64(all.won),
		}
		below.won, below.lost = below.won+b.won, below.lost+b.lost
	}
	return out
}

// AUC is the area under the ROC curve of one model: how often a lead that converted had a higher score than one that did not,
// ties counting half, with the interval of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988). Nil with fewer than two of a kind.
func (s *Sample) AUC(model int) *Interval {
	stands := place(s.buckets(model), s.all)
	got := s.interval(func(said [2]scoring.Judged) placed { return stands[said[model].Score] })
	if got != nil {
		got.Low, got.High = max(0, got.Low), min(1, got.High)
	}
	return got
}

// Difference is the AUC of the first model less that of the second, on the same decisions, with the paired interval of DeLong, DeLong and
// Clarke-Pearson (1988): two models that are asked about the same leads differ by less than their own intervals say.
func (s *Sample) Difference() *Interval {
	first, second := place(s.buckets(0), s.all), place(s.buckets(1), s.all)
	return s.interval(func(said [2]scoring.Judged) placed {
		a, b := first[said[0].Score], second[said[1].Score]
		return placed{a.won - b.won, a.lost - b.lost}
	})
}

// interval is the mean of where winners stand, with the interval of the normal distribution from how winners and losers vary.
func (s *Sample) interval(stands func(said [2]scoring.Judged) placed) *Interval {
	m, n := float64(s.all.won), float64(s.all.lost)
	if m < 2 || n < 2 {
		return nil
	}
	cells := s.cells()
	var sum, up, down float64
	for _, said := range cells {
		sum += stands(said).won * float64(s.said[said].won)
	}
	mean := sum / m
	for _, said := range cells {
		at, c := stands(said), s.said[said]
		up += float64(c.won) * (at.won - mean) * (at.won - mean)
		down += float64(c.lost) * (at.lost - mean) * (at.lost - mean)
	}
	half := z95 * math.Sqrt(up/(m-1)/m+down/(n-1)/n)
	return &Interval{mean, mean - half, mean + half}
}
