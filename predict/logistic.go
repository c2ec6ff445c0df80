package predict

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// weights of a logistic regression: one a column, and the intercept.
type weights struct {
	columns   []float64
	intercept float64
}

func (w weights) logit(cells []cell) float64 {
	sum := w.intercept
	for _, c := range cells {
		sum += c.value * w.columns[c.column]
	}
	return sum
}

// surprise is the log loss of one row.
func surprise(logit float64, won bool) float64 {
	if won {
		logit = -logit
	}
	if logit > 0 {
		return logit + math.Log1p(math.Exp(-logit))
	}
	return math.Log1p(math.Exp(logit))
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// newton minimises the log loss of all rows plus penalty/2 times the sum of the squared weights; the intercept, which is the
// last of its weights, is free.
type newton struct {
	m       *matrix
	won     []bool
	penalty float64
	offset  []float64 // of each row, beside what the weights give; nil: none
	logits  []float64
	slope   []float64
	bend    *mat.SymDense // the second derivatives
}

func (n *newton) loss(x []float64) float64 {
	w := weights{x[:n.m.width], x[n.m.width]}
	sum := 0.0
	for i := range n.logits {
		n.logits[i] = w.logit(n.m.row(i))
		if n.offset != nil {
			n.logits[i] += n.offset[i]
		}
		sum += surprise(n.logits[i], n.won[i])
	}
	for _, v := range w.columns {
		sum += n.penalty * v * v / 2
	}
	return sum
}

// look finds slope and bend where the loss was asked for last.
func (n *newton) look(x []float64) {
	width := n.m.width
	clear(n.slope)
	raw := n.bend.RawSymmetric()
	clear(raw.Data)
	for i, z := range n.logits {
		p := sigmoid(z)
		off, weight := p-float64(class(n.won[i])), p*(1-p)
		row := n.m.row(i)
		n.slope[width] += off
		raw.Data[width*raw.Stride+width] += weight
		for at, c := range row { // their columns rise: only the upper half is kept
			n.slope[c.column] += off * c.value
			pull := weight * c.value
			line := raw.Data[c.column*raw.Stride : c.column*raw.Stride+width+1]
			line[width] += pull
			for _, d := range row[at:] {
				line[d.column] += pull * d.value
			}
		}
	}
	for k := range width {
		n.slope[k] += n.penalty * x[k]
		raw.Data[k*raw.Stride+k] += n.penalty
	}
	raw.Data[width*raw.Stride+width] += 1e-9 // where every row is certain
}

// A fit ends when what a step can still gain, a row, is so little; it takes about six steps, and never as many as mostSteps.
// Fits that only choose a penalty may be roughly done.
const (
	exactly   = 1e-11
	roughly   = 1e-7
	mostSteps = 100
)

var errNoFit = unusable("look for values, or points of a rule, beyond all measure of the others", "no weights were found that fit what became of leads")

// fit finds the weights of least loss by Newton's method (iteratively reweighted least squares), from a start or from
// nothing (nil). The loss is convex, so there is one answer, and it depends on nothing but the arguments.
func fit(m *matrix, won []bool, penalty, gains float64, start []float64) (weights, error) {
	return newNewton(m, won, penalty).minimise(gains, start)
}

func newNewton(m *matrix, won []bool, penalty float64) *newton {
	size := m.width + 1
	return &newton{m: m, won: won, penalty: penalty, logits: make([]float64, len(won)), slope: make([]float64, size), bend: mat.NewSymDense(size, nil)}
}

// minimise is fit. Slope and bend are then those where it ended. Where every row is all but certain there is next to no bend, and a
// step goes nowhere that is better: then shorter ones are taken, straight down (Levenberg 1944).
func (n *newton) minimise(gains float64, start []float64) (weights, error) {
	width := n.m.width
	x, next := make([]float64, width+1), make([]float64, width+1)
	copy(x, start)
	loss := n.loss(x)
	for range mostSteps {
		n.look(x)
		better := false
		for damp := 0.0; damp < mostDamped && !better; damp = max(1e-3, 10*damp) {
			step, gain, ok := n.step(damp)
			if ok && damp == 0 && gain <= gains*float64(1+len(n.won)) {
				return weights{x[:width], x[width]}, nil
			}
			for scale := 1.0; ok && scale > 1e-6 && !better; scale /= 2 {
				for i := range next {
					next[i] = x[i] - scale*step.AtVec(i)
				}
				if l := n.loss(next); l <= loss-1e-4*scale*gain {
					loss, better = l, true
				}
			}
		}
		if !better {
			return weights{}, errNoFit
		}
		x, next = next, x
	}
	return weights{}, errNoFit
}

const mostDamped = 1e9

// step is where Newton goes from here, with so much more bend in every direction, and what that can gain at most.
func (n *newton) step(damp float64) (*mat.VecDense, float64, bool) {
	size := len(n.slope)
	bend := n.bend
	if damp > 0 {
		bend = mat.NewSymDense(size, nil)
		bend.CopySym(n.bend)
		for k := range size {
			bend.SetSym(k, k, bend.At(k, k)+damp)
		}
	}
	var c mat.Cholesky
	step := mat.NewVecDense(size, nil)
	slope := mat.NewVecDense(size, n.slope)
	if !c.Factorize(bend) || c.SolveVecTo(step, slope) != nil {
		return nil, 0, false
	}
	return step, mat.Dot(step, slope) / 2, true
}
