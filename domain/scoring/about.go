package scoring

import (
	"slices"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// FitFields are the fields of a profile that rules of fit ask for, by themselves or through a persona, in order of their names.
func (s *Scorer) FitFields() []string {
	var out []string
	for i := range s.fit {
		out = append(out, s.fieldsOf(&s.fit[i])...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *Scorer) fieldsOf(r *fitRule) []string {
	if r.Persona == "" {
		return []string{r.Field}
	}
	var out []string
	for _, t := range slices.Concat(s.personas[r.Persona].all, s.personas[r.Persona].any) {
		out = append(out, t.Field)
	}
	return out
}

// FitAbout is what rules that ask for a field give a profile, before the cap of fit.
func (s *Scorer) FitAbout(field string, profile person.Profile) float64 {
	var sum micro
	for i := range s.fit {
		if r := &s.fit[i]; slices.Contains(s.fieldsOf(r), field) && s.matches(r, profile) {
			sum += r.points
		}
	}
	return sum.points()
}
