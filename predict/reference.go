package predict

import (
	"cmp"
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Reference is what the data looked like when a predictor was trained.
type Reference struct {
	Features []Distribution `json:"features"`
	Logits   Distribution   `json:"logits"`
}

// Distribution is shares of a field's values: a number by bins that end before each edge, a category by level.
type Distribution struct {
	Field   string    `json:"field"`
	Edges   []float64 `json:"edges,omitempty"` // bins: below the first, ..., from the last on
	Levels  []string  `json:"levels,omitempty"`
	Shares  []float64 `json:"shares"` // of bins; of levels, then of other ones
	Missing float64   `json:"missing"`
}

const mostReferred = 20 // levels; rarer ones are other

func (f *frame) reference(l *learned) Reference {
	out := Reference{Logits: distributed("", slices.Clone(l.outside))}
	for i := range f.features {
		one := &f.features[i]
		if one.kind == Number {
			out.Features = append(out.Features, distributed(one.field, one.numbers))
			continue
		}
		out.Features = append(out.Features, one.leveled())
	}
	return out
}

func distributed(field string, numbers []float64) Distribution {
	var known []float64
	for _, x := range numbers {
		if !math.IsNaN(x) {
			known = append(known, x)
		}
	}
	slices.Sort(known)
	d := Distribution{Field: field}
	for b := 1; b < tenBins && len(known) > 0; b++ {
		if x := known[b*len(known)/tenBins]; x > known[0] {
			d.Edges = append(d.Edges, x)
		}
	}
	d.Edges = slices.Compact(d.Edges)
	d.count(len(numbers), func(i int) (any, bool) { return numbers[i], !math.IsNaN(numbers[i]) })
	return d
}

func (one *feature) leveled() Distribution {
	counts := map[string]int{}
	for _, key := range one.texts {
		if key != "" {
			counts[key]++
		}
	}
	d := Distribution{Field: one.field}
	for key, n := range counts {
		if n >= leastLevel {
			d.Levels = append(d.Levels, key)
		}
	}
	slices.SortFunc(d.Levels, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	d.Levels = d.Levels[:min(len(d.Levels), mostReferred)]
	d.count(len(one.texts), one.get)
	return d
}

// count fills the shares from n values.
func (d *Distribution) count(n int, get func(i int) (any, bool)) {
	bins := len(d.Edges) + 1
	if len(d.Edges) == 0 && len(d.Levels) > 0 {
		bins = len(d.Levels) + 1
	}
	d.Shares = make([]float64, bins)
	for i := range n {
		v, known := get(i)
		if !known {
			d.Missing += 1 / float64(n)
			continue
		}
		d.Shares[d.bin(v)] += 1 / float64(n)
	}
}

func (d *Distribution) bin(v any) int {
	if len(d.Levels) > 0 {
		text, _ := v.(string)
		if i := slices.Index(d.Levels, scoring.LevelKey(text)); i >= 0 {
			return i
		}
		return len(d.Levels)
	}
	x, is := scoring.NumberOf(v)
	if !is {
		return 0
	}
	at, equal := slices.BinarySearch(d.Edges, x)
	return at + class(equal)
}
