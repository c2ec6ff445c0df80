package scoring

import (
	"slices"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Event is one engagement event as far as scoring looks at it.
type Event struct {
	ID         string
	Type       string
	OccurredAt time.Time
	// ReceivedAt, where it is known, is the latest the event can have happened: a client's clock that runs ahead does
	// not put its events into the future.
	ReceivedAt time.Time
	Properties map[string]any
}

// micros is when the event happened, in unix microseconds: what Postgres keeps.
func (e Event) micros() int64 {
	at := e.OccurredAt.UnixMicro()
	if e.ReceivedAt.IsZero() {
		return at
	}
	return min(at, e.ReceivedAt.UnixMicro())
}

// Scorer is a model made ready: expressions compiled, amounts in millionths. It does not change and may be used by many
// goroutines.
type Scorer struct {
	Model    // with its defaults
	fit      []fitRule
	personas map[string]persona
	rules    []rule
	index    map[string]int      // engagement rule by id
	byType   map[string][]int    // engagement rules by event type
	asks     map[string][]string // properties that these look at
	hard     map[string]bool
	groups   []micro // caps; rule.group is an index

	floor, fitCap, engagementCap *micro
	forecast                     *Forecaster // nil: no predictor, or it is off
	counting                     bool        // points of fit go by how often something was done
}

type persona struct{ all, any []test }

type fitRule struct {
	FitRule
	test   test
	points micro
}

type rule struct {
	EngagementRule
	where            []test
	points           micro
	cap              *micro
	group            int // of Scorer.groups, or -1
	halfLife, within int64
	keep             int      // newest moments a window has to remember
	shape            string   // what its tallies depend on
	counts           bool     // for the predictor: it gives nothing
	unless           []string // rules that count what keeps this one from acting
}

// maxMoments bounds what a window remembers, and a count.
const maxMoments = 500

// Invalid says everything that is wrong with a model.
type Invalid struct{ Problems []Problem }

func (e *Invalid) Error() string {
	var b strings.Builder
	b.WriteString("the scoring model cannot be used")
	for _, p := range e.Problems {
		b.WriteString("; " + p.Path + ": " + p.Message)
	}
	return b.String()
}

// New makes a model ready. The error is an *Invalid.
func New(m Model) (*Scorer, error) {
	if problems := m.Validate(); len(problems) > 0 {
		return nil, &Invalid{problems}
	}
	m = m.defaults()
	s := &Scorer{
		Model: m, personas: map[string]persona{}, index: map[string]int{}, byType: map[string][]int{}, asks: map[string][]string{}, hard: map[string]bool{},
		forecast: m.Predictive.forecaster(),
		floor:    limitOf(m.Floor), fitCap: limitOf(m.Caps.Fit), engagementCap: limitOf(m.Caps.Engagement),
	}
	for name, p := range m.Personas {
		s.personas[name] = persona{all: compiled(p.All), any: compiled(p.Any)}
	}
	for _, r := range m.Fit {
		s.fit = append(s.fit, fitRule{r, compiled([]Condition{r.Condition})[0], toMicro(r.Points)})
	}
	group := map[string]int{}
	for _, name := range sortedNames(m.Groups) {
		group[name] = len(s.groups)
		s.groups = append(s.groups, toMicro(m.Groups[name].Cap))
	}
	for i, r := range m.Engagement {
		one := rule{
			EngagementRule: r, where: compiled(r.Where), points: toMicro(r.Points), cap: limitOf(r.Cap), group: -1,
			halfLife: r.HalfLife.Duration().Microseconds(), within: r.Within.Duration().Microseconds(), keep: r.keep(), shape: r.shape(),
		}
		if g, ok := group[r.Group]; ok {
			one.group = g
		}
		s.rules, s.index[r.ID] = append(s.rules, one), i
		s.byType[r.On] = append(s.byType[r.On], i)
		s.look(r.On, r.Where)
	}
	s.count()
	s.watch()
	for _, t := range m.Triggers {
		s.hard[t] = true
	}
	return s, nil
}

// look notes which properties of a type of events are looked at.
func (s *Scorer) look(on string, where []Condition) {
	for _, c := range where {
		for _, name := range heads(c.Field) {
			if !slices.Contains(s.asks[on], name) {
				s.asks[on] = append(s.asks[on], name)
			}
		}
	}
}

func compiled(conditions []Condition) []test {
	tests := make([]test, len(conditions))
	for i, c := range conditions {
		t, err := compile(c)
		if err != nil {
			panic(err) // Validate compiled the same expression
		}
		tests[i] = t
	}
	return tests
}

// keep is how many of the newest moments can ever matter to a window: in a counting one as many as are counted, else as
// many as reach the cap.
func (r EngagementRule) keep() int {
	switch {
	case r.Within == 0:
		return 0
	case r.Count > 0:
		return r.Count
	case r.Cap != nil && *r.Cap/r.Points < maxMoments:
		return int(*r.Cap/r.Points) + 1
	}
	return maxMoments
}

// Hard reports whether an event of this type qualifies at once.
func (s *Scorer) Hard(eventType string) bool { return s.hard[eventType] }

func (r *rule) takes(e Event) bool {
	for i := range r.where {
		if !r.where[i].holds(property(e.Properties, r.where[i].Field)) {
			return false
		}
	}
	return true
}

func (p persona) is(profile person.Profile) bool {
	for i := range p.all {
		if !p.all[i].holds(profile.Get(p.all[i].Field)) {
			return false
		}
	}
	for i := range p.any {
		if p.any[i].holds(profile.Get(p.any[i].Field)) {
			return true
		}
	}
	return len(p.any) == 0
}

func (s *Scorer) matches(r *fitRule, profile person.Profile) bool {
	if r.Persona != "" {
		return s.personas[r.Persona].is(profile)
	}
	return r.test.holds(profile.Get(r.Field))
}
