package scoring

import (
	"fmt"
	"math"
	"reflect"
	"slices"
)

// Finding is something that a model says and cannot mean.
type Finding struct {
	Path   string // as in engagement[3].cap
	Why    string
	Remedy string
}

// Sense looks for what a model says and cannot mean. Contradicting is a cap under the points of a rule, a threshold that no lead can
// reach, ranges that overlap. Doubtful is what only has no effect. New takes both. The model must be valid.
func (m Model) Sense() (contradicting, doubtful []Finding) {
	s := &sense{given: m, m: m.defaults()}
	s.caps()
	s.thresholds()
	s.ranges()
	s.unused()
	return s.refused, s.doubtful
}

type sense struct {
	given, m          Model // as it is written, and with its defaults
	refused, doubtful []Finding
}

func (s *sense) refuse(path, remedy, why string, args ...any) {
	s.refused = append(s.refused, Finding{path, fmt.Sprintf(why, args...), remedy})
}

func (s *sense) doubt(path, remedy, why string, args ...any) {
	s.doubtful = append(s.doubtful, Finding{path, fmt.Sprintf(why, args...), remedy})
}

// worth is what one event or one field can give at most, under a name.
type worth struct {
	id     string
	points float64
}

// heaviest is the rule that gives most in the direction of a limit.
func heaviest(limit float64, rules []worth) worth {
	best := worth{}
	for _, r := range rules {
		if r.points*limit > 0 && math.Abs(r.points) > math.Abs(best.points) {
			best = r
		}
	}
	return best
}

func (s *sense) under(path string, limit float64, rules []worth) {
	if r := heaviest(limit, rules); math.Abs(r.points) > math.Abs(limit) {
		s.refuse(path, fmt.Sprintf("make the cap %s, or the points of %s at most %s", text(r.points), r.id, text(limit)),
			"is %s, under the %s points that %s gives at once: they would never be had", text(limit), text(r.points), r.id)
	}
}

func (s *sense) caps() {
	var fit, engagement []worth
	groups := map[string][]worth{}
	for _, r := range s.m.Fit {
		fit = append(fit, worth{r.ID, r.Points})
	}
	for i, r := range s.m.Engagement {
		one := worth{r.ID, r.Points}
		engagement = append(engagement, one)
		if r.Group != "" {
			groups[r.Group] = append(groups[r.Group], one)
		}
		if r.Cap != nil {
			s.under(fmt.Sprintf("engagement[%d].cap", i), *r.Cap, []worth{one})
		}
	}
	for _, name := range sortedNames(s.m.Groups) {
		s.under("groups."+name+".cap", s.m.Groups[name].Cap, groups[name])
	}
	if limit := s.m.Caps.Fit; limit != nil {
		s.under("caps.fit", *limit, fit)
	}
	if limit := s.m.Caps.Engagement; limit != nil {
		s.under("caps.engagement", *limit, engagement)
	}
}

// thresholds compares what is asked for with the most that rules give in one cycle.
func (s *sense) thresholds() {
	fit, engagement := s.m.mostFit(), s.m.mostEngagement()
	whole := math.Floor(fit + engagement + 0.5) // a score is in whole points, half up
	const lower = "lower it, or let the rules give more"
	if s.m.MQL.Score > whole {
		s.refuse("mql.score", lower, "is %s and can never be reached: fit gives at most %s and the engagement of a cycle %s",
			text(s.m.MQL.Score), text(fit), text(engagement))
	}
	if least := s.m.MQL.MinFit; least != nil && *least > fit {
		s.refuse("mql.min_fit", lower, "is %s and can never be reached: fit gives at most %s", text(*least), text(fit))
	}
	if least := s.m.MQL.MinEngagement; least != nil && *least > engagement {
		s.refuse("mql.min_engagement", lower, "is %s and can never be reached: the engagement of a cycle gives at most %s", text(*least), text(engagement))
	}
	if s.given.Bands != (Bands{}) && s.m.Bands.Hot > whole {
		s.doubt("bands.hot", lower, "is %s, and no score is above %s: no lead would be hot", text(s.m.Bands.Hot), text(whole))
	}
	if s.given.Grades != (Grades{}) && len(s.m.Fit) > 0 && s.m.Grades.A > fit {
		s.doubt("grades.A", lower, "is %s, and no fit is above %s: no lead would be an A", text(s.m.Grades.A), text(fit))
	}
}

// mostFit is the most that the fit of anybody can be. It may be more than anybody reaches, never less: rules whose values
// exclude each other count once where that is plain, all others together.
func (m Model) mostFit() float64 {
	sum := 0.0
	fields := map[string][]FitRule{}
	for _, r := range m.Fit {
		if r.Persona == "" && exclusive(r.Condition) {
			fields[r.Field] = append(fields[r.Field], r)
		} else {
			sum += max(0, r.Points)
		}
	}
	for _, rules := range fields {
		sum += mostOf(rules)
	}
	if axis := m.Predictive.axis(); axis != nil {
		sum += max(0, axis.Points)
	}
	if m.Caps.Fit != nil {
		sum = min(sum, *m.Caps.Fit)
	}
	return sum
}

// exclusive reports that a field has one value, and that the values which meet the condition are known. Custom fields may
// hold lists, of which each value counts.
func exclusive(c Condition) bool {
	return slices.Contains(singleFields, c.Field) && (c.Equals != nil || len(c.OneOf) > 0 || len(c.Range) == 2)
}

// mostOf is the most that rules about one field give for any one value. It is given for a value that a rule names, or for
// one at which a range begins.
func mostOf(rules []FitRule) float64 {
	best := 0.0
	for _, r := range rules {
		for _, v := range r.named() {
			sum := 0.0
			for _, other := range rules {
				if other.Holds(v, true) {
					sum += max(0, other.Points)
				}
			}
			best = max(best, sum)
		}
	}
	return best
}

func (c Condition) named() []any {
	switch {
	case c.Equals != nil:
		return []any{c.Equals}
	case len(c.Range) == 2:
		return []any{c.Range[0]}
	}
	return c.OneOf
}

// mostEngagement is the most that the engagement of one cycle can be; infinity where nothing limits it.
func (m Model) mostEngagement() float64 {
	sum, groups := 0.0, map[string]float64{}
	for _, r := range m.Engagement {
		if got := r.most(); r.Group != "" {
			groups[r.Group] += got
		} else {
			sum += got
		}
	}
	for name, got := range groups {
		if limit := m.Groups[name].Cap; limit > 0 {
			got = min(got, limit)
		}
		sum += got
	}
	if m.Caps.Engagement != nil {
		sum = min(sum, *m.Caps.Engagement)
	}
	return sum
}

func (r EngagementRule) most() float64 {
	switch {
	case r.Points < 0:
		return 0
	case r.Cap != nil:
		return *r.Cap
	case r.Count > 0:
		return r.Points
	case r.Within > 0:
		return r.Points * maxMoments
	}
	return math.Inf(1)
}

// ranges finds values for which two rules hold that were meant to be steps.
func (s *sense) ranges() {
	for i, r := range s.m.Fit {
		for n, other := range s.m.Fit[:i] {
			if r.Persona == "" && other.Persona == "" && r.Field == other.Field {
				s.overlap(fmt.Sprintf("fit[%d].range", i), fmt.Sprintf("fit[%d]", n), r.ID, other.ID, r.Condition, other.Condition)
			}
		}
	}
	for i, r := range s.m.Engagement {
		for n, other := range s.m.Engagement[:i] {
			if r.On == other.On && !(reflect.DeepEqual(r.Where, other.Where) && r.Count != other.Count) { // to count the same is to reward who comes back
				if at, was, parts := differing(r.Where, other.Where); parts {
					s.overlap(fmt.Sprintf("engagement[%d].where[%d].range", i, at), fmt.Sprintf("engagement[%d]", n), r.ID, other.ID, r.Where[at], other.Where[was])
				}
			}
		}
	}
}

// differing finds the one condition, of a field both ask about, in which two lists differ: all others are the same. Of lists that do not
// differ it is the first that is a range.
func differing(a, b []Condition) (in, of int, one bool) {
	if len(a) != len(b) || len(a) == 0 {
		return 0, 0, false
	}
	left := make([]bool, len(b)) // those with a counterpart
	in = -1
	for i := range a {
		n := slices.IndexFunc(b, func(c Condition) bool { return reflect.DeepEqual(a[i], c) })
		switch {
		case n >= 0 && !left[n]:
			left[n] = true
		case in >= 0:
			return 0, 0, false
		default:
			in = i
		}
	}
	if in < 0 {
		ranged := func(c Condition) bool { return len(c.Range) == 2 }
		in, of = slices.IndexFunc(a, ranged), slices.IndexFunc(b, ranged)
		return in, of, in >= 0
	}
	of = slices.Index(left, false)
	return in, of, a[in].Field == b[of].Field
}

func (s *sense) overlap(path, at, id, otherID string, a, b Condition) {
	if len(a.Range) != 2 || len(b.Range) != 2 {
		return
	}
	from, to := max(a.Range[0], b.Range[0]), min(a.Range[1], b.Range[1])
	if from > to {
		return
	}
	where := "from " + text(from) + " to " + text(to)
	if from == to {
		where = "at " + text(from)
	}
	s.refuse(path, "both ends of a range are included: let one end before the other begins, or make one rule of them",
		"overlaps the range of %s (%s): %s both %s and %s hold", at, otherID, where, otherID, id)
}

// unused finds what no rule looks at.
func (s *sense) unused() {
	for _, name := range sortedNames(s.m.Personas) {
		if !slices.ContainsFunc(s.m.Fit, func(r FitRule) bool { return r.Persona == name }) {
			s.doubt("personas."+name, "give it a rule in fit, or remove it", "is the persona of no rule and has no effect")
		}
	}
	for _, name := range sortedNames(s.m.Groups) {
		if !slices.ContainsFunc(s.m.Engagement, func(r EngagementRule) bool { return r.Group == name }) {
			s.doubt("groups."+name, "name it in a rule of engagement, or remove it", "is the group of no rule and has no effect")
		}
	}
}
