package simulate

import (
	"math"

	"github.com/leadflow-dev/leadflow/domain/funnel"
)

// Comparison is two houses in which the same people live: one document is another in the second. Worlds are repetitions with seeds that follow each other, each
// with people of its own, the same in both houses.
type Comparison struct {
	Worlds int     `json:"worlds"`
	Leads  int     `json:"leads"` // of each
	Days   int     `json:"days"`
	Seed   uint64  `json:"seed"` // of the first
	Pairs  []Pair  `json:"pairs"`
	First  *Result `json:"first"`  // of the first world
	Second *Result `json:"second"` //
}

// Pair is one figure in both houses: the mean over all worlds, and the mean of the differences. The interval of 95 % is that of a paired t-test over worlds: leads of
// one world have the same reps and are not independent, worlds are. It is absent where there is one world only. Gained and Lost are leads of
// all worlds that have it in one house and not in the other, in which a figure counts.
type Pair struct {
	Figure     string   `json:"figure"`
	First      float64  `json:"first"`
	Second     float64  `json:"second"`
	Difference float64  `json:"difference"`
	Low        *float64 `json:"low" nullable:"true"`
	High       *float64 `json:"high" nullable:"true"`
	Gained     int      `json:"gained"`
	Lost       int      `json:"lost"`
}

// figure is what is compared: of a world, and where it counts leads of each of them.
type figure struct {
	name string
	of   func(*Result) float64
	has  func(outcome) bool
}

func figures() []figure {
	var out []figure
	for _, step := range funnel.Steps[1:] {
		has := func(o outcome) bool { _, yes := o.reached[step]; return yes }
		out = append(out, figure{step, counted(has), has})
	}
	met := func(o outcome) bool { return o.met > 0 && o.late == 0 }
	return append(out,
		figure{"sla_attainment", func(r *Result) float64 { return r.SLA[0].Attainment }, met},
		figure{"offers", func(r *Result) float64 { return float64(r.SLA[0].Offers) }, nil},
		figure{"taken_p50_hours", func(r *Result) float64 { return r.Queue.P50 }, nil},
		figure{"taken_p90_hours", func(r *Result) float64 { return r.Queue.P90 }, nil},
		figure{"mails", func(r *Result) float64 {
			n := 0
			for _, o := range r.outcomes {
				n += o.mails
			}
			return float64(n)
		}, nil},
	)
}

func counted(has func(outcome) bool) func(*Result) float64 {
	return func(r *Result) float64 {
		n := 0
		for _, o := range r.outcomes {
			if has(o) {
				n++
			}
		}
		return float64(n)
	}
}

// Compare plays so many worlds in both houses.
func Compare(first, second Input, worlds int) (*Comparison, error) {
	out := &Comparison{Worlds: worlds, Leads: first.Leads, Days: first.Days, Seed: first.Seed}
	var pairs [][2]*Result
	for i := range worlds {
		a, b := first, second
		a.Seed += uint64(i)
		b.Seed = a.Seed
		one, err := Run(a)
		if err != nil {
			return nil, err
		}
		other, err := Run(b)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*Result{one, other})
	}
	out.First, out.Second = pairs[0][0], pairs[0][1]
	for _, f := range figures() {
		out.Pairs = append(out.Pairs, f.pair(pairs))
	}
	return out, nil
}

func (f figure) pair(worlds [][2]*Result) Pair {
	p, n := Pair{Figure: f.name}, float64(len(worlds))
	differences := make([]float64, len(worlds))
	for i, w := range worlds {
		a, b := f.of(w[0]), f.of(w[1])
		differences[i] = b - a
		p.First, p.Second = p.First+a/n, p.Second+b/n
		for lead := range w[0].outcomes {
			if f.has == nil {
				break
			}
			switch was, is := f.has(w[0].outcomes[lead]), f.has(w[1].outcomes[lead]); {
			case is && !was:
				p.Gained++
			case was && !is:
				p.Lost++
			}
		}
	}
	mean, half := interval(differences)
	p.Difference = mean
	if len(worlds) > 1 {
		low, high := mean-half, mean+half
		p.Low, p.High = &low, &high
	}
	return p
}

// interval is a mean and half the width of its interval of 95 %, by Student's t.
func interval(values []float64) (mean, half float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	sum := 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	if n < 2 {
		return mean, 0
	}
	return mean, student(len(values)-1) * math.Sqrt(sum/(n-1)/n)
}

// student is the 97.5 % quantile of Student's t: exact to three digits for few degrees of freedom, from there on by Abramowitz and Stegun 26.7.5.
func student(degrees int) float64 {
	table := []float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228}
	if degrees <= len(table) {
		return table[degrees-1]
	}
	const z = 1.959964
	n := float64(degrees)
	return z + (z*z*z+z)/(4*n) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*n*n)
}
