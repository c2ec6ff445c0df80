package document

import (
	"encoding/json"

	"github.com/goccy/go-yaml"

	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// WriteModel writes a model as people read it: what ParseModel reads as the same model. Comments of the document it may have come
// from are gone.
func WriteModel(m scoring.Model) (string, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	out, err := yaml.JSONToYAML(raw)
	return string(out), err
}

// WriteBehaviour writes a behaviour as people read it: what ParseBehaviour reads as the same.
func WriteBehaviour(b simulate.Behaviour) (string, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	out, err := yaml.JSONToYAML(raw)
	return string(out), err
}
