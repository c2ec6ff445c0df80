package scoring

import (
	"errors"
	"fmt"
	"math"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

func (c *check) rule(path, id string, points float64) {
	switch first, taken := c.ids[id]; {
	case !idForm.MatchString(id):
		c.add(path+".id", "must be a short name of letters, digits, dots, dashes and underscores")
	case slices.Contains(reserved, id):
		c.add(path+".id", "is a name that explanations use themselves (%s): choose another", strings.Join(reserved, ", "))
	case id == itemPredictive && c.m.Predictive != nil:
		c.add(path+".id", "is what the points of the predictor are called: choose another")
	case taken:
		c.add(path+".id", "is the id of %s already: explanations and reports could not tell them apart", first)
	default:
		c.ids[id] = path
	}
	if c.finite(path+".points", points) && toMicro(points) == 0 {
		c.add(path+".points", "is missing or 0: say how many points the rule gives, or remove it")
	}
}

func (c *check) fitRule(path string, r FitRule) {
	c.rule(path, r.ID, r.Points)
	if r.Persona == "" {
		c.condition(path, r.Condition, true)
		return
	}
	if _, ok := c.m.Personas[r.Persona]; !ok {
		c.add(path+".persona", "is no persona of this model: %s", thereAre(sortedNames(c.m.Personas)))
	}
	if r.Field != "" || r.operators() > 0 {
		c.add(path, "has a persona and a condition: put the condition into the persona, or into a rule of its own")
	}
}

func (c *check) engagementRule(path string, r EngagementRule) {
	c.rule(path, r.ID, r.Points)
	c.eventType(path+".on", r.On)
	c.conditions(path+".where", r.Where, false)
	c.times(path, r)
	c.unless(path, r)
	switch {
	case r.Cap == nil:
	case toMicro(*r.Cap) == 0:
		c.add(path+".cap", "is 0, so the rule would give nothing: leave the cap out, or remove the rule")
	case *r.Cap*r.Points < 0:
		c.add(path+".cap", "has the wrong sign: a cap has the sign of the points")
	default:
		c.finite(path+".cap", *r.Cap)
	}
	if _, ok := c.m.Groups[r.Group]; r.Group != "" && !ok {
		c.add(path+".group", "is no group of this model: %s", thereAre(sortedNames(c.m.Groups)))
	}
}

func (c *check) times(path string, r EngagementRule) {
	short := func(d time.Duration) bool { return d != 0 && d < time.Second }
	switch {
	case r.Within != 0 && r.HalfLife != 0:
		c.add(path+".half_life", "does not go with within: a rule has a window or a half-life, remove one")
	case r.Count != 0 && r.HalfLife != 0:
		c.add(path+".half_life", "does not go with count: use within, or count for ever")
	case short(r.HalfLife.Duration()):
		c.add(path+".half_life", "must be at least 1s")
	case short(r.Within.Duration()):
		c.add(path+".within", "must be at least 1s")
	}
	if r.Count < 0 || r.Count > maxMoments {
		c.add(path+".count", "must be between 1 and %d", maxMoments)
	}
}

func (c *check) conditions(path string, conditions []Condition, ofProfile bool) {
	if len(conditions) > maxConditions {
		c.add(path, "has %d conditions, at most %d are taken: use one_of or matches", len(conditions), maxConditions)
	}
	for i, one := range conditions {
		c.condition(fmt.Sprintf("%s[%d]", path, i), one, ofProfile)
	}
}

func (c *check) condition(path string, one Condition, ofProfile bool) {
	switch {
	case one.Field == "" && ofProfile:
		c.add(path+".field", "is missing: name a profile field, or a persona where a rule has one")
	case one.Field == "":
		c.add(path+".field", "is missing: name a property of the event")
	case ofProfile && !person.Known(one.Field):
		c.add(path+".field", "is no profile field: use one of %s, or custom.<key>", strings.Join(person.Fields, " "))
	}
	c.tests(path, one)
}

// tests checks how a condition tests its field.
func (c *check) tests(path string, one Condition) {
	if n := one.operators(); n != 1 {
		c.add(path, "has %d tests: give exactly one of equals, one_of, contains, prefix, matches, range, present, missing", n)
		return
	}
	switch {
	case one.OneOf != nil && (len(one.OneOf) == 0 || len(one.OneOf) > maxValues):
		c.add(path+".one_of", "has %d values: give it 1 to %d", len(one.OneOf), maxValues)
	case one.Range != nil:
		c.bounds(path+".range", one.Range)
	case one.Matches != "":
		c.expression(path+".matches", one)
	}
	for _, v := range append(one.OneOf[:len(one.OneOf):len(one.OneOf)], one.Equals) {
		if !plain(v) {
			c.add(path, "compares with something that is no single text, number, true or false")
			break
		}
	}
}

// plain holds for what JSON has as a single value: others would not survive being stored.
func plain(v any) bool {
	switch n := v.(type) {
	case nil, string, bool, int, int64, uint64:
		return true
	case float64:
		return !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return false
}

func (c *check) bounds(path string, r []float64) {
	if len(r) != 2 || math.IsNaN(r[0]+r[1]) || math.IsInf(r[0], 0) || math.IsInf(r[1], 0) {
		c.add(path, "must be two numbers: [least, most]")
	} else if r[0] > r[1] {
		c.add(path, "is the wrong way round: write [least, most]")
	}
}

func (c *check) expression(path string, one Condition) {
	if len(one.Matches) > maxExpression {
		c.add(path, "is longer than %d characters: use one_of, or several rules", maxExpression)
		return
	}
	_, err := compile(one)
	if bad := (*syntax.Error)(nil); errors.As(err, &bad) {
		c.add(path, "is no regular expression (RE2): %s; look-ahead and back-references are not taken", bad.Code)
	} else if err != nil {
		c.add(path, "is no regular expression (RE2)")
	}
}

// operators is how many of the ways to test are given.
func (c Condition) operators() int {
	n := 0
	for _, given := range []bool{
		c.Equals != nil, c.OneOf != nil, c.Contains != "", c.Prefix != "", c.Matches != "", c.Range != nil, c.Present, c.Missing,
	} {
		if given {
			n++
		}
	}
	return n
}

func thereAre(names []string) string {
	if len(names) == 0 {
		return "there is none"
	}
	return "there are " + strings.Join(names, ", ")
}
