package predict

import (
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// predictor is what a fit comes to, as it is evaluated later: the weights of each feature, measured from their mean over
// the rows it was fitted to. What these rows did not have - a rare level, a blank - says nothing.
func (e *encoder) predictor(w weights, rows []int, m *matrix, blanks []string) scoring.Predictor {
	sums := make([]float64, e.width)
	for i := range rows {
		for _, c := range m.row(i) {
			sums[c.column] += c.value
		}
	}
	out := scoring.Predictor{Blank: blanks, Intercept: w.intercept, Outcomes: len(rows)}
	for _, r := range rows {
		out.Positive += class(e.frame.won[r])
	}
	for i := range e.parts {
		one, f := &e.parts[i], &e.frame.features[i]
		average := 0.0
		for c := one.from; c < one.end(e, i); c++ {
			average += w.columns[c] * sums[c] / float64(len(rows))
		}
		out.Intercept += average
		out.Features = append(out.Features, one.feature(f, w, average))
	}
	out.Intercept = kept(out.Intercept)
	return out
}

// kept is a weight as it is written: to a millionth, which is as much as it is worth, and hides what processors round
// differently.
func kept(w float64) float64 { return math.Round(w*1e6) / 1e6 }

func (one *encoded) end(e *encoder, i int) int {
	if i+1 < len(e.parts) {
		return e.parts[i+1].from
	}
	return e.width
}

func (one *encoded) feature(f *feature, w weights, average float64) scoring.Feature {
	out := scoring.Feature{Field: f.field}
	if one.missing >= 0 {
		out.Missing = kept(w.columns[one.missing] - average)
	}
	if one.other >= 0 {
		out.Other = kept(w.columns[one.other] - average)
	}
	for _, level := range one.levels {
		out.Levels = append(out.Levels, scoring.Level{Value: f.shown[level], Weight: kept(w.columns[one.index[level]] - average)})
	}
	for _, x := range one.knots {
		value := -average
		for k := range one.mean {
			value += w.columns[one.from+k] * (one.hinge(k, x) - one.mean[k]) / one.scale[k]
		}
		out.Curve = append(out.Curve, scoring.Knot{At: x, Value: kept(value)})
	}
	return out
}

// logits of rows by a predictor, as a lead's will be.
func (f *frame) logits(p scoring.Predictor, rows []int) []float64 {
	ready := p.Ready()
	at := make(map[string]*feature, len(f.features))
	for i := range f.features {
		at[f.features[i].field] = &f.features[i]
	}
	out := make([]float64, len(rows))
	for i, r := range rows {
		out[i] = ready.Logit(func(field string) (any, bool) { return at[field].get(r) })
	}
	return out
}

func (one *feature) get(row int) (any, bool) {
	if one.kind == Number {
		x := one.numbers[row]
		return x, x == x //nolint:staticcheck // NaN is not itself
	}
	return one.texts[row], one.texts[row] != ""
}

// without drops features; the rest stays in its order.
func (f *frame) without(drop map[string]string) *frame {
	out := *f
	out.features, out.left = nil, slices.Clone(f.left)
	for _, one := range f.features {
		if why, is := drop[one.name]; is {
			out.left = append(out.left, Left{one.name, why})
			continue
		}
		out.features = append(out.features, one)
	}
	return &out
}
