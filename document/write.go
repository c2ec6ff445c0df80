package document

import (
	"encoding/json"

	"github.com/goccy/go-yaml"

	"github.com/leadflow-dev/leadflow/domain/scoring"
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
