package store

import (
	"maps"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// fit is what a lead's profile gives under the model of this transaction, and, where its predictor asks for that, what the lead did.
func (w world) fit(lead leadRow, profile person.Profile, acc scoring.Accumulators) float64 {
	return w.scorer.FitWith(facts(w.scorer, lead.SourceCode, profile), acc)
}

// facts is a profile with what a predictor asks beside its fields. What is stored of it is not touched.
func facts(s *scoring.Scorer, source string, profile person.Profile) person.Profile {
	if !s.AsksSource() {
		return profile
	}
	out := make(person.Profile, len(profile)+1)
	maps.Copy(out, profile)
	out[scoring.FieldSource] = source
	return out
}
