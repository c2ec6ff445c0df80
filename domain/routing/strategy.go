package routing

import (
	"cmp"
	"slices"
)

// choose takes one of those who may, of whom there is at least one.
func (p Pool) choose(who []Candidate) (rep string, credits map[string]int64) {
	if p.Strategy == Weighted {
		return weighted(who)
	}
	return slices.MinFunc(who, func(a, b Candidate) int {
		first := 0
		switch p.Strategy {
		case LeastLoaded:
			first = cmp.Compare(*a.Open, *b.Open)
		case FirstAvailable:
			first = a.OpensAt.Compare(*b.OpensAt)
		}
		return cmp.Or(first, cmp.Compare(a.Turn, b.Turn), cmp.Compare(a.RepID, b.RepID))
	}).RepID, nil
}

// Whole is one lead, in the unit of credits.
const Whole = 1_000_000_000

// farthest keeps what is owed where the arithmetic cannot overflow. Nobody comes near it.
const farthest = 4 * Whole

// weighted is the rule of R. Tijdeman (The chairman assignment problem, Discrete Mathematics 32, 1980, 323-330). With every lead
// each of those who may have it is owed a share by their weight. Of those who are owed enough the one is chosen whose debt would
// be the first to grow too large. As long as the same n reps may have the leads, nobody ever has more or less than their share by
// more than 1 - 1/(2n-2) of a lead, which is the best there is. Whoever is left out of a decision is owed nothing by it, so nobody
// comes back from a holiday to a flood.
func weighted(who []Candidate) (string, map[string]int64) {
	shares := sharesOf(who)
	least := int64(Whole) // alone: everything
	if n := int64(len(who)); n > 1 {
		least = Whole / (2*n - 2)
	}
	best, most := -1, 0
	credits := make(map[string]int64, len(who))
	for i, c := range who {
		who[i].Credit = max(-farthest, min(farthest, c.Credit)) + shares[i]
		credits[c.RepID] = who[i].Credit
		if who[i].Credit > who[most].Credit {
			most = i
		}
	}
	sooner := func(i, j int) bool { // (Whole-least-credit)/share is when it is due
		return (Whole-least-who[i].Credit)*shares[j] < (Whole-least-who[j].Credit)*shares[i]
	}
	for i, c := range who {
		if c.Credit >= least && (best < 0 || sooner(i, best)) {
			best = i
		}
	}
	if best < 0 { // others have left, who had had too little: whoever is owed most
		best = most
	}
	credits[who[best].RepID] -= Whole
	return who[best].RepID, credits
}

// sharesOf are the parts of one lead that each is owed; together they are a whole one.
func sharesOf(who []Candidate) []int64 {
	var total, given int64
	for _, c := range who {
		total += int64(c.Weight)
	}
	shares, rest := make([]int64, len(who)), make([]int, len(who))
	for i, c := range who {
		shares[i], rest[i] = Whole*int64(c.Weight)/total, i
		given += shares[i]
	}
	slices.SortStableFunc(rest, func(i, j int) int {
		return cmp.Compare(Whole*int64(who[j].Weight)%total, Whole*int64(who[i].Weight)%total)
	})
	for _, i := range rest[:Whole-given] {
		shares[i]++
	}
	return shares
}
