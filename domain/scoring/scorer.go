package scoring

import (
	"fmt"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Scorer is a model made ready. It is safe for concurrent use.
type Scorer struct {
	Model
	fit      []fitRule
	personas map[string]persona
	engage   []engagementRule
	byType   map[string][]int
	hard     map[string]bool
}

type persona struct{ all, any []test }

type fitRule struct {
	FitRule
	test test
}

type engagementRule struct {
	EngagementRule
	where []test
	keep  int // moments a window has to remember
}

// maxMoments bounds what a window without a cap remembers.
const maxMoments = 500

// New makes a valid model ready. The first problem of an invalid one is the error.
func New(m Model) (*Scorer, error) {
	if problems := m.Validate(); len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Path, problems[0].Message)
	}
	s := &Scorer{Model: m, personas: map[string]persona{}, byType: map[string][]int{}, hard: map[string]bool{}}
	for name, p := range m.Personas {
		s.personas[name] = persona{all: must(p.All), any: must(p.Any)}
	}
	for _, r := range m.Fit {
		s.fit = append(s.fit, fitRule{r, must([]Condition{r.Condition()})[0]})
	}
	for i, r := range m.Engagement {
		s.engage = append(s.engage, engagementRule{r, must(r.Where), r.keep()})
		s.byType[r.On] = append(s.byType[r.On], i)
	}
	for _, t := range m.Triggers {
		s.hard[t] = true
	}
	return s, nil
}

func must(conditions []Condition) []test {
	tests := make([]test, len(conditions))
	for i, c := range conditions {
		t, err := compile(c)
		if err != nil {
			panic(err) // Validate compiles the same expressions
		}
		tests[i] = t
	}
	return tests
}

// keep is how many of the newest moments can ever matter to a window.
func (r EngagementRule) keep() int {
	switch {
	case r.Within == 0:
		return 0
	case r.Count > 0:
		return r.Count
	case r.Cap != nil && r.Points != 0:
		return min(maxMoments, int(*r.Cap/r.Points)+1)
	}
	return maxMoments
}

// Hard reports whether an event of this type qualifies at once.
func (s *Scorer) Hard(eventType string) bool { return s.hard[eventType] }

// Event is one engagement event as far as scoring looks at it.
type Event struct {
	ID         string
	Type       string
	OccurredAt time.Time
	Properties map[string]any
}

func (r engagementRule) takes(e Event) bool {
	for _, t := range r.where {
		v, ok := e.Properties[t.Field]
		if !t.holds(v, ok && v != nil && v != "") {
			return false
		}
	}
	return true
}

func (p persona) is(profile person.Profile) bool {
	for _, t := range p.all {
		if !t.holds(profile.Get(t.Field)) {
			return false
		}
	}
	for _, t := range p.any {
		if t.holds(profile.Get(t.Field)) {
			return true
		}
	}
	return len(p.any) == 0
}

func (s *Scorer) matches(r fitRule, profile person.Profile) bool {
	if r.Persona != "" {
		return s.personas[r.Persona].is(profile)
	}
	return r.test.holds(profile.Get(r.Field))
}
