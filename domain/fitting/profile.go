package fitting

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	profile "github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// slots is how finely the values of a field are told: each stands for a twentieth of the leads.
const slots = 20

// nothing is a value that is not known.
const nothing = ""

// personal fields say who somebody is. They are in no behaviour.
var personal = []string{"first_name", "last_name", "phone", "company", "company_domain"}

// Fields are the fields of a profile that a model looks at, and that tell where somebody lives; nothing that says who it is.
func Fields(m scoring.Model, also ...string) []string {
	fields := append(m.FieldNames(), "country", "time_zone", "language")
	if m.Predictive != nil {
		for _, f := range m.Predictive.Predictor.Features {
			fields = append(fields, f.Field)
		}
	}
	fields = append(fields, also...)
	slices.Sort(fields)
	return slices.DeleteFunc(slices.Compact(fields), func(field string) bool { return slices.Contains(personal, field) || !profile.Known(field) })
}

// Properties are the properties of events that a model looks at.
func Properties(m scoring.Model) []string {
	var out []string
	for _, r := range m.Engagement {
		for _, c := range r.Where {
			out = append(out, c.Field)
		}
		for _, u := range r.Unless {
			for _, c := range u.Where {
				out = append(out, c.Field)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// profile is which values some leads have, field by field: fields are drawn independently of each other.
func (f *fit) profile(leads []int) map[string][]any {
	fields := map[string]bool{}
	for _, i := range leads {
		for field := range f.Leads[i].Profile {
			fields[field] = true
		}
	}
	out := map[string][]any{}
	for field := range fields {
		var values []any
		numbers := 0
		for _, i := range leads {
			v, known := f.Leads[i].Profile[field]
			if !known {
				v = nil
			}
			if _, is := v.(float64); is {
				numbers++
			}
			values = append(values, v)
		}
		list := f.categories(field, values)
		if numbers >= Anonymous && 2*numbers > known(values) {
			list = quantiles(values)
		}
		if slices.ContainsFunc(list, func(v any) bool { return v != nothing }) {
			out[field] = list
		}
	}
	return out
}

func known(values []any) (n int) {
	for _, v := range values {
		if v != nil {
			n++
		}
	}
	return n
}

// quantiles are numbers in twenty parts, as two digits tell them, and nothing for who has none.
func quantiles(values []any) []any {
	var numbers []float64
	for _, v := range values {
		if n, is := v.(float64); is {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	var out []any
	full := max(1, int(math.Round(slots*float64(len(numbers))/float64(len(values)))))
	for i := range full {
		n := numbers[(2*i+1)*len(numbers)/(2*full)]
		if n != 0 {
			p := math.Pow(10, math.Floor(math.Log10(math.Abs(n)))-1)
			n = math.Round(n/p) * p
		}
		out = append(out, n)
	}
	for len(out) < slots {
		out = append(out, nothing)
	}
	return out
}

// categories are values by their share, in twentieths (largest remainders). One that fewer than Anonymous leads have stands as the text of the
// rule that it meets, or is not known.
func (f *fit) categories(field string, values []any) []any {
	counts := map[string]int{}
	is := map[string]any{nothing: nothing}
	name := func(v any) string {
		if list, many := v.([]any); many && len(list) > 0 {
			v = list[0]
		}
		key := strings.ToLower(strings.TrimSpace(fmt.Sprint(v)))
		if v == nil {
			key = ""
		} else if _, there := is[key]; !there {
			is[key] = v
		}
		return key
	}
	for _, v := range values {
		counts[name(v)]++
	}
	total := map[string]float64{}
	for key, n := range counts {
		switch literal := f.literal(field, key); {
		case key == "" || n < Anonymous && literal == nil:
			total[""] += float64(n)
		case n < Anonymous:
			total[name(literal)] += float64(n)
		default:
			total[key] += float64(n)
		}
	}
	type part struct {
		key  string
		n    int
		rest float64
	}
	var parts []part
	left := slots
	for _, key := range slices.Sorted(maps.Keys(total)) {
		exact := slots * total[key] / float64(len(values))
		parts = append(parts, part{key, int(exact), exact - math.Floor(exact)})
		left -= int(exact)
	}
	byRest := slices.SortedStableFunc(slices.Values(parts), func(a, b part) int {
		switch {
		case a.rest > b.rest:
			return -1
		case a.rest < b.rest:
			return 1
		}
		return 0
	})
	more := map[string]bool{}
	for _, p := range byRest[:min(left, len(byRest))] {
		more[p.key] = true
	}
	var out []any
	for _, p := range parts {
		if more[p.key] {
			p.n++
		}
		for range p.n {
			out = append(out, is[p.key])
		}
	}
	return out
}

// literal is the text of a rule that a value meets: it is the model's, and says nothing of the lead that is not said by its points.
func (f *fit) literal(field, value string) any {
	var conditions []scoring.Condition
	for _, p := range f.Model.Personas {
		conditions = append(append(conditions, p.All...), p.Any...)
	}
	for _, r := range f.Model.Fit {
		conditions = append(conditions, r.Condition)
	}
	var found []string
	for _, c := range conditions {
		if c.Field != field {
			continue
		}
		for _, v := range append(slices.Clone(c.OneOf), c.Equals) {
			if v != nil && strings.EqualFold(strings.TrimSpace(fmt.Sprint(v)), value) {
				return v
			}
		}
		if t := strings.ToLower(c.Contains); t != "" && strings.Contains(value, t) {
			found = append(found, c.Contains)
		}
		if t := strings.ToLower(c.Prefix); t != "" && strings.HasPrefix(value, t) {
			found = append(found, c.Prefix)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.Sort(found)
	return found[0]
}
