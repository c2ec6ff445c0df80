package scoring

import (
	"math"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// The bands.
const (
	Hot  = "hot"
	Warm = "warm"
	Cold = "cold"
)

// Result is a score at a moment.
type Result struct {
	Score      int     // whole points, half up, of fit + engagement after caps; never below the floor
	Fit        float64 // after its cap
	Engagement float64 // after all caps
	Band       string
	Grade      string
}

// Evaluate scores a lead at a moment. The band before it matters: a band is left only beyond its hysteresis.
func (s *Scorer) Evaluate(profile person.Profile, acc Accumulators, adjustments []Adjustment, at time.Time, before string) Result {
	return s.total(s.fitRaw(profile, nil), s.rulesRaw(acc, adjustments, at), adjustments, at, before).Result
}

// tally is an evaluation with what each limit did to it, for explanations.
type tally struct {
	Result
	rules       []float64 // engagement rules after their own caps
	fitRaw      float64
	group, axis float64 // what group caps and the axis cap took, as negative points
	groupTook   map[string]float64
	fitTook     float64
	floorGave   float64
	rounded     float64
	dropsFit    bool
}

func (s *Scorer) total(fit float64, raw []float64, adjustments []Adjustment, at time.Time, before string) tally {
	t := tally{rules: make([]float64, len(raw)), fitRaw: fit, groupTook: map[string]float64{}}
	groups := map[string]float64{}
	engagement := 0.0
	for i, r := range s.engage {
		t.rules[i] = capped(raw[i], r.Points, r.Cap)
		engagement += t.rules[i]
		if r.Group != "" {
			groups[r.Group] += t.rules[i]
		}
	}
	for name, g := range s.Groups {
		if over := groups[name] - g.Cap; over > 0 {
			t.groupTook[name] = -over
		}
	}
	for _, r := range s.engage { // in the order of the rules: sums must not depend on the order of a map
		if took, ok := t.groupTook[r.Group]; ok && groups[r.Group] != 0 {
			engagement += took
			t.group += took
			groups[r.Group] = 0
		}
	}
	if c := s.Caps.Engagement; c != nil && engagement > *c {
		t.axis = *c - engagement
		engagement = *c
	}
	if c := s.Caps.Fit; c != nil && fit > *c {
		t.fitTook = *c - fit
		fit = *c
	}
	t.Fit, t.Engagement = tidy(fit), tidy(engagement)
	sum := t.Fit + t.Engagement
	if floored(adjustments, at) {
		t.dropsFit = true
		sum = s.Floor + t.Engagement
	}
	if sum < s.Floor {
		t.floorGave = s.Floor - sum
		sum = s.Floor
	}
	t.Score = int(math.Floor(sum + 0.5))
	t.rounded = float64(t.Score) - sum
	t.Band, t.Grade = s.band(float64(t.Score), before), s.grade(t.Fit)
	return t
}

// tidy keeps a billionth of a point from deciding how a half is rounded.
func tidy(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// capped limits a rule in the direction of its points.
func capped(x, points float64, limit *float64) float64 {
	if limit == nil {
		return x
	}
	if points < 0 {
		return max(x, -math.Abs(*limit))
	}
	return min(x, *limit)
}

func (s *Scorer) fitRaw(profile person.Profile, each func(r fitRule)) float64 {
	sum := 0.0
	for _, r := range s.fit {
		if s.matches(r, profile) {
			sum += r.Points
			if each != nil {
				each(r)
			}
		}
	}
	return sum
}

// rulesRaw is what each engagement rule gives before any cap.
func (s *Scorer) rulesRaw(acc Accumulators, adjustments []Adjustment, at time.Time) []float64 {
	f := factors(adjustments, at)
	out := make([]float64, len(s.engage))
	for i, r := range s.engage {
		if r.Count > 0 {
			out[i] = r.counted(acc, f, at)
			continue
		}
		for j, seg := range acc.Segments {
			if a := seg.Rules[r.ID]; a != nil && j < len(f) && f[j] != 0 {
				out[i] += f[j] * r.value(a, at)
			}
		}
	}
	return out
}

// value is what one segment gives under a rule that gives points for each event.
func (r engagementRule) value(a *Acc, at time.Time) float64 {
	ms := at.UnixMilli()
	switch {
	case r.HalfLife > 0:
		k, w := weight(ms, r.HalfLife.Duration())
		sum := 0.0
		for i := range a.K {
			sum += float64(a.W[i]) / float64(w) * math.Exp2(float64(a.K[i]-k))
		}
		return r.Points * sum
	case r.Within > 0:
		return r.Points * float64(inside(a.At, ms, r.Within.Duration()))
	}
	return r.Points * float64(a.N)
}

func inside(moments []int64, now int64, window time.Duration) int {
	n := 0
	for _, m := range moments {
		if m > now-window.Milliseconds() {
			n++
		}
	}
	return n
}

// counted gives the points once when enough events lie in the window, with the factor of the weakest segment they need.
func (r engagementRule) counted(acc Accumulators, f []float64, at time.Time) float64 {
	need := r.Count
	for j := min(len(acc.Segments), len(f)) - 1; j >= 0; j-- {
		a := acc.Segments[j].Rules[r.ID]
		if a == nil {
			continue
		}
		n := int(a.N)
		if r.Within > 0 {
			n = inside(a.At, at.UnixMilli(), r.Within.Duration())
		}
		if need -= n; need <= 0 {
			return r.Points * f[j]
		}
	}
	return 0
}

func (s *Scorer) band(score float64, before string) string {
	h := s.Bands.Hysteresis
	switch {
	case score >= s.Bands.Hot, before == Hot && score >= s.Bands.Hot-h:
		return Hot
	case score >= s.Bands.Warm, (before == Warm || before == Hot) && score >= s.Bands.Warm-h:
		return Warm
	}
	return Cold
}

func (s *Scorer) grade(fit float64) string {
	switch {
	case fit >= s.Grades.A:
		return "A"
	case fit >= s.Grades.B:
		return "B"
	case fit >= s.Grades.C:
		return "C"
	}
	return "D"
}

// Qualified reports whether a result is at the MQL threshold on every axis.
func (s *Scorer) Qualified(r Result) bool {
	return float64(r.Score) >= s.MQL.Score && (s.MQL.MinFit == nil || r.Fit >= *s.MQL.MinFit) &&
		(s.MQL.MinEngagement == nil || r.Engagement >= *s.MQL.MinEngagement)
}

// Lifts reports the edge of a cycle that has none yet: engagement after the cycle began lifted the score, and it is at
// the threshold now. A kept score does not qualify by itself.
func (s *Scorer) Lifts(before, after Result) bool {
	return s.Qualified(after) && after.Engagement > before.Engagement
}
