package predict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/trial"
)

const (
	mostTogether  = 3
	leastTogether = 0.2 // phi
	mostReasons   = 3
)

const effectsMethod = "Intervals of shares by Wilson (1927), of differences by Newcombe (1998, method 10), 95 %. The promise of points is what they would give at " +
	"the worth of a point, which is the median over the rules that work. Verdicts where promise and what became of leads differ, with and without the other rules " +
	"held fixed, after Benjamini and Hochberg (1995) at 10 %. Odds by a logistic regression on all rules together."

// Effects says of each rule of a model whether it earns its points.
func Effects(c record.Cases) (record.RulesReport, error) {
	r := ruledOf(c)
	out := record.RulesReport{
		Cases: len(c.Items), Forgot: c.Forgot, Open: c.Open, More: c.More, Items: []record.RuleEffect{}, Method: effectsMethod,
		Converted: record.RateOf(r.sample(func(int) bool { return true })),
	}
	watched := c.Scorer.Watched()
	for i, w := range watched {
		out.Items = append(out.Items, r.line(i, w, watched))
	}
	if says := r.few(); says != "" {
		out.Says = says
		return out, nil
	}
	worths, fitted, err := r.worths(r.all())
	if err != nil {
		return out, err
	}
	point := r.point(worths)
	if point > 0 {
		out.PerPoint = new(odds(point))
	} else {
		out.Says = noRuleWorks + ": only rules that do the opposite of their points are told"
	}
	claims := make([]effect.Claim, len(watched))
	for i, w := range worths {
		with, without := r.parted(i)
		claims[i] = effect.Claim{With: with, Without: without, Worth: w, Effect: point * w.Points, Promised: r.promised(fitted, i, point*w.Points)}
	}
	for i, v := range effect.Judge(claims) {
		judge(&out.Items[i], claims[i], v)
	}
	return out, nil
}

// few says that there are too few cases to say anything; empty: there are enough.
func (r ruled) few() string {
	all := r.sample(func(int) bool { return true })
	if all.Tried >= scoring.LeastOutcomes && min(all.Converted, all.Tried-all.Converted) >= leastOfAKind {
		return ""
	}
	return fmt.Sprintf("%d leads came to an end, %d of them converted: %d, and %d of a kind, are needed before anything is said", all.Tried, all.Converted, scoring.LeastOutcomes, leastOfAKind)
}

// sample counts some of the cases.
func (r ruled) sample(of func(row int) bool) (s trial.Sample) {
	for i := range r.cases {
		if of(i) {
			s.Tried++
			s.Converted += class(r.won[i])
		}
	}
	return s
}

// parted are whom a rule met, and the others.
func (r ruled) parted(rule int) (with, without trial.Sample) {
	return r.sample(func(i int) bool { return r.met(i, rule) }), r.sample(func(i int) bool { return !r.met(i, rule) })
}

// line is what is counted of a rule.
func (r ruled) line(rule int, w scoring.Watched, watched []scoring.Watched) record.RuleEffect {
	with, without := r.parted(rule)
	out := record.RuleEffect{
		Rule: w.ID, Axis: w.Axis, Why: w.Why, Points: w.Points, Gives: r.gives(r.all(), rule),
		Fired: record.RateOf(trial.Sample{Tried: len(r.cases), Converted: with.Tried}), With: record.RateOf(with), Without: record.RateOf(without),
		Verdict: effect.TooFew, Says: "too few leads to say anything", Together: r.together(rule, watched), Reasons: r.reasons(rule), Named: r.named(rule),
	}
	if with.Tried > 0 && without.Tried > 0 {
		out.Lift = new(effect.Difference(with, without, effect.Z95))
	}
	return out
}

// together lists the rules that meet the same leads, or never do.
func (r ruled) together(rule int, watched []scoring.Watched) []record.Together {
	out := []record.Together{}
	for other, w := range watched {
		both, first, second := 0, 0, 0
		for i := range r.cases {
			switch a, b := r.met(i, rule), r.met(i, other); {
			case a && b:
				both++
			case a:
				first++
			case b:
				second++
			}
		}
		if phi := effect.Phi(len(r.cases), both, first, second); other != rule && math.Abs(phi) >= leastTogether {
			out = append(out, record.Together{Rule: w.ID, Phi: phi})
		}
	}
	slices.SortStableFunc(out, func(a, b record.Together) int { return cmp.Compare(math.Abs(b.Phi), math.Abs(a.Phi)) })
	return out[:min(len(out), mostTogether)]
}

// reasons are the most frequent ones why leads that the rule met were refused or lost.
func (r ruled) reasons(rule int) []record.ReasonShare {
	counts := map[string]*[2]int{}
	var n [2]int
	for i, c := range r.cases {
		side := 1 - class(r.met(i, rule))
		n[side]++
		for _, reason := range c.Reasons {
			if counts[reason] == nil {
				counts[reason] = &[2]int{}
			}
			counts[reason][side]++
		}
	}
	out := []record.ReasonShare{}
	for reason, k := range counts {
		kind, code, _ := strings.Cut(reason, ":")
		if k[0] > 0 {
			out = append(out, record.ReasonShare{
				Kind: kind, Reason: code, With: record.RateOf(trial.Sample{Tried: n[0], Converted: k[0]}), Without: record.RateOf(trial.Sample{Tried: n[1], Converted: k[1]}),
			})
		}
	}
	slices.SortFunc(out, func(a, b record.ReasonShare) int {
		return cmp.Or(cmp.Compare(*b.With.Rate, *a.With.Rate), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	return out[:min(len(out), mostReasons)]
}

// named is how often what was said to have helped is what the rule is about.
func (r ruled) named(rule int) record.Rate {
	var s trial.Sample
	for i, c := range r.cases {
		if c.Answered && r.met(i, rule) {
			s.Tried++
			s.Converted += class(c.Named[rule])
		}
	}
	return record.RateOf(s)
}
