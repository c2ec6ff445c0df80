package scoring

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Problem is something wrong with a document: where, and what to do about it.
type Problem struct {
	Path    string // as in engagement[3].half_life
	Message string
}

// Bounds on what a model may ask for.
const (
	maxRules      = 200 // per axis
	maxConditions = 50
	maxValues     = 1000
	maxExpression = 1000
	maxPoints     = 10_000
)

// Items that are no rule's: the ids are taken.
const (
	itemFloor     = "floor"
	itemRounding  = "rounding"
	itemRecycling = "recycling"
)

var (
	idForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	reserved = []string{itemFloor, itemRounding, itemRecycling}
)

// check collects what is wrong with a model.
type check struct {
	m        Model
	problems []Problem
	ids      map[string]string // where an id was first
}

func (c *check) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

// Validate finds everything that is wrong with a model; nothing means that New takes it.
func (m Model) Validate() []Problem {
	c := &check{m: m.defaults(), ids: map[string]string{}}
	c.limits()
	c.thresholds()
	for _, name := range sortedNames(m.Personas) {
		p, path := m.Personas[name], "personas."+name
		c.name(path, name)
		if len(p.All)+len(p.Any) == 0 {
			c.add(path, "has no conditions and would be everybody: give it all or any")
		}
		c.conditions(path+".all", p.All, true)
		c.conditions(path+".any", p.Any, true)
	}
	c.count("fit", len(m.Fit))
	c.count("engagement", len(m.Engagement))
	c.predictive()
	if len(m.Fit)+len(m.Engagement) == 0 && m.Predictive.axis() == nil {
		c.add("engagement", "is empty, and so is fit: give the model at least one rule")
	}
	for i, r := range m.Fit[:min(len(m.Fit), maxRules)] {
		c.fitRule(fmt.Sprintf("fit[%d]", i), r)
	}
	for i, r := range m.Engagement[:min(len(m.Engagement), maxRules)] {
		c.engagementRule(fmt.Sprintf("engagement[%d]", i), r)
	}
	for i, t := range m.Triggers {
		path := fmt.Sprintf("triggers[%d]", i)
		c.eventType(path, t)
		if slices.Contains(m.Triggers[:i], t) {
			c.add(path, "is named twice: remove one")
		}
	}
	return c.problems
}

func (c *check) count(path string, n int) {
	if n > maxRules {
		c.add(path, "has %d rules, at most %d are taken: merge rules with one_of", n, maxRules)
	}
}

func (c *check) name(path, name string) {
	if !idForm.MatchString(name) {
		c.add(path, "needs a short name of letters, digits, dots, dashes and underscores")
	}
}

func (c *check) limits() {
	positive := func(path string, limit *float64) {
		switch {
		case limit == nil:
		case toMicro(*limit) <= 0:
			c.add(path, "must be above 0; leave it out for no cap")
		default:
			c.finite(path, *limit)
		}
	}
	positive("caps.fit", c.m.Caps.Fit)
	positive("caps.engagement", c.m.Caps.Engagement)
	if f := c.m.Floor; f != nil && (*f > 0 || *f < -maxPoints || *f != math.Trunc(*f)) {
		c.add("floor", "must be a whole number from -%d to 0: a floor above 0 gives points for nothing", maxPoints)
	}
	for _, name := range sortedNames(c.m.Groups) {
		c.name("groups."+name, name)
		c.group("groups."+name+".cap", name, c.m.Groups[name].Cap)
	}
}

// group holds that a cap can do something: a group needs a rule whose points go its way.
func (c *check) group(path, name string, limit float64) {
	c.finite(path, limit)
	if toMicro(limit) == 0 {
		c.add(path, "is missing or 0: say how many points the rules of the group give together at most")
		return
	}
	rules, sameSign := 0, false
	for _, r := range c.m.Engagement {
		if r.Group == name {
			rules++
			sameSign = sameSign || r.Points*limit > 0
		}
	}
	if rules > 0 && !sameSign {
		c.add(path, "has the wrong sign for the points of its rules and would never act: change its sign")
	}
}

func (c *check) thresholds() {
	m := c.m
	if m.MQL.Score <= 0 || m.MQL.Score > maxPoints {
		c.add("mql.score", "must be above 0 and at most %d; 100 is usual", maxPoints)
	}
	c.minimum("mql.min_fit", m.MQL.MinFit, m.Caps.Fit, "caps.fit")
	c.minimum("mql.min_engagement", m.MQL.MinEngagement, m.Caps.Engagement, "caps.engagement")
	if f, e := m.Caps.Fit, m.Caps.Engagement; f != nil && e != nil && *f+*e < m.MQL.Score {
		c.add("mql.score", "can never be reached: fit gives at most %v and engagement %v; lower it, or raise a cap", *f, *e)
	}
	c.finite("bands.hot", m.Bands.Hot)
	c.finite("bands.warm", m.Bands.Warm)
	c.finite("grades.A", m.Grades.A)
	c.finite("grades.B", m.Grades.B)
	c.finite("grades.C", m.Grades.C)
	if m.Bands.Hot <= m.Bands.Warm {
		c.add("bands.hot", "must be above warm (%v)", m.Bands.Warm)
	} else if h := m.Bands.Hysteresis; h < 0 || h > m.Bands.Hot-m.Bands.Warm {
		c.add("bands.hysteresis", "must be from 0 to the distance between hot and warm (%v)", m.Bands.Hot-m.Bands.Warm)
	}
	if m.Floor != nil && m.Bands.Warm <= *m.Floor {
		c.add("bands.warm", "must be above the floor (%v), or no lead could ever be cold", *m.Floor)
	}
	if m.Grades.A <= m.Grades.B || m.Grades.B <= m.Grades.C {
		c.add("grades", "must fall from A to C: A above B, and B above C")
	}
}

func (c *check) minimum(path string, least, limit *float64, capPath string) {
	if least == nil {
		return
	}
	c.finite(path, *least)
	if limit != nil && *least > *limit {
		c.add(path, "can never be reached: the cap is %v; lower it, or raise %s", *limit, capPath)
	}
}

// finite also bounds: sums of a model must stay far inside what is counted exactly.
func (c *check) finite(path string, n float64) bool {
	if math.Abs(n) <= maxPoints {
		return true
	}
	c.add(path, "must be between -%d and %d", maxPoints, maxPoints)
	return false
}

func (c *check) eventType(path, t string) {
	switch {
	case t == "":
		c.add(path, "is missing: name a type of engagement, one of %s", strings.Join(person.EventTypes, " "))
	case !slices.Contains(person.EventTypes, t):
		c.add(path, "is no type of engagement: use one of %s", strings.Join(person.EventTypes, " "))
	}
}

func sortedNames[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
