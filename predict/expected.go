package predict

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// samples of the bootstrap.
const bootstraps = 200

// ranked is scores of all cases, with their order, and the threshold of today by which they are qualified.
type ranked struct {
	scores    []float64
	order     []int
	threshold float64
}

func rankedOf(scores []float64, threshold float64) ranked {
	r := ranked{scores: scores, threshold: threshold, order: make([]int, len(scores))}
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	return r
}

// The figures that are compared.
const (
	figureAUC = iota
	figureQualified
	figureConversion
	figureReached
	figures
)

// figures are those of cases of which each counts so often.
func (r ranked) figures(won []bool, weight []float64) (out [figures]float64) {
	var all, qualified, below [2]float64
	pairs := 0.0
	for from := 0; from < len(r.order); {
		to, same := from, [2]float64{}
		for to < len(r.order) && r.scores[r.order[to]] == r.scores[r.order[from]] {
			i := r.order[to]
			same[class(won[i])] += weight[i]
			to++
		}
		pairs += same[1] * (below[0] + same[0]/2)
		for kind := range 2 {
			below[kind] += same[kind]
			all[kind] += same[kind]
			if r.scores[r.order[from]] >= r.threshold {
				qualified[kind] += same[kind]
			}
		}
		from = to
	}
	out[figureAUC] = part(pairs, all[0]*all[1])
	out[figureQualified] = part(qualified[0]+qualified[1], all[0]+all[1])
	out[figureConversion] = part(qualified[1], qualified[0]+qualified[1])
	out[figureReached] = part(qualified[1], all[1])
	return out
}

func part(k, n float64) float64 {
	if n == 0 {
		return 0
	}
	return k / n
}

// expected measures what fitting would bring: each fifth of the cases by points that the others taught, against the points of today.
func (p *pointer) expected() (record.SuggestedEffect, error) {
	threshold := p.scorer.MQL.Score
	now, then := make([]float64, len(p.cases)), make([]float64, len(p.cases))
	for i, c := range p.cases {
		now[i] = float64(c.Sight.Score)
	}
	of, _ := folds(p.all(), p.won, p.twins, foldsK, p.seed+1)
	for k := range foldsK {
		train, test := split(p.all(), of, k)
		got, err := p.learn(train)
		if errors.Is(err, errNoRuleWorks) {
			for _, i := range test {
				then[i] = now[i]
			}
			continue
		}
		if err != nil {
			return record.SuggestedEffect{}, err
		}
		scores, err := p.scores(test, got.points, got.threshold)
		if err != nil {
			return record.SuggestedEffect{}, err
		}
		for k, i := range test {
			then[i] = scores[k] / got.threshold * threshold // folds have a threshold each
		}
	}
	return compare(rankedOf(now, threshold), rankedOf(then, threshold), p.won, p.seed), nil
}

// compare gives the figures of both, and the difference with its interval by bootstrap: percentiles of the differences of samples
// drawn from the cases with replacement (Efron 1979).
func compare(now, then ranked, won []bool, seed uint64) record.SuggestedEffect {
	once := make([]float64, len(won))
	for i := range once {
		once[i] = 1
	}
	a, b := now.figures(won, once), then.figures(won, once)
	random := rand.New(rand.NewPCG(seed, bootstraps))
	var gains [figures][]float64
	for range bootstraps {
		weight := make([]float64, len(won))
		for range won {
			weight[random.IntN(len(won))]++
		}
		x, y := now.figures(won, weight), then.figures(won, weight)
		for f := range gains {
			gains[f] = append(gains[f], y[f]-x[f])
		}
	}
	one := func(f int) record.Compared {
		slices.Sort(gains[f])
		at := func(q float64) float64 { return gains[f][int(math.Round(q*float64(bootstraps-1)))] }
		return record.Compared{Now: a[f], Suggested: b[f], Gain: effect.Bounds{Value: b[f] - a[f], Low: at(0.025), High: at(0.975)}}
	}
	return record.SuggestedEffect{AUC: one(figureAUC), Qualified: one(figureQualified), Conversion: one(figureConversion), Reached: one(figureReached)}
}
