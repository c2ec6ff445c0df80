package predict

import (
	"cmp"
	"math"
	"slices"
)

// Interval is a figure with the bounds of its 95 % interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// z95 is the 97.5 % quantile of the normal distribution.
const z95 = 1.959963984540054

// AUC is the area under the ROC curve - how often a lead that converted stands above one that did not, ties counting half -
// with the interval of DeLong, DeLong and Clarke-Pearson (1988), computed from midranks as by Sun and Xu (2014). NaN
// without both kinds.
func AUC(scores []float64, won []bool) Interval {
	var up, down []float64
	for i, s := range scores {
		if won[i] {
			up = append(up, s)
		} else {
			down = append(down, s)
		}
	}
	m, n := float64(len(up)), float64(len(down))
	if m == 0 || n == 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	all, mine, theirs := midranks(slices.Concat(up, down)), midranks(up), midranks(down)
	sum := 0.0
	for _, r := range all[:len(up)] {
		sum += r
	}
	auc := (sum - m*(m+1)/2) / (m * n)
	placed := func(from int, own []float64, others float64, turn bool) float64 {
		squares := 0.0
		for i, r := range own {
			v := (all[from+i] - r) / others
			if turn {
				v = 1 - v
			}
			squares += (v - auc) * (v - auc)
		}
		return squares / max(1, float64(len(own)-1))
	}
	spread := math.Sqrt(placed(0, mine, n, false)/m + placed(len(up), theirs, m, true)/n)
	return Interval{auc, max(0, auc-z95*spread), min(1, auc+z95*spread)}
}

// midranks are the ranks from 1, those of equal values being their mean.
func midranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && values[order[j]] == values[order[i]] {
			j++
		}
		for _, o := range order[i:j] {
			ranks[o] = float64(i+j+1) / 2
		}
		i = j
	}
	return ranks
}

// mean of figures with the interval of the normal distribution.
func mean(values []float64) Interval {
	n := float64(len(values))
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum += v
	}
	for _, v := range values {
		squares += (v - sum/n) * (v - sum/n)
	}
	spread := z95 * math.Sqrt(squares/max(1, n-1)/n)
	return Interval{sum / n, sum/n - spread, sum/n + spread}
}

// Share is k of n with the interval of Wilson (1927).
func Share(k, n int) Interval {
	if n == 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	p, size, z := float64(k)/float64(n), float64(n), z95*z95
	middle, half := (p+z/(2*size))/(1+z/size), z95/(1+z/size)*math.Sqrt(p*(1-p)/size+z/(4*size*size))
	return Interval{p, max(0, middle-half), min(1, middle+half)}
}
