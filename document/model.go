package document

import (
	"cmp"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// ParseModel reads a scoring model. What contradicts itself is refused as well. The error is an *Error. One that names a stored
// predictor needs ParseModelWith.
func ParseModel(data []byte) (scoring.Model, error) { return ParseModelWith(data, nil) }

// wrong is what a model must not say.
func wrong(m scoring.Model) []Problem {
	if problems := m.Validate(); len(problems) > 0 {
		return placed(problems, func(p scoring.Problem) (string, string) { return p.Path, p.Message })
	}
	refused, _ := m.Sense()
	return placed(refused, func(f scoring.Finding) (string, string) { return f.Path, f.Why + "; " + f.Remedy })
}

// Warnings places findings in the text of a document that was read before, in the order of their places.
func Warnings(data []byte, findings []scoring.Finding) []record.Warning {
	root, err := read(data)
	out := make([]record.Warning, len(findings))
	for i, f := range findings {
		out[i] = record.Warning{Path: f.Path, Why: f.Why, Remedy: f.Remedy}
		if err == nil {
			at := root.find(f.Path)
			out[i].Line, out[i].Column = at.line, at.column
		}
	}
	slices.SortStableFunc(out, func(a, b record.Warning) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return out
}
