package scoring

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Prediction is how likely a lead is to convert, and why.
type Prediction struct {
	Use         string      `json:"use"`                      // axis: it gives points of fit; shadow: it gives none
	Probability float64     `json:"probability"`              // from 0 to 1
	Average     float64     `json:"average"`                  // of the leads it was trained on
	Reasons     []Influence `json:"reasons" nullable:"false"` // what moves it most, up or down; strongest first
}

// Influence is what one field does to the odds: 2 doubles them against the average lead, 0.5 halves them.
type Influence struct {
	Field string  `json:"field"`
	Odds  float64 `json:"odds"`
	Why   string  `json:"why"`
}

const (
	maxReasons = 5
	leastMoved = 0.05 // log-odds; what moves less is no reason
)

// Predict is the probability of a lead with its top reasons. Their odds are those of the fitted regression, before
// calibration. Reasons are in the predictor's words: they name levels and ranges it was trained on, never a value that only
// this lead has.
func (f *Forecaster) Predict(get func(field string) (any, bool)) Prediction {
	out := Prediction{Average: float64(f.Positive) / float64(max(1, f.Outcomes)), Reasons: []Influence{}}
	logit := f.Intercept
	moved := map[string]float64{}
	for i := range f.Features {
		adds, met := f.adds(i, get)
		logit += adds
		if math.Abs(adds) >= leastMoved {
			one := &f.Features[i]
			moved[one.Field] = math.Abs(adds)
			out.Reasons = append(out.Reasons, Influence{one.Field, rounded(math.Exp(adds)), one.why(met)})
		}
	}
	slices.SortStableFunc(out.Reasons, func(a, b Influence) int { return cmp.Compare(moved[b.Field], moved[a.Field]) })
	out.Reasons = out.Reasons[:min(len(out.Reasons), maxReasons)]
	out.Probability = f.Calibration.Probability(logit)
	return out
}

// rounded keeps three digits: more would only look exact.
func rounded(x float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	if err != nil {
		return x
	}
	return out
}

// why says what was met.
func (one *Feature) why(met int) string {
	switch {
	case met == metMissing:
		return one.name() + " is not known"
	case met == metOther && len(one.Curve) > 0:
		return one.name() + " is no number"
	case met == metOther:
		return one.name() + " is none of the usual values"
	case len(one.Curve) == 1:
		return one.name() + " is known"
	case len(one.Curve) > 0:
		is := "is"
		if strings.HasPrefix(one.Field, FieldEvents) {
			is = "are"
		}
		return fmt.Sprintf("%s %s about %s to %s", one.name(), is, short(one.Curve[met].At), short(one.Curve[met+1].At))
	}
	return clip(one.name() + " is " + one.Levels[met].Value)
}

// name is the field in words: "page_view events" of events.page_view.
func (one *Feature) name() string {
	if kind, counts := strings.CutPrefix(one.Field, FieldEvents); counts {
		return kind + " events"
	}
	return one.Field
}

func short(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }
