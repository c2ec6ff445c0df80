package cli

import (
	"bytes"
	"encoding/json"
	"os"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// predicting puts a trained predictor into the source of a model.
type predicting struct {
	file, use string
	points    float64
}

// into adds the predictor to the text of a model, in place of what it says of one.
func (p predicting) into(source string) (string, error) {
	if p.file == "" {
		if p.use != "" || p.points != 0 {
			return "", misused("--use and --points are about a predictor", "name its file with --predictor")
		}
		return source, nil
	}
	const next = "give the predictor.json that model train wrote"
	raw, err := os.ReadFile(p.file)
	if err != nil {
		return "", failed("the predictor cannot be read", err, next)
	}
	one := scoring.Predictive{Use: p.use, Points: p.points}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&one.Predictor); err != nil {
		return "", failed("the predictor cannot be read", err, next)
	}
	return document.WithPredictive(source, one)
}
