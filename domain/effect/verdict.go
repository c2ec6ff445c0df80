package effect

import (
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/trial"
)

// The verdicts about the points of a rule.
const (
	Over       = "over"        // they say more than becomes of the leads
	Under      = "under"       // they say less
	AboutRight = "about_right" // what they say is what became of them
	TooFew     = "too_few"     // nobody can say yet
)

const (
	// Least is how many leads there must be with a rule, and without it, before anything is said.
	Least = 20
	// Wrong is the share of verdicts that may be wrong, on average (Benjamini and Hochberg).
	Wrong = 0.10
)

// Worth is the effect of a rule in log odds, the other rules held fixed, with its standard error, and the points it gives.
type Worth struct{ Effect, Error, Points float64 }

// works reports that a rule has an effect of the direction of its points that is not chance (95 %).
func (w Worth) works() bool {
	return w.Points != 0 && w.Effect*w.Points > 0 && math.Abs(w.Effect) > Z95*w.Error
}

// OfPoint is what a point is worth, in log odds: the median over the rules that work. A rule that does not work can be measured
// by the others and says nothing about the measure; nor does one that gives less than the least: where points have all but faded,
// what leads did is worth something still, and a point would be worth any odds. 0: none works.
func OfPoint(rules []Worth, least float64) float64 {
	var each []float64
	for _, w := range rules {
		if w.works() && math.Abs(w.Points) >= least {
			each = append(each, w.Effect/w.Points)
		}
	}
	if len(each) == 0 {
		return 0
	}
	slices.Sort(each)
	n := len(each)
	return (each[(n-1)/2] + each[n/2]) / 2
}

// Claim is a rule, what became of the leads it met and of the others, and what its points promise: a difference between the two, and
// an effect in log odds.
type Claim struct {
	With, Without trial.Sample
	Promised      float64
	Worth         Worth
	Effect        float64
}

// surprise is how surprising what became of leads is if the promise is true: the less so of the difference between them and of the
// effect with the other rules held fixed. Of a rule that always comes with another the difference is well known, and whose it is
// is not.
func (c Claim) surprise() float64 {
	held := math.Erfc(math.Abs(c.Worth.Effect-c.Effect) / c.Worth.Error / math.Sqrt2)
	return max(Against(c.With, c.Without, c.Promised), held)
}

// Verdict is what is said of a claim.
type Verdict struct {
	Code string
	P    float64 // how surprising the difference is if the promise is true; 1 where there are too few to ask
}

// Judge compares what became of leads with what the points of rules promise. Where the two differ more than chance explains,
// after Benjamini and Hochberg over all claims, the points are over or under; where they do not, they are about right if the
// difference and the effect are not chance, and else nobody can tell what they are worth from nothing.
func Judge(claims []Claim) []Verdict {
	out := make([]Verdict, len(claims))
	var asked []int
	var p []float64
	for i, c := range claims {
		out[i] = Verdict{TooFew, 1}
		if min(c.With.Tried, c.Without.Tried) >= Least {
			out[i].P = c.surprise()
			asked, p = append(asked, i), append(p, out[i].P)
		}
	}
	for k, differs := range Believed(p, Wrong) {
		i := asked[k]
		c := claims[i]
		d := Difference(c.With, c.Without, Z95)
		switch {
		case differs && (d.Value-c.Promised)*c.Worth.Points > 0:
			out[i].Code = Under
		case differs:
			out[i].Code = Over
		case (d.Low > 0 || d.High < 0) && c.Worth.works():
			out[i].Code = AboutRight
		}
	}
	return out
}
