package scoring

import (
	"cmp"
	"fmt"
	"slices"
)

// shownRules keeps them readable.
const shownRules = 6

// Reasons says which rules give a lead other points in one explanation than in another, those that differ most first.
func Reasons(from, to Explanation) []string {
	type gives struct{ was, is micro }
	by := map[string]*gives{}
	var rules []string
	of := func(rule string) *gives {
		if by[rule] == nil {
			by[rule], rules = &gives{}, append(rules, rule)
		}
		return by[rule]
	}
	for _, i := range from.Items {
		of(i.Rule).was += toMicro(i.Points)
	}
	for _, i := range to.Items {
		of(i.Rule).is += toMicro(i.Points)
	}
	// A hair of decay or of rounding is no reason: it would read 0 -> 0.
	rules = slices.DeleteFunc(rules, func(rule string) bool { return distance(by[rule].was, by[rule].is) < point/100 })
	slices.SortStableFunc(rules, func(a, b string) int {
		return cmp.Compare(distance(by[b].was, by[b].is), distance(by[a].was, by[a].is))
	})
	out := []string{}
	for _, rule := range rules[:min(len(rules), shownRules)] {
		g := by[rule]
		sign := "+"
		if g.is < g.was {
			sign = ""
		}
		out = append(out, fmt.Sprintf("%s %s -> %s (%s%s)", rule, amount(g.was), amount(g.is), sign, amount(g.is-g.was)))
	}
	if len(rules) > shownRules {
		out = append(out, fmt.Sprintf("and %d more", len(rules)-shownRules))
	}
	return out
}

func distance(a, b micro) micro { return max(a-b, b-a) }
