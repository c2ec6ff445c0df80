package predict

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const patternsMethod = "Conversion of the leads of a pattern against all others, with the interval of Newcombe (1998, method 10), 95 %; of all pairs of rules and " +
	"numbers of times those are told that hold after Benjamini and Hochberg (1995) at 10 %."

// Patterns finds who looks interested and is not.
func Patterns(c record.Cases) (record.PatternsReport, error) {
	r := ruledOf(c)
	out := record.PatternsReport{Cases: len(c.Items), Forgot: c.Forgot, Open: c.Open, More: c.More, Items: []record.Pattern{}, Method: patternsMethod}
	if out.Says = r.few(); out.Says != "" {
		return out, nil
	}
	worths, _, err := r.worths(r.all())
	if err != nil {
		return out, err
	}
	point := r.point(worths)
	watched := c.Scorer.Watched()
	var rules []int
	for i, w := range watched {
		if w.Axis == scoring.AxisEngagement && w.Points > 0 {
			rules = append(rules, i)
		}
	}
	counts := make([][]int, len(c.Items))
	for i := range counts {
		counts[i] = c.Items[i].Sight.Events
	}
	for _, p := range effect.FalsePositives(counts, r.won, rules) {
		often, never := watched[p.Often].ID, watched[p.Never].ID
		out.Items = append(out.Items, record.Pattern{
			Pattern: fmt.Sprintf("%s:%d:%s", often, p.Times, never), Often: often, Times: p.Times, Never: never,
			In: record.RateOf(p.In), Others: record.RateOf(p.Others), Both: record.RateOf(p.Both), Lift: p.Lift, P: p.P, Points: r.taken(p, point),
			Says: fmt.Sprintf("%s %s, never %s: %s against %s", often, orMore(p.Times), never, percent(p.In.Rate()), percent(p.Others.Rate())),
		})
	}
	if len(out.Items) == 0 {
		out.Says = "no pattern shows: who does much converts as others do"
	}
	return out, nil
}

func orMore(times int) string {
	if times == 1 {
		return "at least once"
	}
	return fmt.Sprintf("%d or more", times)
}

// taken is what a rule for a pattern takes: the log odds between its leads and all others, at the worth of a point; where nobody
// knows that, what the rule that was met so often gave them.
func (r ruled) taken(p effect.Pattern, point float64) float64 {
	points := 0.0
	if point > 0 {
		logit := func(k, n int) float64 { return math.Log((float64(k) + 0.5) / (float64(n-k) + 0.5)) }
		points = (logit(p.In.Converted, p.In.Tried) - logit(p.Others.Converted, p.Others.Tried)) / point
	} else {
		var rows []int
		for i, c := range r.cases {
			if c.Sight.Events[p.Often] >= p.Times && c.Sight.Events[p.Never] == 0 {
				rows = append(rows, i)
			}
		}
		points = -r.gives(rows, p.Often)
	}
	return max(-mostTaken, min(-1, math.Round(points)))
}

// mostTaken is what a suggested rule takes at most: as many points as a lead needs to be qualified, where nothing else is said.
const mostTaken = 100

// WithPattern is a model with a rule for a pattern, which takes points from whom it meets. Points of 0 are those of the report.
func WithPattern(c record.Cases, pattern string, points float64) (scoring.Model, record.Pattern, error) {
	found, err := patternOf(c, pattern)
	if err != nil {
		return c.Model, found, err
	}
	if points != 0 {
		found.Points = -math.Abs(points)
	}
	m := c.Model
	often, never := engagementOf(m, found.Often), engagementOf(m, found.Never)
	id := name(m, found.Often+"-without-"+found.Never)
	m.Engagement = append(slices.Clone(m.Engagement), scoring.EngagementRule{
		ID: id, On: often.On, Where: often.Where, Count: found.Times, Points: found.Points,
		Unless: []scoring.Unless{{On: never.On, Where: never.Where}},
	})
	return m, found, nil
}

// patternOf finds a pattern of the report, or makes one that somebody names though it does not show.
func patternOf(c record.Cases, pattern string) (record.Pattern, error) {
	report, err := Patterns(c)
	if err != nil {
		return record.Pattern{}, err
	}
	for _, p := range report.Items {
		if p.Pattern == pattern {
			return p, nil
		}
	}
	if len(report.Items) == 0 {
		return record.Pattern{}, unusable("look at report patterns", "%s", report.Says)
	}
	var all []string
	for _, p := range report.Items {
		all = append(all, p.Pattern)
	}
	return record.Pattern{}, unusable("there are "+strings.Join(all, ", "), "no pattern of this name shows in what became of leads")
}

func engagementOf(m scoring.Model, id string) scoring.EngagementRule {
	i := slices.IndexFunc(m.Engagement, func(r scoring.EngagementRule) bool { return r.ID == id })
	return m.Engagement[i]
}

const longestID = 64

// name is an id for a rule that none has.
func name(m scoring.Model, want string) string {
	taken := func(id string) bool {
		return slices.ContainsFunc(m.Fit, func(r scoring.FitRule) bool { return r.ID == id }) ||
			slices.ContainsFunc(m.Engagement, func(r scoring.EngagementRule) bool { return r.ID == id })
	}
	want = want[:min(len(want), longestID-4)]
	id := want
	for n := 2; taken(id); n++ {
		id = want + "-" + strconv.Itoa(n)
	}
	return id
}
