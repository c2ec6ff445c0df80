package effect

import (
	"cmp"
	"slices"
)

// Believed tells which of many findings hold if of those that are believed no more than the share q is to be wrong, on average:
// the procedure of Benjamini and Hochberg. Findings are given by their p-values.
func Believed(p []float64, q float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]bool, len(p))
	for k := len(order) - 1; k >= 0; k-- {
		if p[order[k]] <= q*float64(k+1)/float64(len(p)) {
			for _, i := range order[:k+1] {
				out[i] = true
			}
			break
		}
	}
	return out
}
