package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// predicting puts a trained predictor into the source of a model.
type predicting struct {
	file, use string
	points    float64
}

// into adds the predictor to the text of a model. A model in YAML keeps its text, and its lines their numbers: what is added
// comes after it, as JSON, which is YAML.
func (p predicting) into(source string) (string, error) {
	if p.file == "" {
		if p.use != "" || p.points != 0 {
			return "", misused("--use and --points are about a predictor", "name its file with --predictor")
		}
		return source, nil
	}
	raw, err := os.ReadFile(p.file)
	if err != nil {
		return "", failed("the predictor cannot be read", err, "give the predictor.json that model train wrote")
	}
	one := scoring.Predictive{Use: p.use, Points: p.points}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&one.Predictor); err != nil {
		return "", failed("the predictor cannot be read", err, "give the predictor.json that model train wrote")
	}
	if strings.HasPrefix(strings.TrimSpace(source), "{") {
		return intoJSON(source, one)
	}
	added, err := json.MarshalIndent(one, "  ", "  ")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s\npredictive:\n  %s\n", strings.TrimRight(source, "\n"), added), nil
}

func intoJSON(source string, one scoring.Predictive) (string, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(source), &keys); err != nil {
		return "", failed("the model cannot be read", err, "write it as JSON or as YAML with a key on each line")
	}
	raw, err := json.Marshal(one)
	if err != nil {
		return "", err
	}
	keys["predictive"] = raw
	out, err := json.MarshalIndent(keys, "", "  ")
	return string(out), err
}
