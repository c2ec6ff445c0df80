package predict

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// tooGood is the AUC above which a single field is taken for an echo of the outcome.
const tooGood = 0.85

// Leak is a column that would let the fit look ahead.
type Leak struct {
	Column string `json:"column"`
	Code   string `json:"code"` // sales, after_decision, too_good, unstated
	Why    string `json:"why"`
}

// The codes of leaks.
const (
	LeakSales    = "sales"
	LeakAfter    = "after_decision"
	LeakTooGood  = "too_good"
	LeakUnstated = "unstated"
)

// Refused names the columns for which nothing was trained.
type Refused struct{ Leaks []Leak }

// Told is a line for every leak, and one for all columns that do not say when they are known.
func (e *Refused) Told() (lines []string, unstated bool) {
	var names []string
	for _, l := range e.Leaks {
		if l.Code == LeakUnstated {
			names = append(names, l.Column)
			continue
		}
		lines = append(lines, l.Column+": "+l.Why)
	}
	if len(names) > 0 {
		lines = append(lines, fmt.Sprintf("not said when known (%d): %s", len(names), strings.Join(names, ", ")))
	}
	return lines, len(names) > 0
}

func (e *Refused) Error() string {
	lines, _ := e.Told()
	return "columns could only be known after the decision, or do not say when they are known; " + strings.Join(lines, "; ")
}

// guard finds the columns that would let the fit look ahead, in the order of the table: each with one reason, the surest.
func (f *frame) guard(m Mapping, seed uint64) ([]Leak, []Single, error) {
	var leaks []Leak
	var singles []Single
	of, _ := folds(f.all(), f.won, f.twins, foldsK, seed)
	for i := range f.features {
		one := &f.features[i]
		why, err := f.late(m, one.name)
		if err != nil {
			return nil, nil, err
		}
		auc := AUC(one.alone(f.won, of), f.won)
		singles = append(singles, Single{one.name, auc})
		switch {
		case one.known == Sales:
			leaks = append(leaks, Leak{one.name, LeakSales, "is set by sales, so it tells of the decision and not of the lead"})
		case why != "":
			leaks = append(leaks, Leak{one.name, LeakAfter, why})
		case auc.Value > tooGood:
			leaks = append(leaks, Leak{one.name, LeakTooGood, fmt.Sprintf("alone tells who converts with an AUC of %.3f, above %.2f: it echoes the outcome", auc.Value, tooGood)})
		case one.known == "":
			leaks = append(leaks, Leak{one.name, LeakUnstated, "does not say when it is known"})
		}
	}
	return leaks, singles, nil
}

// Single is how well one column alone tells who converts.
type Single struct {
	Column string   `json:"column"`
	AUC    Interval `json:"auc"`
}

func (f *frame) all() []int {
	out := make([]int, len(f.won))
	for i := range out {
		out[i] = i
	}
	return out
}

// late says in how many rows a column was set after the decision.
func (f *frame) late(m Mapping, name string) (string, error) {
	at := m.Columns[name].At
	if at == nil {
		return "", nil
	}
	set, err := moments(f.table, *at)
	if err != nil {
		return "", err
	}
	decided, err := moments(f.table, *m.Decision)
	if err != nil {
		return "", err
	}
	after, known := 0, 0
	for i := range set {
		if !math.IsNaN(set[i]) && !math.IsNaN(decided[i]) {
			known++
			if set[i] > decided[i] {
				after++
			}
		}
	}
	if after == 0 {
		return "", nil
	}
	return fmt.Sprintf("was set after the decision in %d of the %d rows that say when (%s after %s)", after, known, at.Column, m.Decision.Column), nil
}

// mostBins of a number that is looked at alone.
const mostBins = 20

// alone says of each row how often its level (a number: its twentieth) converted in the other folds, drawn towards the
// base rate by ten rows. Blanks are a level: who was never asked may tell, too.
func (one *feature) alone(won []bool, of []int) []float64 {
	levels := one.levels()
	type tally struct{ wins, rows float64 }
	all, inside := map[int]tally{}, map[[2]int]tally{}
	var base tally
	fold := map[int]tally{}
	for i, l := range levels {
		w := float64(class(won[i]))
		add := func(t tally) tally { return tally{t.wins + w, t.rows + 1} }
		all[l], inside[[2]int{l, of[i]}] = add(all[l]), add(inside[[2]int{l, of[i]}])
		base, fold[of[i]] = add(base), add(fold[of[i]])
	}
	out := make([]float64, len(levels))
	for i, l := range levels {
		here, a, of := inside[[2]int{l, of[i]}], all[l], fold[of[i]]
		rate := (base.wins - of.wins) / max(1, base.rows-of.rows)
		out[i] = (a.wins - here.wins + 10*rate) / (a.rows - here.rows + 10)
	}
	return out
}

// levels numbers what rows have: 0 is a blank.
func (one *feature) levels() []int {
	if one.kind == Category {
		known := map[string]int{"": 0}
		out := make([]int, len(one.texts))
		for i, t := range one.texts {
			n, is := known[t]
			if !is {
				n = len(known)
				known[t] = n
			}
			out[i] = n
		}
		return out
	}
	var sorted []float64
	for _, x := range one.numbers {
		if !math.IsNaN(x) {
			sorted = append(sorted, x)
		}
	}
	slices.Sort(sorted)
	var edges []float64
	for b := 1; b < mostBins && len(sorted) > 0; b++ {
		edges = append(edges, sorted[b*len(sorted)/mostBins])
	}
	edges = slices.Compact(edges)
	out := make([]int, len(one.numbers))
	for i, x := range one.numbers {
		if !math.IsNaN(x) {
			n, at := slices.BinarySearch(edges, x)
			out[i] = 1 + n + class(at)
		}
	}
	return out
}
