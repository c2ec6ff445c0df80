package store

import (
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// fit is what a lead's profile gives under the model of this transaction, and, where its predictor asks for that, what the lead did.
func (w world) fit(lead leadRow, profile person.Profile, acc scoring.Accumulators) float64 {
	return w.scorer.FitWith(facts(w.scorer, lead.SourceCode, profile), acc)
}

// facts is a profile with what a predictor asks beside its fields.
func facts(s *scoring.Scorer, source string, profile person.Profile) person.Profile {
	return s.Facts(source, profile)
}
