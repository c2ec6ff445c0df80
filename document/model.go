package document

import (
	"cmp"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// ParseModel reads a scoring model. The error is an *Error. One that names a stored predictor needs ParseModelWith. What it says and
// cannot mean is for Warnings: a threshold that points never reach is how somebody says that only triggers count.
func ParseModel(data []byte) (scoring.Model, error) { return ParseModelWith(data, nil) }

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
