package scoring

import (
	"fmt"
	"slices"
	"strings"
)

// PropertyUse is a place of a model that looks at a property of the events of a type.
type PropertyUse struct {
	On       string // type of event
	Property string
	Path     string // as in engagement[3].where[0].field
	Missing  bool   // it holds for an event that has nothing there
}

// PropertiesUsed are the places at which a model looks at properties of events, in the order of the document.
func (m Model) PropertiesUsed() []PropertyUse {
	var out []PropertyUse
	use := func(on, path string, all []Condition) {
		for i, c := range all {
			out = append(out, PropertyUse{on, c.Field, fmt.Sprintf("%s.where[%d].field", path, i), c.Missing})
		}
	}
	for i, r := range m.Engagement {
		path := fmt.Sprintf("engagement[%d]", i)
		use(r.On, path, r.Where)
		for n, u := range r.Unless {
			use(u.On, fmt.Sprintf("%s.unless[%d]", path, n), u.Where)
		}
	}
	return out
}

// PropertyCounts counts, of real events, which of them have what a model looks at.
type PropertyCounts struct {
	uses   []PropertyUse
	events map[string]int            // by type
	held   map[string]map[string]int // by type and property that is looked at
	others map[string]map[string]int // and of what else there is, the names that are names
}

// Properties is where events are counted for this model; none was yet.
func (m Model) Properties() *PropertyCounts {
	p := &PropertyCounts{uses: m.PropertiesUsed(), events: map[string]int{}, held: map[string]map[string]int{}, others: map[string]map[string]int{}}
	for _, u := range p.uses {
		if p.held[u.On] == nil {
			p.held[u.On], p.others[u.On] = map[string]int{}, map[string]int{}
		}
		p.held[u.On][u.Property] = 0
	}
	return p
}

// Types are the types of events of which a property is looked at, each once.
func (p *PropertyCounts) Types() []string { return sortedNames(p.held) }

// mostOthers bounds what is remembered of names that come from outside.
const mostOthers = 100

// Count takes in one event.
func (p *PropertyCounts) Count(eventType string, properties map[string]any) {
	p.events[eventType]++
	for name := range p.held[eventType] {
		if _, has := property(properties, name); has {
			p.held[eventType][name]++
		}
	}
	others := p.others[eventType]
	for name := range properties {
		if _, known := others[name]; known || len(others) < mostOthers && idForm.MatchString(name) {
			others[name]++
		}
	}
}

// Unheld finds the places that look at properties which none of the events has that were counted: those of so many leads. Of a type that
// nobody has done nothing is said, its events may be still to come.
func (p *PropertyCounts) Unheld(leads int) []Finding {
	var out []Finding
	for _, u := range p.uses {
		n := p.events[u.On]
		if n == 0 || p.held[u.On][u.Property] > 0 {
			continue
		}
		then := "so this never holds"
		if u.Missing {
			then = "so this holds for each of them"
		}
		out = append(out, Finding{
			u.Path, fmt.Sprintf("none of %d %s events of the newest %d leads has %s, %s", n, u.On, leads, u.Property, then),
			"send it with the events, or use another property" + p.usual(u.On),
		})
	}
	return out
}

// usual names what most events of a type have.
func (p *PropertyCounts) usual(on string) string {
	names := sortedNames(p.others[on])
	if len(names) == 0 {
		return ": these have none"
	}
	slices.SortStableFunc(names, func(a, b string) int { return p.others[on][b] - p.others[on][a] })
	return ": they have " + strings.Join(names[:min(len(names), 10)], ", ")
}
