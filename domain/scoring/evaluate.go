package scoring

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Result is a score at a moment, in points.
type Result struct {
	Score      int     `json:"score"`      // fit + engagement in whole points, half up; never below the floor
	Fit        float64 `json:"fit"`        // after its cap
	Engagement float64 `json:"engagement"` // after caps and adjustments
	Earned     float64 `json:"earned"`     // the part of engagement that this cycle's events earned
	Band       string  `json:"band"`       // hot warm cold
	Grade      string  `json:"grade"`      // A B C D
}

// Evaluate scores a lead from accumulators that are not stale. The band before it matters: a band is left only beyond
// its hysteresis. Accumulators no longer know what was before their newest event: an earlier moment counts as that one;
// Explain can go back in time.
func (s *Scorer) Evaluate(profile person.Profile, acc Accumulators, adjustments []Adjustment, at time.Time, before string) Result {
	return s.evaluate(s.fitness(profile, acc), acc, adjustments, at, before)
}

// FitOf is what a profile gives, after its cap, in points; of a lead that has done nothing where the model is Engaging.
func (s *Scorer) FitOf(profile person.Profile) float64 { return s.FitWith(profile, Accumulators{}) }

// FitWith is FitOf for a lead that has done something.
func (s *Scorer) FitWith(profile person.Profile, acc Accumulators) float64 {
	return s.fitness(profile, acc).capped(s.fitCap).points()
}

// EvaluateFit is Evaluate for a fit that is known, as FitOf and a result have it.
func (s *Scorer) EvaluateFit(fit float64, acc Accumulators, adjustments []Adjustment, at time.Time, before string) Result {
	return s.evaluate(toMicro(fit), acc, adjustments, at, before)
}

func (s *Scorer) evaluate(fit micro, acc Accumulators, adjustments []Adjustment, at time.Time, before string) Result {
	now := max(at.UnixMicro(), acc.Newest)
	return s.result(s.sum(fit, acc, ordered(adjustments, now), when(now)), before)
}

// moments are when rules are looked at, in unix microseconds: those that give points, and those that take some. They
// differ only where the most or the least is wanted that a score is in the course of a time.
type moments struct{ giving, taking int64 }

// when is one moment for all rules.
func when(at int64) moments { return moments{at, at} }

func (m moments) of(r *rule) int64 {
	if r.points < 0 {
		return m.taking
	}
	return m.giving
}

// sums are a score before it is a whole number.
type sums struct{ fit, engagement, earned micro }

func (s *Scorer) sum(fit micro, acc Accumulators, adjustments []Adjustment, at moments) sums {
	out := sums{fit: fit.capped(s.fitCap)}
	for rest := acc.Tallies; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Cycle == rest[0].Cycle {
			n++
		}
		got := s.cycle(rest[:n], at)
		if rest[0].Cycle == len(adjustments) {
			out.earned = got
		}
		out.engagement += kept(got, rest[0].Cycle, adjustments)
		rest = rest[n:]
	}
	for i, a := range adjustments {
		out.engagement += kept(s.deficit(a, out.fit), i+1, adjustments)
	}
	return out
}

// cycle is what one cycle came to, after the caps of its rules, of its groups and of engagement.
func (s *Scorer) cycle(tallies []Tally, at moments) micro {
	var few [8]micro
	groups := few[:min(len(s.groups), len(few))]
	if len(s.groups) > len(few) {
		groups = make([]micro, len(s.groups))
	}
	var sum micro
	for i := range tallies {
		n, known := s.index[tallies[i].Rule]
		if !known {
			continue
		}
		r := &s.rules[n]
		if len(r.unless) > 0 && r.kept(tallies) {
			continue
		}
		got := r.value(&tallies[i], at.of(r)).capped(r.cap)
		if r.group >= 0 {
			groups[r.group] += got
		} else {
			sum += got
		}
	}
	for i, got := range groups {
		sum += got.capped(&s.groups[i])
	}
	return sum.capped(s.engagementCap)
}

// value is what a tally gives at a moment, before any cap.
func (r *rule) value(t *Tally, at int64) micro {
	n := t.Count
	switch {
	case r.halfLife > 0:
		return r.decayed(t.Lives, t.Weights, at)
	case r.within > 0:
		n = r.inside(t.Times, at)
	}
	switch {
	case r.Count == 0:
		return r.points.times(n)
	case n >= int64(r.Count):
		return r.points
	}
	return 0
}

// inside counts the moments that are younger than the window.
func (r *rule) inside(times []int64, at int64) int64 {
	old, _ := slices.BinarySearch(times, at-r.within+1)
	return int64(len(times) - old)
}

// fitness is the fit before its cap.
func (s *Scorer) fitness(profile person.Profile, acc Accumulators) micro {
	sum := s.likely(profile, acc)
	for i := range s.fit {
		if s.matches(&s.fit[i], profile) {
			sum += s.fit[i].points
		}
	}
	return sum
}

func (s *Scorer) result(sum sums, before string) Result {
	r := Result{
		Score: s.total(sum).whole(), Fit: sum.fit.points(), Engagement: sum.engagement.points(), Earned: sum.earned.points(),
	}
	r.Band, r.Grade = s.band(float64(r.Score), before), s.grade(r.Fit)
	return r
}

// total is a score before it is rounded.
func (s *Scorer) total(sum sums) micro {
	score := sum.fit + sum.engagement
	if s.floor != nil {
		score = max(score, *s.floor)
	}
	return score
}
