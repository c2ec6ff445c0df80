package predict

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// folds gives each of some rows a fold, so that every fold has its share of rows and of wins, and rows of one group are in
// one fold. A group that is larger than a fold cannot be kept in one: then nothing is grouped, and it says so.
func folds(rows []int, won []bool, twins []int, k int, seed uint64) (of []int, grouped bool) {
	groups := map[int][]int{} // positions in rows
	var order []int
	for i, r := range rows {
		if groups[twins[r]] == nil {
			order = append(order, twins[r])
		}
		groups[twins[r]] = append(groups[twins[r]], i)
	}
	for _, g := range groups {
		if len(g)*k > len(rows) {
			return folds(rows, won, alone(twins), k, seed)
		}
	}
	random := rand.New(rand.NewPCG(seed, uint64(k)))
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(groups[b]), len(groups[a])) })
	of = make([]int, len(rows))
	counts := make([][2]float64, k) // lost, won
	for _, g := range order {
		var adds [2]float64
		for _, i := range groups[g] {
			adds[class(won[rows[i]])]++
		}
		best, least := 0, 0.0
		for f := range counts {
			// what a group of this make-up finds in the fold already
			full := adds[0]*counts[f][0] + adds[1]*counts[f][1]
			if f == 0 || full < least {
				best, least = f, full
			}
		}
		counts[best][0] += adds[0]
		counts[best][1] += adds[1]
		for _, i := range groups[g] {
			of[i] = best
		}
	}
	return of, len(order) < len(rows)
}

func class(won bool) int {
	if won {
		return 1
	}
	return 0
}

// alone is every row in a group of its own.
func alone(twins []int) []int {
	out := make([]int, len(twins))
	for i := range out {
		out[i] = i
	}
	return out
}

// split parts rows by a fold: those outside it, and those in it.
func split(rows, of []int, fold int) (train, test []int) {
	for i, r := range rows {
		if of[i] == fold {
			test = append(test, r)
		} else {
			train = append(train, r)
		}
	}
	return train, test
}
