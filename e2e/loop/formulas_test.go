package loop

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// The formulas of docs/scoring.md once more, by nothing of ours: gonum's optimiser, correlation, ROC and normal distribution, and Newcombe's
// paper.

var normal = distuv.UnitNormal

var z95 = normal.Quantile(0.975)

// share is so many of so many.
type share struct{ n, k float64 }

func (s share) rate() float64 { return s.k / s.n }

// wilson solves (p - share)^2 = z^2 p (1-p) / n for p.
func (s share) wilson(z float64) (low, high float64) {
	a, b, c := 1+z*z/s.n, -(2*s.rate() + z*z/s.n), s.rate()*s.rate()
	root := math.Sqrt(max(0, b*b-4*a*c))
	return (-b - root) / (2 * a), (-b + root) / (2 * a)
}

func newcombe(a, b share, z float64) (d, low, high float64) {
	la, ha := a.wilson(z)
	lb, hb := b.wilson(z)
	d = a.rate() - b.rate()
	return d, d - math.Sqrt(math.Pow(a.rate()-la, 2)+math.Pow(hb-b.rate(), 2)), d + math.Sqrt(math.Pow(ha-a.rate(), 2)+math.Pow(b.rate()-lb, 2))
}

// surprise is the level at which Newcombe's interval ends at a difference.
func surprise(a, b share, difference float64) float64 {
	low, high := 0.0, 30.0
	for range 200 {
		z := (low + high) / 2
		if _, l, h := newcombe(a, b, z); l <= difference && difference <= h {
			high = z
		} else {
			low = z
		}
	}
	return 2 * normal.Survival(high)
}

// regression is the logistic regression of won on x, with a penalty of half the squared weights; the intercept is the last weight and free.
// Errors are from the second derivatives.
func regression(x [][]float64, won []bool) (weights, errs []float64) {
	width := len(x[0])
	logit := func(w []float64, i int) float64 { return floats.Dot(w[:width], x[i]) + w[width] }
	problem := optimize.Problem{
		Func: func(w []float64) float64 {
			sum := floats.Dot(w[:width], w[:width]) / 2
			for i := range x {
				z := logit(w, i)
				if won[i] {
					z = -z
				}
				sum += math.Log1p(math.Exp(z))
			}
			return sum
		},
		Grad: func(g, w []float64) {
			copy(g, w[:width])
			g[width] = 0
			for i := range x {
				off := 1/(1+math.Exp(-logit(w, i))) - float64(is(won[i]))
				floats.AddScaled(g[:width], off, x[i])
				g[width] += off
			}
		},
	}
	got, err := optimize.Minimize(problem, make([]float64, width+1), &optimize.Settings{GradientThreshold: 1e-7}, &optimize.BFGS{})
	if err != nil && got == nil {
		panic(err)
	}
	return got.X, curved(x, got.X)
}

// curved are the standard errors of weights, by the inverse of the second derivatives.
func curved(x [][]float64, w []float64) []float64 {
	size := len(w)
	bend := mat.NewSymDense(size, nil)
	for i := range x {
		row := append(slices.Clone(x[i]), 1)
		p := 1 / (1 + math.Exp(-floats.Dot(w, row)))
		bend.SymRankOne(bend, p*(1-p), mat.NewVecDense(size, row))
	}
	for k := range size - 1 {
		bend.SetSym(k, k, bend.At(k, k)+1)
	}
	var inverse mat.Dense
	if err := inverse.Inverse(bend); err != nil {
		panic(err)
	}
	out := make([]float64, size)
	for k := range out {
		out[k] = math.Sqrt(inverse.At(k, k))
	}
	return out
}

// held is the difference there would be between whom a rule met and the others if it had another effect and as many were won as were.
func held(x [][]float64, won []bool, weights []float64, rule int, effect float64) float64 {
	width := len(x[0])
	w := slices.Clone(weights)
	w[rule] = effect
	want := 0.0
	for i := range won {
		want += float64(is(won[i]))
	}
	chance := func(i int, intercept float64) float64 {
		return 1 / (1 + math.Exp(-floats.Dot(w[:width], x[i])-intercept))
	}
	low, high := -50.0, 50.0
	for range 200 {
		sum := 0.0
		for i := range x {
			sum += chance(i, (low+high)/2)
		}
		if sum < want {
			low = (low + high) / 2
		} else {
			high = (low + high) / 2
		}
	}
	var with, without []float64
	for i := range x {
		if p := chance(i, low); x[i][rule] != 0 {
			with = append(with, p)
		} else {
			without = append(without, p)
		}
	}
	return stat.Mean(with, nil) - stat.Mean(without, nil)
}

// believed are those of many p-values of which no more than the share q is wrong (Benjamini and Hochberg).
func believed(p []float64, q float64) []bool {
	sorted := slices.Sorted(slices.Values(p))
	limit := -1.0
	for k, v := range sorted {
		if v <= q*float64(k+1)/float64(len(p)) {
			limit = v
		}
	}
	out := make([]bool, len(p))
	for i := range p {
		out[i] = p[i] <= limit
	}
	return out
}

// auc is how often who was won has a higher score than who was not, ties counting half.
func auc(scores []float64, won []bool) float64 {
	y, classes := slices.Clone(scores), slices.Clone(won)
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	for k, i := range order {
		y[k], classes[k] = scores[i], won[i]
	}
	hits, misses, _ := stat.ROC(nil, y, classes, nil)
	area := 0.0
	for i := 1; i < len(hits); i++ {
		area += (misses[i] - misses[i-1]) * (hits[i] + hits[i-1]) / 2
	}
	return area
}

// rocks is the adjusted Wald interval of a net promoter score, in points.
func rocks(promoters, passives, detractors float64) (score, low, high float64) {
	n := promoters + passives + detractors
	p, q := (promoters+0.75)/(n+3), (detractors+0.75)/(n+3)
	half := z95 * math.Sqrt((p+q-math.Pow(p-q, 2))/(n+3))
	return 100 * (promoters - detractors) / n, max(-100, 100*(p-q-half)), min(100, 100*(p-q+half))
}
