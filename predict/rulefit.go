package predict

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// ruled is cases with what the rules of a model gave them.
type ruled struct {
	cases []record.Case
	won   []bool
	rules int
	least float64 // points: who gives fewer to whom it meets is no measure of what a point is worth
}

// Half a point, where a hundred qualify.
const leastOfThreshold = 1.0 / 200

func ruledOf(c record.Cases) ruled {
	r := ruled{cases: c.Items, rules: len(c.Scorer.Watched()), least: c.Scorer.MQL.Score * leastOfThreshold}
	for _, one := range c.Items {
		r.won = append(r.won, one.Won)
	}
	return r
}

// met reports that a rule gave a case points, or took some.
func (r ruled) met(row, rule int) bool { return r.cases[row].Sight.Points[rule] != 0 }

// gives is what a rule gives on average to whom it meets; 0 where it meets nobody.
func (r ruled) gives(rows []int, rule int) float64 {
	n, sum := 0, 0.0
	for _, i := range rows {
		if r.met(i, rule) {
			n++
			sum += r.cases[i].Sight.Points[rule]
		}
	}
	return sum / math.Max(1, float64(n))
}

func (r ruled) all() []int {
	out := make([]int, len(r.cases))
	for i := range out {
		out[i] = i
	}
	return out
}

func (r ruled) wonOf(rows []int) []bool {
	out := make([]bool, len(rows))
	for k, i := range rows {
		out[k] = r.won[i]
	}
	return out
}

// matrixOf is a value for each row and rule.
func (r ruled) matrixOf(rows []int, value func(row, rule int) float64) *matrix {
	m := &matrix{width: r.rules, ends: make([]int, len(rows))}
	for k, i := range rows {
		for rule := range r.rules {
			if v := value(i, rule); v != 0 {
				m.cells = append(m.cells, cell{rule, v})
			}
		}
		m.ends[k] = len(m.cells)
	}
	return m
}

// lightly is the penalty of effects that are told: it only keeps rules that always go together from having any effects at all.
const lightly = 1

// worths are the effects of the rules in log odds, each with the others held fixed: a logistic regression on which rules met a case.
// Standard errors are those of the curvature at the fit.
func (r ruled) worths(rows []int) ([]effect.Worth, weights, error) {
	m := r.matrixOf(rows, func(i, rule int) float64 { return float64(class(r.met(i, rule))) })
	n := newNewton(m, r.wonOf(rows), lightly)
	w, err := n.minimise(exactly, nil)
	if err != nil {
		return nil, w, err
	}
	spread, err := n.errors()
	out := make([]effect.Worth, r.rules)
	for rule := range out {
		out[rule] = effect.Worth{Effect: w.columns[rule], Error: spread[rule], Points: r.gives(rows, rule)}
	}
	return out, w, err
}

// point is what a point is worth, in log odds; 0: nobody can say.
func (r ruled) point(worths []effect.Worth) float64 { return effect.OfPoint(worths, r.least) }

// odds are what log odds multiply odds by, as a number that can be written down.
func odds(log float64) float64 { return min(math.Exp(log), math.MaxFloat64) }

// errors are the standard errors of the weights, from the curvature where the fit ended.
func (n *newton) errors() ([]float64, error) {
	var c mat.Cholesky
	var inverse mat.SymDense
	if !c.Factorize(n.bend) || c.InverseTo(&inverse) != nil {
		return make([]float64, n.m.width), errNoFit
	}
	out := make([]float64, n.m.width)
	for i := range out {
		out[i] = math.Sqrt(inverse.At(i, i))
	}
	return out, nil
}

// promised is the difference in conversion there would be between whom a rule met and the others if it had another effect and all
// else, the average included, were as it is.
func (r ruled) promised(w weights, rule int, other float64) float64 {
	logits := make([]float64, len(r.cases))
	want := 0.0
	for i := range r.cases {
		for k, weight := range w.columns {
			if k == rule {
				weight = other
			}
			if r.met(i, k) {
				logits[i] += weight
			}
		}
		want += float64(class(r.won[i]))
	}
	intercept := level(logits, want, w.intercept)
	var with, without, n float64
	for i, z := range logits {
		if r.met(i, rule) {
			with += sigmoid(z + intercept)
			n++
		} else {
			without += sigmoid(z + intercept)
		}
	}
	rest := float64(len(logits)) - n
	if n == 0 || rest == 0 {
		return 0
	}
	return with/n - without/rest
}

// level is the intercept with which as many are expected as there were.
func level(logits []float64, want, start float64) float64 {
	low, high := -60.0, 60.0
	for range 60 {
		sum := 0.0
		for _, z := range logits {
			sum += sigmoid(z + start)
		}
		if math.Abs(sum-want) < 1e-7*float64(len(logits)) {
			break
		}
		if sum < want {
			low = start
		} else {
			high = start
		}
		start = (low + high) / 2
	}
	return start
}
