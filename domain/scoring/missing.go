package scoring

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Missing is what would bring a lead nearer to MQL: what so many more events of a rule, or a profile that meets it, would
// add to the score now, after every cap.
type Missing struct {
	Rule   string  `json:"rule"`
	Points float64 `json:"points"`
	Events int     `json:"-"` // how many more events; 0 for a rule of fit
	points micro
	enough bool // to qualify by itself
}

// missing lists what is enough by itself first, the least of it first; then the rest, the most points first. What takes
// fewer events comes before what takes more.
func (x *explainer) missing(sum sums, result Result) []Missing {
	out := []Missing{}
	if x.s.Qualified(result) {
		return out
	}
	add := func(m Missing, with sums) {
		m.points = with.fit + with.engagement - sum.fit - sum.engagement
		if m.points <= 0 {
			return
		}
		m.Points, m.enough = m.points.points(), x.s.Qualified(x.s.result(with, ""))
		out = append(out, m)
	}
	for i := range x.s.rules {
		if r := &x.s.rules[i]; r.points > 0 {
			n := x.lacking(r)
			add(Missing{Rule: r.ID, Events: n}, x.s.sum(x.fitness, x.with(r, n), x.adjustments, when(x.at)))
		}
	}
	for i := range x.s.fit {
		r := &x.s.fit[i]
		if gain := x.learnable(r); gain > 0 {
			add(Missing{Rule: r.ID}, x.s.sum(x.fitness+gain, x.acc, x.adjustments, when(x.at)))
		}
	}
	slices.SortStableFunc(out, moreUseful)
	return out
}

func moreUseful(a, b Missing) int {
	fewer := cmp.Compare(max(1, a.Events), max(1, b.Events))
	switch {
	case a.enough && !b.enough:
		return -1
	case b.enough && !a.enough:
		return 1
	case a.enough:
		return cmp.Or(fewer, cmp.Compare(a.points, b.points))
	}
	return cmp.Or(fewer, cmp.Compare(b.points, a.points))
}

// lacking is how many more events make a rule give points: 1, or what a count still lacks.
func (x *explainer) lacking(r *rule) int {
	if r.Count == 0 {
		return 1
	}
	have := int64(0)
	for _, t := range x.acc.Tallies {
		if t.Rule == r.ID && t.Cycle == len(x.adjustments) {
			have = t.Count
			if r.within > 0 {
				have = r.inside(t.Times, x.at)
			}
		}
	}
	return max(1, r.Count-int(have))
}

// with is the accumulators after n more events of a rule, now and in this cycle.
func (x *explainer) with(r *rule, n int) Accumulators {
	f := x.s.begin(x.acc, x.adjustments, nil)
	for range n {
		f.add(r, len(x.adjustments), x.at)
	}
	return f.Accumulators
}

// learnable is what a profile rule would give if something were known that is not: nobody can change an industry, but
// people can ask for it.
func (x *explainer) learnable(r *fitRule) micro {
	matches := x.s.matches(r, x.profile)
	switch {
	case r.points < 0 && matches && r.Missing:
		return -r.points
	case r.points < 0 || matches:
		return 0
	}
	fields := []test{r.test}
	if r.Persona != "" {
		fields = slices.Concat(x.s.personas[r.Persona].all, x.s.personas[r.Persona].any)
	}
	for _, f := range fields {
		if _, known := x.profile.Get(f.Field); !known && !f.Missing {
			return r.points
		}
	}
	return 0
}

// sentence says how far the lead is from MQL and what would help most.
func (x *explainer) sentence(e Explanation) string {
	m := x.s.MQL
	if x.s.Qualified(e.Result) {
		return fmt.Sprintf("At %d points, with %s needed for MQL.", e.Score, text(m.Score))
	}
	var lacks []string
	if short := toMicro(m.Score) - micro(e.Score)*point; short > 0 {
		lacks = append(lacks, amount(short)+" points short of MQL")
	}
	if m.MinFit != nil && e.Fit < *m.MinFit {
		lacks = append(lacks, fmt.Sprintf("fit is %s, at least %s is needed", amount(toMicro(e.Fit)), text(*m.MinFit)))
	}
	if m.MinEngagement != nil && e.Engagement < *m.MinEngagement {
		lacks = append(lacks, fmt.Sprintf("engagement is %s, at least %s is needed", amount(toMicro(e.Engagement)), text(*m.MinEngagement)))
	}
	if len(e.Missing) > 0 {
		lacks = append(lacks, e.Missing[0].phrase())
	}
	return strings.Join(lacks, "; ") + "."
}

// phrase is "pricing gives 15".
func (m Missing) phrase() string {
	if m.Events > 1 {
		return fmt.Sprintf("%d more events for %s give %s", m.Events, m.Rule, amount(m.points))
	}
	return fmt.Sprintf("%s gives %s", m.Rule, amount(m.points))
}
