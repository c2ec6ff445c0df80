package scoring

import (
	"fmt"
	"math"
	"slices"
)

// Bounds on a predictor.
const (
	LeastOutcomes = 100 // a predictor of fewer is not believed: rules go on scoring
	maxLevels     = 200
	maxKnots      = 2000
	maxLogOdds    = 100
	maxKnotAt     = 1e100 // the distance of two is a number
)

// Problems finds everything that is wrong with a predictor; nothing means that it can be made ready.
func (p Predictor) Problems(path string) []Problem {
	c := &check{}
	switch {
	case p.Outcomes < LeastOutcomes:
		c.add(path+".outcomes", "is %d: a predictor needs at least %d outcomes; leave it out, and rules go on scoring", p.Outcomes, LeastOutcomes)
	case p.Positive <= 0 || p.Positive >= p.Outcomes:
		c.add(path+".positive", "must be above 0 and below outcomes (%d): of one kind only, nothing can be learned", p.Outcomes)
	}
	c.weight(path+".intercept", p.Intercept)
	if len(p.Features) == 0 {
		c.add(path+".features", "is empty: a predictor needs at least one")
	}
	if len(p.Features) > maxRules {
		c.add(path+".features", "has %d of them, at most %d are taken", len(p.Features), maxRules)
	}
	for i, f := range p.Features[:min(len(p.Features), maxRules)] {
		one := fmt.Sprintf("%s.features[%d]", path, i)
		if f.Field == "" || slices.ContainsFunc(p.Features[:i], func(g Feature) bool { return g.Field == f.Field }) {
			c.add(one+".field", "is missing, or there twice")
		}
		c.feature(one, f)
	}
	c.calibration(path+".calibration", p.Calibration)
	return c.problems
}

func (c *check) weight(path string, w float64) {
	if !(math.Abs(w) <= maxLogOdds) { // not a number, too
		c.add(path, "must be between -%d and %d", maxLogOdds, maxLogOdds)
	}
}

func (c *check) feature(path string, f Feature) {
	c.weight(path+".other", f.Other)
	c.weight(path+".missing", f.Missing)
	if len(f.Curve) > 0 && len(f.Levels) > 0 {
		c.add(path, "has a curve and levels: it is a number or a text")
	}
	if len(f.Levels) > maxLevels {
		c.add(path+".levels", "has %d of them, at most %d are taken", len(f.Levels), maxLevels)
		return
	}
	seen := map[string]bool{}
	for i, l := range f.Levels {
		if key := LevelKey(l.Value); key == "" || seen[key] {
			c.add(fmt.Sprintf("%s.levels[%d].value", path, i), "is empty, or there twice")
		} else {
			seen[key] = true
		}
		c.weight(fmt.Sprintf("%s.levels[%d].weight", path, i), l.Weight)
	}
	c.curve(path+".curve", f.Curve, -maxLogOdds, maxLogOdds)
}

func (c *check) curve(path string, curve []Knot, least, most float64) {
	if len(curve) > maxKnots {
		c.add(path, "has %d knots, at most %d are taken", len(curve), maxKnots)
		return
	}
	for i, k := range curve {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !(math.Abs(k.At) <= maxKnotAt) || i > 0 && k.At <= curve[i-1].At {
			c.add(at+".at", "must be a number above that of the knot before it, and at most %g", maxKnotAt)
		}
		if !(k.Value >= least && k.Value <= most) {
			c.add(at+".value", "must be between %v and %v", least, most)
		}
	}
}

func (c *check) calibration(path string, cal Calibration) {
	switch cal.Method {
	case Platt:
		c.weight(path+".a", cal.A)
		if !(cal.B > 0 && cal.B <= maxLogOdds) {
			c.add(path+".b", "must be above 0 and at most %d: more likely must stay more likely", maxLogOdds)
		}
	case Isotonic:
		if len(cal.Curve) == 0 {
			c.add(path+".curve", "is empty: give it at least one knot")
		}
		c.curve(path+".curve", cal.Curve, 0, 1)
		for i := 1; i < len(cal.Curve); i++ {
			if cal.Curve[i].Value < cal.Curve[i-1].Value {
				c.add(fmt.Sprintf("%s.curve[%d].value", path, i), "must not fall: more likely must stay more likely")
			}
		}
	default:
		c.add(path+".method", "must be %s or %s", Platt, Isotonic)
	}
}
