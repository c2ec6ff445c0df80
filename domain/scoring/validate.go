package scoring

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Problem is something wrong with a document: where, what, and what to do.
type Problem struct {
	Path    string // as in engagement[3].half_life
	Message string
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Validate finds everything that is wrong with a model.
func (m Model) Validate() []Problem {
	v := &validator{ids: map[string]string{}}
	v.thresholds(m)
	for _, name := range sortedNames(m.Personas) {
		p, path := m.Personas[name], "personas."+name
		if len(p.All)+len(p.Any) == 0 {
			v.add(path, "a persona without a condition would be everybody: give it all or any")
		}
		v.conditions(path+".all", p.All, true)
		v.conditions(path+".any", p.Any, true)
	}
	for i, r := range m.Fit {
		v.fitRule(fmt.Sprintf("fit[%d]", i), r, m)
	}
	for i, r := range m.Engagement {
		v.engagementRule(fmt.Sprintf("engagement[%d]", i), r, m)
	}
	for i, t := range m.Triggers {
		v.eventType(fmt.Sprintf("triggers[%d]", i), t)
	}
	return v.problems
}

type validator struct {
	problems []Problem
	ids      map[string]string
}

func (v *validator) add(path, format string, args ...any) {
	v.problems = append(v.problems, Problem{path, fmt.Sprintf(format, args...)})
}

func (v *validator) thresholds(m Model) {
	if m.MQL.Score <= 0 {
		v.add("mql.score", "the threshold must be above 0; 100 is usual")
	}
	if m.Bands.Hot <= m.Bands.Warm {
		v.add("bands.hot", "hot must begin above warm (%v)", m.Bands.Warm)
	}
	if m.Bands.Hysteresis < 0 || m.Bands.Hysteresis >= m.Bands.Hot-m.Bands.Warm && m.Bands.Hysteresis > 0 {
		v.add("bands.hysteresis", "must be at least 0 and less than the distance between hot and warm")
	}
	if m.Grades.A < m.Grades.B || m.Grades.B < m.Grades.C {
		v.add("grades", "A must not begin below B, nor B below C")
	}
	if m.Floor > 0 {
		v.add("floor", "a floor above 0 would give points for nothing: use 0 or a negative number")
	}
	if c := m.Caps.Fit; c != nil && *c < 0 {
		v.add("caps.fit", "must not be negative")
	}
	if c := m.Caps.Engagement; c != nil && *c < 0 {
		v.add("caps.engagement", "must not be negative")
	}
	if f, e := m.Caps.Fit, m.Caps.Engagement; f != nil && e != nil && *f+*e < m.MQL.Score {
		v.add("mql.score", "can never be reached: fit gives at most %v and engagement %v", *f, *e)
	}
	for _, name := range sortedNames(m.Groups) {
		if m.Groups[name].Cap <= 0 {
			v.add("groups."+name+".cap", "must be above 0")
		}
	}
}

func (v *validator) id(path, id string) {
	if !idForm.MatchString(id) {
		v.add(path+".id", "an id is a lower-case letter followed by letters, digits and _, 64 at most")
	}
	if other, taken := v.ids[id]; taken {
		v.add(path+".id", "%q is the id of %s too: explanations and reports could not tell them apart", id, other)
	}
	v.ids[id] = path
}

func (v *validator) fitRule(path string, r FitRule, m Model) {
	v.id(path, r.ID)
	if r.Points == 0 {
		v.add(path+".points", "a rule without points does nothing")
	}
	switch {
	case r.Persona != "" && r.Field != "":
		v.add(path, "a rule has a persona or a field, not both")
	case r.Persona != "":
		if _, ok := m.Personas[r.Persona]; !ok {
			v.add(path+".persona", "there is no persona %q; there are: %s", r.Persona, strings.Join(sortedNames(m.Personas), ", "))
		}
	default:
		v.conditions(path, []Condition{r.Condition()}, true)
	}
}

func (v *validator) engagementRule(path string, r EngagementRule, m Model) {
	v.id(path, r.ID)
	v.eventType(path+".on", r.On)
	v.conditions(path+".where", r.Where, false)
	if r.Points == 0 {
		v.add(path+".points", "a rule without points does nothing")
	}
	if r.Within > 0 && r.HalfLife > 0 {
		v.add(path+".half_life", "a rule has a window (within) or a half-life, not both")
	}
	if r.Count < 0 || r.Count > maxMoments {
		v.add(path+".count", "must be between 1 and %d", maxMoments)
	}
	if r.Count > 0 && r.HalfLife > 0 {
		v.add(path+".count", "counting needs a window (within) or none; with a half-life there is nothing to count")
	}
	if r.HalfLife > 0 && r.HalfLife.Duration().Milliseconds() < 1000 {
		v.add(path+".half_life", "must be at least 1s")
	}
	if r.Cap != nil && *r.Cap == 0 {
		v.add(path+".cap", "a cap of 0 makes the rule do nothing")
	}
	if r.Cap != nil && r.Points*(*r.Cap) < 0 {
		v.add(path+".cap", "has another sign than the points")
	}
	if _, ok := m.Groups[r.Group]; r.Group != "" && !ok {
		v.add(path+".group", "there is no group %q; there are: %s", r.Group, strings.Join(sortedNames(m.Groups), ", "))
	}
}

func (v *validator) eventType(path, t string) {
	if !slices.Contains(person.EventTypes, t) {
		v.add(path, "%q is no engagement type; there are: %s", t, strings.Join(person.EventTypes, " "))
	}
}

func (v *validator) conditions(path string, conditions []Condition, ofProfile bool) {
	for i, c := range conditions {
		at := path
		if len(conditions) > 1 || !ofProfile {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		switch {
		case c.Field == "":
			v.add(at+".field", "says which field is tested")
		case ofProfile && !person.Known(c.Field):
			v.add(at+".field", "%q is no profile field; there are: %s, and custom.<key>", c.Field, strings.Join(person.Fields, " "))
		}
		v.operators(at, c)
	}
}

func (v *validator) operators(path string, c Condition) {
	n := 0
	for _, on := range []bool{
		c.Equals != nil, len(c.OneOf) > 0, c.Contains != "", c.Prefix != "", c.Matches != "", c.Range != nil, c.Present, c.Missing,
	} {
		if on {
			n++
		}
	}
	if n != 1 {
		v.add(path, "give exactly one of equals, one_of, contains, prefix, matches, range, present, missing (%d are given)", n)
	}
	if c.Range != nil && (len(c.Range) != 2 || c.Range[0] > c.Range[1]) {
		v.add(path+".range", "is [least, most]")
	}
	if _, err := compile(c); err != nil {
		v.add(path+".matches", "%s", err)
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
