package measure

import "context"

// Side is one of the things compared.
type Side struct {
	Name    string // as the table names it
	Unit    string // of what it does: event, lead, start
	Measure func(context.Context) (Sample, error)
}

// Interleave measures the sides in turn, A B A B ..., so that whatever slows the machine for a while slows all of them.
// The answer holds the samples of each side, in order. told is called after each measurement.
func Interleave(ctx context.Context, pairs int, sides []Side, told func(pair int, side Side, s Sample)) ([][]Sample, error) {
	samples := make([][]Sample, len(sides))
	for pair := range pairs {
		for i, side := range sides {
			s, err := side.Measure(ctx)
			if err != nil {
				return nil, &SideError{Side: side.Name, Pair: pair, Err: err}
			}
			s = s.Rate()
			samples[i] = append(samples[i], s)
			told(pair, side, s)
		}
	}
	return samples, nil
}

// SideError says which measurement failed.
type SideError struct {
	Side string
	Pair int // from 0
	Err  error
}

func (e *SideError) Error() string { return e.Side + ": " + e.Err.Error() }

func (e *SideError) Unwrap() error { return e.Err }

// Ratios divides each value of ours by that of theirs from the same pair.
func Ratios(ours, theirs []Sample) []float64 {
	out := make([]float64, 0, len(ours))
	for i := range min(len(ours), len(theirs)) {
		if theirs[i].Value > 0 {
			out = append(out, ours[i].Value/theirs[i].Value)
		}
	}
	return out
}
