package document

import "github.com/leadflow-dev/leadflow/domain/routing"

// ParseRouting reads a routing document. The error is an *Error. Whether its teams and reps are there the caller's own checks say.
func ParseRouting(data []byte, also ...func(routing.Document) []routing.Problem) (routing.Document, error) {
	return parse(KindRouting, data, func(d routing.Document) []Problem {
		problems := d.Validate()
		for _, check := range also {
			problems = append(problems, check(d)...)
		}
		return placed(problems, func(p routing.Problem) (string, string) { return p.Path, p.Message })
	})
}
