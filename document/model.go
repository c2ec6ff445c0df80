package document

import "github.com/leadflow-dev/leadflow/domain/scoring"

// ParseModel reads a scoring model. The error is an *Error. One that names a stored predictor needs ParseModelWith.
func ParseModel(data []byte) (scoring.Model, error) { return ParseModelWith(data, nil) }
