package scoring

import (
	"maps"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// What a predictor may ask of a lead beside the fields of its profile: the code of its first source, and how many events of a
// type it has, over its whole life.
const (
	FieldSource = "source"
	FieldEvents = "events." // and a type of engagement
)

// Foreseen reports whether a predictor may ask for a field.
func Foreseen(field string) bool {
	kind, counts := strings.CutPrefix(field, FieldEvents)
	return person.Known(field) || field == FieldSource || counts && slices.Contains(person.EventTypes, kind)
}

// countOf is the rule by which events of a type are counted for the predictor. It gives no points, is in no explanation, and its
// id is none that a model may use; else it is folded, carried over to a new model and kept like any other.
func countOf(kind string) string { return "(" + kind + ")" }

// count adds a rule for each type of events that the predictor asks for.
func (s *Scorer) count() {
	if s.forecast == nil {
		return
	}
	for _, f := range s.forecast.Features {
		if kind, counts := strings.CutPrefix(f.Field, FieldEvents); counts {
			r := EngagementRule{ID: countOf(kind), On: kind}
			s.byType[kind] = append(s.byType[kind], len(s.rules))
			s.index[r.ID] = len(s.rules)
			s.rules = append(s.rules, rule{EngagementRule: r, group: -1, shape: r.shape(), counts: true})
			s.counting = s.Predictive.axis() != nil
		}
	}
}

// Engaging reports that points of fit go by what the lead did: its fit may be another one with every event.
func (s *Scorer) Engaging() bool { return s.counting }

// AsksSource reports that the predictor asks where the lead came from: its profile is to have FieldSource.
func (s *Scorer) AsksSource() bool {
	return s.forecast != nil && slices.ContainsFunc(s.forecast.Features, func(f Feature) bool { return f.Field == FieldSource })
}

// Facts is a profile with what the predictor asks beside its fields, but for what accumulators hold. What is given is not touched.
func (s *Scorer) Facts(source string, profile person.Profile) person.Profile {
	if !s.AsksSource() {
		return profile
	}
	out := make(person.Profile, len(profile)+1)
	maps.Copy(out, profile)
	out[FieldSource] = source
	return out
}

// answers is what the predictor asks of a lead: its profile, and the counts that its accumulators hold.
type answers struct {
	profile person.Profile
	acc     Accumulators
}

func (a answers) get(field string) (any, bool) {
	kind, counts := strings.CutPrefix(field, FieldEvents)
	if !counts {
		return a.profile.Get(field)
	}
	n, id := int64(0), countOf(kind)
	for i := range a.acc.Tallies {
		if t := &a.acc.Tallies[i]; t.Rule == id {
			n += t.Count
		}
	}
	return float64(n), true
}
