package predict

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Measured is how good probabilities were on rows the fit did not know.
type Measured struct {
	Rows      int      `json:"rows"`
	Converted int      `json:"converted"`
	AUC       Interval `json:"auc"`
	LogLoss   Interval `json:"log_loss"`
	Brier     Interval `json:"brier"`
	ECE       Interval `json:"ece"`     // expected calibration error over ten bins of equal count
	RawECE    float64  `json:"raw_ece"` // before calibration
	Bins      []Bin    `json:"bins"`    // the reliability table, least likely first
	TopTenth  float64  `json:"top_tenth_lift"`
}

// Bin is a tenth of the rows by their probability.
type Bin struct {
	Rows      int      `json:"rows"`
	Predicted float64  `json:"predicted"` // mean probability
	Observed  Interval `json:"observed"`  // share that converted (interval of Wilson)
}

const tenBins = 10

func measured(said, raw []float64, won []bool, twins []int, seed uint64) Measured {
	losses, squares := make([]float64, len(said)), make([]float64, len(said))
	out := Measured{Rows: len(said), AUC: AUC(said, won)}
	for i, p := range said {
		y := float64(class(won[i]))
		out.Converted += class(won[i])
		losses[i], squares[i] = logLoss(p, won[i]), (p-y)*(p-y)
	}
	out.LogLoss, out.Brier = mean(losses), mean(squares)
	out.Bins = Reliability(said, won)
	out.ECE = resampled(said, won, twins, seed)
	out.RawECE = ECE(Reliability(raw, won))
	top := out.Bins[len(out.Bins)-1]
	out.TopTenth = top.Observed.Value / (float64(out.Converted) / float64(out.Rows))
	return out
}

// Reliability is ten bins of equal count (the first ones have a row more where they do not divide): equal probabilities
// are parted in the order of the rows.
func Reliability(said []float64, won []bool) []Bin {
	order := make([]int, len(said))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(said[a], said[b]) })
	var bins []Bin
	for b := range tenBins {
		part := order[b*len(order)/tenBins : (b+1)*len(order)/tenBins]
		if len(part) == 0 {
			continue
		}
		sum, wins := 0.0, 0
		for _, i := range part {
			sum += said[i]
			wins += class(won[i])
		}
		bins = append(bins, Bin{len(part), sum / float64(len(part)), Share(wins, len(part))})
	}
	return bins
}

// ECE is the mean distance of predicted and observed, weighted by rows (Naeini, Cooper and Hauskrecht 2015, with bins of
// equal count).
func ECE(bins []Bin) float64 {
	sum, rows := 0.0, 0.0
	for _, b := range bins {
		sum += float64(b.Rows) * math.Abs(b.Predicted-b.Observed.Value)
		rows += float64(b.Rows)
	}
	return sum / rows
}

const resamples = 200

// resampled is the ECE with the 2.5 % and 97.5 % quantiles of 200 bootstrap samples, which draw groups of equal rows. A
// sample of few rows has a larger ECE than what it was drawn from, so the interval leans upwards.
func resampled(said []float64, won []bool, twins []int, seed uint64) Interval {
	groups := map[int][]int{}
	var order []int
	for i, t := range twins {
		if groups[t] == nil {
			order = append(order, t)
		}
		groups[t] = append(groups[t], i)
	}
	sorted := make([]int, len(said))
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(said[a], said[b]) })
	random := rand.New(rand.NewPCG(seed, resamples))
	drawn, times := make([]float64, resamples), make([]int, len(said))
	for n := range drawn {
		clear(times)
		rows := 0
		for range order {
			for _, i := range groups[order[random.IntN(len(order))]] {
				times[i]++
				rows++
			}
		}
		drawn[n] = repeated(said, won, sorted, times, rows)
	}
	slices.Sort(drawn)
	return Interval{ECE(Reliability(said, won)), drawn[resamples/40], drawn[resamples-1-resamples/40]}
}

// repeated is the ECE of rows that are there so many times; sorted has them by what was said.
func repeated(said []float64, won []bool, sorted, times []int, rows int) float64 {
	var off, sum float64 // of predicted over observed in this bin; of all bins
	seen, bin := 0, 1
	for _, i := range sorted {
		for range times[i] {
			off += said[i] - float64(class(won[i]))
			if seen++; seen == bin*rows/tenBins {
				sum += math.Abs(off)
				off, bin = 0, bin+1
			}
		}
	}
	return sum / float64(rows)
}
