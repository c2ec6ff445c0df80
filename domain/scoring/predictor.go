package scoring

import (
	"math"
	"strings"
)

// Predictor is how likely a profile is to convert: a fitted logistic regression,
//
//	logit = intercept + the sum of what each feature adds
//
// and a calibration that turns the logit into a probability. All weights are log-odds (natural logarithm) and are measured
// from the average lead of the training data, so a feature that adds 0 says nothing for or against. Room predict fits it;
// here it is only evaluated.
type Predictor struct {
	Target      string      `json:"target"`          // what is predicted, in the words of whoever trained it
	Outcomes    int         `json:"outcomes"`        // rows it was fitted to
	Positive    int         `json:"positive"`        // of these, how many converted
	Blank       []string    `json:"blank,omitempty"` // texts that mean that nothing is known, beside the empty one
	Intercept   float64     `json:"intercept"`
	Features    []Feature   `json:"features"`
	Calibration Calibration `json:"calibration"`
}

// Feature is what one field adds to the logit: a number by its curve, a text by its level.
type Feature struct {
	Field   string  `json:"field"`
	Curve   []Knot  `json:"curve,omitempty"`  // straight between knots, level before the first and after the last
	Levels  []Level `json:"levels,omitempty"` // compared without regard to case and to space around them
	Other   float64 `json:"other"`            // a value that is no level, or no number
	Missing float64 `json:"missing"`          // nothing is known
}

// Knot is a point of a curve.
type Knot struct {
	At    float64 `json:"at"`
	Value float64 `json:"value"`
}

// Level is a value of a field and what it adds.
type Level struct {
	Value  string  `json:"value"`
	Weight float64 `json:"weight"`
}

// Calibration turns a logit into a probability: Platt's 1/(1+exp(-(a+b*logit))) (Platt 1999), or a rising curve from logit
// to probability (isotonic regression).
type Calibration struct {
	Method string  `json:"method"` // platt, isotonic
	A      float64 `json:"a,omitempty"`
	B      float64 `json:"b,omitempty"`
	Curve  []Knot  `json:"curve,omitempty"`
}

// The methods of calibration.
const (
	Platt    = "platt"
	Isotonic = "isotonic"
)

// Probability of a logit, from 0 to 1.
func (c Calibration) Probability(logit float64) float64 {
	if c.Method == Isotonic {
		return along(c.Curve, logit)
	}
	return 1 / (1 + math.Exp(-(c.A + c.B*logit)))
}

// along reads a curve at x.
func along(curve []Knot, x float64) float64 {
	last := len(curve) - 1
	switch {
	case x <= curve[0].At:
		return curve[0].Value
	case x >= curve[last].At:
		return curve[last].Value
	}
	n := segment(curve, x)
	a, b := curve[n], curve[n+1]
	return a.Value + (b.Value-a.Value)*(x-a.At)/(b.At-a.At)
}

// segment is the knot before x, which is inside the curve.
func segment(curve []Knot, x float64) int {
	low, high := 0, len(curve)-1
	for high-low > 1 {
		if mid := (low + high) / 2; curve[mid].At <= x {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// Forecaster is a predictor made ready. It does not change and may be used by many goroutines.
type Forecaster struct {
	Predictor
	levels []map[string]int // of each feature
	blank  map[string]bool
}

// Ready makes a predictor ready. It must be valid: see Problems.
func (p Predictor) Ready() *Forecaster {
	f := &Forecaster{Predictor: p, levels: make([]map[string]int, len(p.Features)), blank: map[string]bool{"": true}}
	for _, b := range p.Blank {
		f.blank[LevelKey(b)] = true
	}
	for i, one := range p.Features {
		if len(one.Curve) > 0 {
			continue
		}
		f.levels[i] = make(map[string]int, len(one.Levels))
		for n, l := range one.Levels {
			f.levels[i][LevelKey(l.Value)] = n
		}
	}
	return f
}

// LevelKey is what two spellings of a level have in common.
func LevelKey(value string) string { return strings.ToLower(strings.TrimSpace(value)) }

// Logit of a lead whose fields get reads: false where nothing is known.
func (f *Forecaster) Logit(get func(field string) (any, bool)) float64 {
	sum := f.Intercept
	for i := range f.Features {
		adds, _ := f.adds(i, get)
		sum += adds
	}
	return sum
}

// What a feature met.
const (
	metMissing = -1
	metOther   = -2
)

// adds is what a feature adds for a lead, and the level or the segment of the curve that it met.
func (f *Forecaster) adds(i int, get func(field string) (any, bool)) (float64, int) {
	one := &f.Features[i]
	v, known := get(one.Field)
	if !known || f.blank[LevelKey(text(v))] && !listed(v) {
		return one.Missing, metMissing
	}
	if len(one.Curve) > 0 {
		x, is := number(v)
		if !is || math.IsNaN(x) {
			return one.Other, metOther
		}
		return along(one.Curve, x), segment(one.Curve, x)
	}
	if n, is := f.levels[i][LevelKey(text(v))]; is {
		return one.Levels[n].Weight, n
	}
	return one.Other, metOther
}

func listed(v any) bool {
	_, is := v.([]any)
	return is
}
