package document

import "github.com/leadflow-dev/leadflow/domain/scoring"

// ParseModel reads a scoring model. The error is an *Error.
func ParseModel(data []byte) (scoring.Model, error) {
	return parse(KindModel, data, func(m scoring.Model) []Problem {
		return placed(m.Validate(), func(p scoring.Problem) (string, string) { return p.Path, p.Message })
	})
}
