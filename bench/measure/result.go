package measure

import (
	"fmt"
	"math"
)

// Target is what a ratio should be: at least so much where more is better, else at most.
type Target struct {
	Value  float64 `json:"value"`
	AtMost bool    `json:"at_most"`
}

// AtLeast is the target of a throughput.
func AtLeast(v float64) Target { return Target{Value: v} }

// AtMost is the target of a latency or a size.
func AtMost(v float64) Target { return Target{Value: v, AtMost: true} }

func (t Target) String() string {
	if t.AtMost {
		return fmt.Sprintf("at most %g", t.Value)
	}
	return fmt.Sprintf("at least %g", t.Value)
}

// Verdict is what may be said of a comparison.
type Verdict string

// The verdicts. What is too noisy is neither met nor not met.
const (
	Met      Verdict = "met"
	NotMet   Verdict = "not met"
	TooNoisy Verdict = "too noisy"
)

// Noisy is the spread of the denominator above which nothing is said.
const Noisy = 1.5

// Judge holds a median ratio against the target, unless the denominator spreads too much.
func (t Target) Judge(median, spread float64) Verdict {
	switch {
	case spread > Noisy || math.IsNaN(median):
		return TooNoisy
	case t.AtMost && median <= t.Value, !t.AtMost && median >= t.Value:
		return Met
	}
	return NotMet
}

// Figures sum up one side.
type Figures struct {
	Name   string             `json:"name"`
	Unit   string             `json:"unit"`
	Value  Range              `json:"value"`
	Cost   float64            `json:"cpu_seconds_per_unit"` // median, all processes
	CPU    map[string]float64 `json:"cpu_seconds_by_process"`
	P50    float64            `json:"p50_ms,omitzero"`
	P99    float64            `json:"p99_ms,omitzero"`
	Sample []Sample           `json:"samples"`
}

// Result is one line of the table.
type Result struct {
	Row     string   `json:"row"`
	What    string   `json:"what"`
	Target  Target   `json:"target"`
	Ratio   Range    `json:"ratio"`
	Pairs   int      `json:"pairs"`
	Ours    Figures  `json:"ours"`
	Theirs  Figures  `json:"theirs"`
	Spread  float64  `json:"spread"` // of the denominator
	Verdict Verdict  `json:"verdict"`
	Notes   []string `json:"notes,omitempty"`
}

// Compare makes a line out of the samples of two sides.
func Compare(row, what string, t Target, ours, theirs Side, ourSamples, theirSamples []Sample) Result {
	ratios := Ratios(ourSamples, theirSamples)
	r := Result{
		Row: row, What: what, Target: t, Ratio: RangeOf(ratios), Pairs: len(ratios),
		Ours: figures(ours, ourSamples), Theirs: figures(theirs, theirSamples), Spread: Spread(values(theirSamples)),
	}
	median := r.Ratio.Median
	if len(ratios) == 0 {
		median = math.NaN()
	}
	r.Verdict = t.Judge(median, r.Spread)
	return r
}

func values(samples []Sample) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = s.Value
	}
	return out
}

func figures(side Side, samples []Sample) Figures {
	f := Figures{Name: side.Name, Unit: side.Unit, Value: RangeOf(values(samples)), CPU: map[string]float64{}, Sample: samples}
	var costs, p50, p99 []float64
	for _, s := range samples {
		if s.Units > 0 && len(s.CPU) > 0 {
			costs = append(costs, s.Cost()/s.Units)
		}
		for process, seconds := range s.CPU {
			f.CPU[process] += seconds
		}
		p50, p99 = append(p50, s.P50), append(p99, s.P99)
	}
	f.Cost, f.P50, f.P99 = Median(costs), Median(p50), Median(p99)
	return f
}
