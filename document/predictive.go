package document

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Stored gives a stored predictor by its version, and false where there is none.
type Stored func(version int) (scoring.Predictor, bool)

// ParseModelWith is ParseModel for a model that may name a stored predictor: what is read has it.
func ParseModelWith(data []byte, stored Stored) (scoring.Model, error) {
	return parse(KindModel, data, func(m scoring.Model) []Problem {
		if p := filled(m.Predictive, stored); p != nil {
			return []Problem{*p}
		}
		return placed(m.Validate(), func(p scoring.Problem) (string, string) { return p.Path, p.Message })
	})
}

// filled puts the predictor in that a model names, and answers what is wrong with that.
func filled(p *scoring.Predictive, stored Stored) *Problem {
	const at = "predictive.version"
	switch {
	case p == nil || p.Version == 0:
		return nil
	case len(p.Predictor.Features) > 0:
		return &Problem{Path: at, Message: "is given beside a predictor: give one of the two"}
	case stored == nil:
		return &Problem{Path: at, Message: "names a stored predictor, and here is no database to look it up: give the predictor itself"}
	}
	one, found := stored(p.Version)
	if !found {
		return &Problem{Path: at, Message: fmt.Sprintf("there is no predictor %d: leadflow predictor list shows them", p.Version)}
	}
	p.Predictor = one
	return nil
}

// WithPredictive is the text of a model with what it says of a predictor in place of what it said before. All else stays as it was
// written: of YAML the lines, their order and the comments.
func WithPredictive(source string, p scoring.Predictive) (string, error) {
	if json.Valid([]byte(source)) {
		return withKey(source, p)
	}
	raw, err := json.MarshalIndent(p, "  ", "  ")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s\npredictive:\n  %s\n", strings.TrimRight(withoutKey(source, "predictive"), "\n"), raw), nil // JSON is YAML
}

// withKey writes JSON anew: its keys in the order of the alphabet.
func withKey(source string, p scoring.Predictive) (string, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(source), &keys); err != nil {
		return "", err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	keys["predictive"] = raw
	out, err := json.MarshalIndent(keys, "", "  ")
	return string(out), err
}

// withoutKey cuts a key of the outermost group out of YAML: its line, and all that is indented after it.
func withoutKey(source, key string) string {
	var kept []string
	inside := false
	for _, line := range strings.Split(source, "\n") {
		outermost := line != "" && !strings.ContainsAny(line[:1], " \t#\r")
		if outermost {
			inside = strings.HasPrefix(line, key+":") || strings.HasPrefix(line, `"`+key+`":`) || strings.HasPrefix(line, "'"+key+"':")
		}
		if !inside {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
