package document

import "github.com/leadflow-dev/leadflow/domain/simulate"

// ParseBehaviour reads what people do in a simulation. The error is an *Error. Whether it fits the other documents is said where lives are played.
func ParseBehaviour(data []byte) (simulate.Behaviour, error) {
	return parse(KindBehaviour, data, func(b simulate.Behaviour) []Problem {
		return placed(b.Validate(), func(p simulate.Problem) (string, string) { return p.Path, p.Message })
	})
}
