package predict

import (
	"cmp"
	"math"
	"slices"
)

// A level of fewer rows is not told apart from other rare ones: it would say more of these rows than of the level, and
// could name somebody.
const (
	leastLevel  = 10
	mostLevels  = 100
	mostColumns = 2000 // of all features together: a fit takes the cube of it
)

// encoder turns features into columns of numbers; what it knows it learned from the rows it was given.
type encoder struct {
	frame *frame
	parts []encoded // of each feature
	width int
}

// encoded is a feature as columns: of a number its line and its hinges, standardised, then missing; of a category its
// levels, then other, then missing.
type encoded struct {
	from           int // first column
	levels         []string
	index          map[string]int
	knots          []float64 // of a number: least, inner ones, most
	mean, scale    []float64 // of its line and hinges
	missing, other int       // columns; -1: none
}

// cell is a value that is not 0 of a row.
type cell struct {
	column int
	value  float64
}

func newEncoder(f *frame, rows []int) *encoder {
	e := &encoder{frame: f}
	for i := range f.features {
		one := encoded{from: e.width, missing: -1, other: -1}
		if f.features[i].kind == Number {
			e.width += one.learnNumber(&f.features[i], rows)
		} else {
			e.width += one.learnLevels(&f.features[i], rows, min(mostLevels, mostColumns/len(f.features)))
		}
		e.parts = append(e.parts, one)
	}
	return e
}

func (one *encoded) learnLevels(f *feature, rows []int, most int) int {
	counts := map[string]int{}
	for _, r := range rows {
		counts[f.texts[r]]++
	}
	width, rest := 0, 0
	for level, n := range counts {
		if level != "" && n >= leastLevel {
			one.levels = append(one.levels, level)
		}
	}
	slices.SortFunc(one.levels, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	one.levels = one.levels[:min(len(one.levels), most)]
	one.index = map[string]int{}
	rest = len(rows) - counts[""]
	for _, level := range one.levels {
		one.index[level] = one.from + width
		rest -= counts[level]
		width++
	}
	if rest > 0 {
		one.other = one.from + width
		width++
	}
	if counts[""] > 0 {
		one.missing = one.from + width
		width++
	}
	return width
}

// quantiles at which a number's line may bend; beyond the outer ones it is level, so that no single row pulls it.
var quantiles = []float64{0.005, 0.1, 0.25, 0.5, 0.75, 0.9, 0.995}

func (one *encoded) learnNumber(f *feature, rows []int) int {
	var known []float64
	for _, r := range rows {
		if x := f.numbers[r]; !math.IsNaN(x) {
			known = append(known, x)
		}
	}
	slices.Sort(known)
	width := 0
	if len(known) > 0 {
		for _, q := range quantiles {
			one.knots = append(one.knots, known[int(q*float64(len(known)-1)+0.5)])
		}
		one.knots = slices.Compact(one.knots)
		one.standardise(known)
		width = len(one.mean)
	}
	if len(known) < len(rows) {
		one.missing = one.from + width
		width++
	}
	return width
}

// standardise finds mean and standard deviation of the line and of each hinge.
func (one *encoded) standardise(known []float64) {
	if len(one.knots) < 2 {
		return
	}
	one.mean, one.scale = make([]float64, len(one.knots)-1), make([]float64, len(one.knots)-1)
	squares := make([]float64, len(one.mean))
	for _, x := range known {
		for k := range one.mean {
			h := one.hinge(k, x)
			one.mean[k] += h
			squares[k] += h * h
		}
	}
	n := float64(len(known))
	for k := range one.mean {
		one.mean[k] /= n
		one.scale[k] = math.Sqrt(max(squares[k]/n-one.mean[k]*one.mean[k], 1e-12*(1+one.mean[k]*one.mean[k])))
	}
}

// hinge k is how far x lies beyond knot k; hinge 0 is the line itself. Beyond the last knot nothing rises.
func (one *encoded) hinge(k int, x float64) float64 {
	return max(0, min(x, one.knots[len(one.knots)-1])-one.knots[k])
}

// row appends the cells of a row.
func (e *encoder) row(r int, to []cell) []cell {
	for i := range e.parts {
		one, f := &e.parts[i], &e.frame.features[i]
		if f.kind == Number {
			to = one.number(f.numbers[r], to)
			continue
		}
		column, is := one.index[f.texts[r]]
		switch {
		case f.texts[r] == "":
			column = one.missing
		case !is:
			column = one.other
		}
		if column >= 0 {
			to = append(to, cell{column, 1})
		}
	}
	return to
}

func (one *encoded) number(x float64, to []cell) []cell {
	if math.IsNaN(x) {
		if one.missing >= 0 {
			to = append(to, cell{one.missing, 1})
		}
		return to
	}
	for k := range one.mean {
		to = append(to, cell{one.from + k, (one.hinge(k, x) - one.mean[k]) / one.scale[k]})
	}
	return to
}

// matrix is rows of cells, packed.
type matrix struct {
	ends  []int
	cells []cell
	width int
}

func (m *matrix) row(i int) []cell {
	if i == 0 {
		return m.cells[:m.ends[0]]
	}
	return m.cells[m.ends[i-1]:m.ends[i]]
}

func (e *encoder) matrix(rows []int) *matrix {
	m := &matrix{width: e.width, ends: make([]int, len(rows))}
	for i, r := range rows {
		m.cells = e.row(r, m.cells)
		m.ends[i] = len(m.cells)
	}
	return m
}
