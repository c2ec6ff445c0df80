package scoring

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Difference is one thing in which a model differs from another.
type Difference struct {
	Part  string `json:"part"`         // mql bands grades caps floor persona fit group engagement triggers predictive
	ID    string `json:"id,omitempty"` // of a rule, a persona, a group
	Kind  string `json:"kind" enum:"added,removed,changed"`
	Words string `json:"words"` // such as: points 10 -> 20; half-life 30d -> none
}

// The kinds of a Difference.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Diff says what another model changes of this one: by rule, in words, in the order of a document.
func (m Model) Diff(to Model) []Difference {
	d := &differ{}
	from, to := m.defaults(), to.defaults()
	d.changed("mql", "", from.MQL.terms(), to.MQL.terms())
	d.changed("bands", "", from.Bands.terms(), to.Bands.terms())
	d.changed("grades", "", from.Grades.terms(), to.Grades.terms())
	d.changed("caps", "", []term{{"fit", bound(from.Caps.Fit)}, {"engagement", bound(from.Caps.Engagement)}},
		[]term{{"fit", bound(to.Caps.Fit)}, {"engagement", bound(to.Caps.Engagement)}})
	d.changed("floor", "", []term{{"floor", bound(from.Floor)}}, []term{{"floor", bound(to.Floor)}})
	d.named("persona", personas(from), personas(to))
	d.named("fit", fits(from), fits(to))
	d.named("group", groupsOf(from), groupsOf(to))
	d.named("engagement", engagements(from), engagements(to))
	d.changed("triggers", "", []term{{"qualify at once", orNone(slices.Sorted(slices.Values(from.Triggers)))}},
		[]term{{"qualify at once", orNone(slices.Sorted(slices.Values(to.Triggers)))}})
	d.predictive(from.Predictive, to.Predictive)
	return d.out
}

type differ struct{ out []Difference }

// term is one property in words. What is not there is none.
type term struct{ name, value string }

const none = "none"

// described is something with an id.
type described struct {
	id    string
	words string
	terms []term
}

func (d *differ) changed(part, id string, from, to []term) {
	var words []string
	for i, t := range to {
		if was := from[i].value; was != t.value {
			words = append(words, fmt.Sprintf("%s %s -> %s", t.name, was, t.value))
		}
	}
	if len(words) > 0 {
		d.out = append(d.out, Difference{part, id, Changed, strings.Join(words, "; ")})
	}
}

// named compares what has ids: first what there is in the new one, in its order, then what is gone.
func (d *differ) named(part string, from, to []described) {
	find := func(in []described, id string) int {
		return slices.IndexFunc(in, func(one described) bool { return one.id == id })
	}
	for _, one := range to {
		if i := find(from, one.id); i >= 0 {
			d.changed(part, one.id, from[i].terms, one.terms)
		} else {
			d.out = append(d.out, Difference{part, one.id, Added, one.words})
		}
	}
	for _, one := range from {
		if find(to, one.id) < 0 {
			d.out = append(d.out, Difference{part, one.id, Removed, one.words})
		}
	}
}

func (d *differ) predictive(from, to *Predictive) {
	switch {
	case from == nil && to == nil:
	case from == nil:
		d.out = append(d.out, Difference{"predictive", "", Added, to.words()})
	case to == nil:
		d.out = append(d.out, Difference{"predictive", "", Removed, from.words()})
	default:
		other := "as it was"
		if !reflect.DeepEqual(from.Predictor, to.Predictor) {
			other = "another one"
		}
		d.changed("predictive", "", []term{{"use", from.Use}, {"points", text(from.Points)}, {"predictor", "as it was"}},
			[]term{{"use", to.Use}, {"points", text(to.Points)}, {"predictor", other}})
	}
}

func (p *Predictive) words() string {
	if p.axis() != nil {
		return fmt.Sprintf("gives %s points to a lead that is certain to convert", text(p.Points))
	}
	return "is used as " + p.Use
}

func (m MQL) terms() []term {
	return []term{{"score", text(m.Score)}, {"least fit", bound(m.MinFit)}, {"least engagement", bound(m.MinEngagement)}}
}

func (b Bands) terms() []term {
	return []term{{"hot", text(b.Hot)}, {"warm", text(b.Warm)}, {"hysteresis", text(b.Hysteresis)}}
}

func (g Grades) terms() []term { return []term{{"A", text(g.A)}, {"B", text(g.B)}, {"C", text(g.C)}} }

func bound(n *float64) string {
	if n == nil {
		return none
	}
	return text(*n)
}

func orNone(values []string) string { return cmp.Or(strings.Join(values, ", "), none) }

func personas(m Model) (out []described) {
	for _, name := range sortedNames(m.Personas) {
		p := m.Personas[name]
		terms := []term{{"all of", conditions(p.All)}, {"any of", conditions(p.Any)}}
		var words []string
		for _, t := range terms {
			if t.value != none {
				words = append(words, t.name+" "+t.value)
			}
		}
		out = append(out, described{name, strings.Join(words, "; "), terms})
	}
	return out
}

func fits(m Model) (out []described) {
	for _, r := range m.Fit {
		when := r.Condition.words()
		if r.Persona != "" {
			when = "is the persona " + r.Persona
		}
		out = append(out, described{r.ID, fmt.Sprintf("%s points where %s", text(r.Points), when), []term{{"points", text(r.Points)}, {"where", when}}})
	}
	return out
}

func groupsOf(m Model) (out []described) {
	for _, name := range sortedNames(m.Groups) {
		limit := text(m.Groups[name].Cap)
		out = append(out, described{name, "at most " + limit + " points together", []term{{"cap", limit}}})
	}
	return out
}

func engagements(m Model) (out []described) {
	for _, r := range m.Engagement {
		out = append(out, described{r.ID, r.words(), []term{
			{"on", r.On},
			{"where", conditions(r.Where)},
			{"points", text(r.Points)},
			{"from the count", count(r.Count)},
			{"within", duration(r.Within.Duration() == 0, r.Within)},
			{"half-life", duration(r.HalfLife.Duration() == 0, r.HalfLife)},
			{"cap", bound(r.Cap)},
			{"group", cmp.Or(r.Group, none)},
		}})
	}
	return out
}

func duration(absent bool, d fmt.Stringer) string {
	if absent {
		return none
	}
	return d.String()
}

func count(n int) string {
	if n == 0 {
		return none
	}
	return fmt.Sprint(n)
}

// words is a rule as a person would say it.
func (r EngagementRule) words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s points for ", text(r.Points))
	if r.Count > 0 {
		fmt.Fprintf(&b, "at least %d ", r.Count)
	}
	b.WriteString(r.On)
	if len(r.Where) > 0 {
		b.WriteString(" where " + conditions(r.Where))
	}
	if r.Within > 0 {
		fmt.Fprintf(&b, ", for %s", r.Within)
	}
	if r.HalfLife > 0 {
		fmt.Fprintf(&b, ", halving every %s", r.HalfLife)
	}
	if r.Cap != nil {
		fmt.Fprintf(&b, ", at most %s a cycle", text(*r.Cap))
	}
	if r.Group != "" {
		b.WriteString(", in the group " + r.Group)
	}
	return b.String()
}

func conditions(all []Condition) string {
	var out []string
	for _, c := range all {
		out = append(out, c.words())
	}
	return cmp.Or(strings.Join(out, " and "), none)
}

// words is why without its end being cut off: two long lists that differ at their end must not look the same.
func (c Condition) words() string {
	switch {
	case len(c.OneOf) > 0:
		return c.Field + " is one of " + list(c.OneOf)
	case c.Contains != "":
		return c.Field + " contains " + c.Contains
	case c.Prefix != "":
		return c.Field + " begins with " + c.Prefix
	case c.Matches != "":
		return c.Field + " matches " + c.Matches
	}
	return c.why()
}
