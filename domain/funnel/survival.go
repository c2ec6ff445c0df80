package funnel

import (
	"math"
	"slices"
)

// z is the 97.5 % point of the normal distribution, for intervals of 95 %.
const z = 1.959963984540054

// Aged is how many of a cohort were won at one age, and how many are of that age now and not won.
type Aged struct {
	Age      int // whole days since the journey began
	Won      int
	Censored int
}

// Point is the share of a cohort that was won by an age, with its interval of 95 %.
type Point struct {
	Age    int     `json:"age"`     // days
	AtRisk int     `json:"at_risk"` // at the beginning of that day
	Won    int     `json:"won"`     // on that day
	Share  float64 `json:"share"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Conversion estimates which share of a cohort is won by each age at which somebody was, by the product-limit of E. L. Kaplan and P. Meier
// (Nonparametric estimation from incomplete observations, JASA 53, 1958), with M. Greenwood's variance on the scale of
// log(-log) (J. D. Kalbfleisch and R. L. Prentice, 1980). Who has not been won is censored at the age they have now, for that is all that is
// known. Who is lost or disqualified is not won either, and stays at risk until then: leaving them out would tell of a
// world in which nobody is ever lost (J. P. Fine and R. J. Gray, JASA 94, 1999: the risk set of the subdistribution, where
// censoring is by the calendar alone). On one day wins come before censorings.
func Conversion(cohort []Aged) []Point {
	cohort = slices.Clone(cohort)
	slices.SortFunc(cohort, func(a, b Aged) int { return a.Age - b.Age })
	risk := 0
	for _, a := range cohort {
		risk += a.Won + a.Censored
	}
	var out []Point
	survival, greenwood := 1.0, 0.0
	for i := 0; i < len(cohort); {
		age, won, censored := cohort[i].Age, 0, 0
		for ; i < len(cohort) && cohort[i].Age == age; i++ {
			won, censored = won+cohort[i].Won, censored+cohort[i].Censored
		}
		if won > 0 {
			n, d := float64(risk), float64(won)
			survival *= 1 - d/n
			greenwood += d / (n * (n - d)) // infinite where all are won: no interval then
			low, high := logLog(survival, greenwood)
			out = append(out, Point{Age: age, AtRisk: risk, Won: won, Share: 1 - survival, Low: 1 - high, High: 1 - low})
		}
		risk -= won + censored
	}
	return out
}

// logLog is the interval of a survival with Greenwood's sum.
func logLog(survival, greenwood float64) (low, high float64) {
	if survival <= 0 || survival >= 1 {
		return survival, survival
	}
	l := math.Log(survival)
	half := z * math.Sqrt(greenwood) / math.Abs(l)
	return math.Pow(survival, math.Exp(half)), math.Pow(survival, math.Exp(-half))
}
