package record

import "github.com/leadflow-dev/leadflow/domain/trial"

// RateOf is a share with its interval.
func RateOf(s trial.Sample) Rate {
	out := Rate{Of: s.Tried}
	if s.Tried > 0 {
		share := s.Rate()
		low, high := s.Wilson(1.959964)
		out.Rate, out.Low, out.High = &share, &low, &high
	}
	return out
}
