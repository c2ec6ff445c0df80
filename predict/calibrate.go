package predict

import (
	"cmp"
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// platt fits probability = 1/(1+exp(-(a+b*logit))) by Newton's method, with the targets of Platt (1999), which keep it
// from being certain: (wins+1)/(wins+2) and 1/(losses+2). It answers b > 0, whatever the rows say: more likely stays more
// likely.
func platt(logits []float64, won []bool) scoring.Calibration {
	wins := 0.0
	for _, w := range won {
		wins += float64(class(w))
	}
	losses := float64(len(won)) - wins
	up, down := (wins+1)/(wins+2), 1/(losses+2)
	a, b := 0.0, 1.0
	for range 100 {
		var ga, gb, haa, hab, hbb float64
		for i, z := range logits {
			target := down
			if won[i] {
				target = up
			}
			p := sigmoid(a + b*z)
			w := p * (1 - p)
			ga, gb = ga+p-target, gb+(p-target)*z
			haa, hab, hbb = haa+w, hab+w*z, hbb+w*z*z
		}
		haa, hbb = haa+1e-9, hbb+1e-9
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		longest := max(1, math.Abs(da), math.Abs(db)) // a step is at most 1: far away Newton overshoots
		a, b = a-da/longest, b-db/longest
		if math.Abs(da)+math.Abs(db) < 1e-10 {
			break
		}
	}
	return scoring.Calibration{Method: scoring.Platt, A: kept(a), B: kept(min(max(b, 0.01), 100))}
}

// leastBlock: a step of the isotonic curve stands on so many rows, or on a 500th of all, or its height would be theirs alone.
const leastBlock = 20

// isotonic fits the rising step function that is nearest by squares (pool adjacent violators: Ayer et al. 1955), and joins
// the middles of its steps by straight lines. Heights are (wins+1)/(rows+2), so nothing is certain.
func isotonic(logits []float64, won []bool) scoring.Calibration {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(logits[a], logits[b]) })
	least := max(leastBlock, float64(len(order))/500)
	var blocks []block
	for i := 0; i < len(order); {
		one := block{}
		for i < len(order) && (one.rows < least || logits[order[i]] == logits[order[i-1]]) { // equal ones stay together
			one = one.with(block{logits[order[i]], float64(class(won[order[i]])), 1})
			i++
		}
		blocks = append(blocks, one)
		for n := len(blocks); n > 1 && blocks[n-2].height() >= blocks[n-1].height(); n = len(blocks) {
			blocks = append(blocks[:n-2], blocks[n-2].with(blocks[n-1]))
		}
	}
	out := scoring.Calibration{Method: scoring.Isotonic}
	high := 0.0
	for _, b := range blocks {
		high = max(high, b.height())
		out.Curve = append(out.Curve, scoring.Knot{At: b.logits / b.rows, Value: kept(high)})
	}
	return out
}

// block is rows of one height.
type block struct{ logits, wins, rows float64 }

func (b block) with(c block) block {
	return block{b.logits + c.logits, b.wins + c.wins, b.rows + c.rows}
}

func (b block) height() float64 { return (b.wins + 1) / (b.rows + 2) }

// calibrate chooses between Platt and isotonic by the log loss of rows it was not fitted to, and fits the better one to all.
// A tie goes to Platt, which needs two numbers.
func calibrate(logits []float64, won []bool, of []int, k int) (scoring.Calibration, map[string]float64) {
	losses := map[string]float64{}
	methods := map[string]func([]float64, []bool) scoring.Calibration{scoring.Platt: platt, scoring.Isotonic: isotonic}
	for _, name := range []string{scoring.Platt, scoring.Isotonic} {
		sum := 0.0
		for f := range k {
			var z []float64
			var y []bool
			for i := range logits {
				if of[i] != f {
					z, y = append(z, logits[i]), append(y, won[i])
				}
			}
			c := methods[name](z, y)
			for i := range logits {
				if of[i] == f {
					sum += logLoss(c.Probability(logits[i]), won[i])
				}
			}
		}
		losses[name] = sum / float64(len(logits))
	}
	best := scoring.Platt
	if losses[scoring.Isotonic] < losses[scoring.Platt] {
		best = scoring.Isotonic
	}
	return methods[best](logits, won), losses
}

// logLoss of a probability, which is taken to be no nearer than 1e-12 to certainty.
func logLoss(p float64, won bool) float64 {
	if !won {
		p = 1 - p
	}
	return -math.Log(max(p, 1e-12))
}
