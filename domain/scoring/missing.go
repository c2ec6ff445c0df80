package scoring

import (
	"fmt"
	"slices"
)

// missing lists what one more event, or one more known fact, would give: first what is enough by itself, the least of it
// first, then the rest, the most first.
func (s *Scorer) missing(t tally, raw []float64) []Missing {
	short := s.MQL.Score - float64(t.Score)
	if short <= 0 {
		return nil
	}
	room := short
	if c := s.Caps.Engagement; c != nil {
		room = *c - t.Engagement
	}
	var out []Missing
	for i, r := range s.engage {
		gives := r.Points
		if r.Count > 0 && raw[i] != 0 {
			continue
		}
		if r.Cap != nil {
			gives = min(gives, *r.Cap-t.rules[i])
		}
		if g, ok := s.Groups[r.Group]; ok {
			gives = min(gives, g.Cap-s.inGroup(r.Group, t.rules))
		}
		gives = min(gives, max(room, 0))
		if gives > 0.5 {
			out = append(out, Missing{Rule: r.ID, Points: tidy(gives), Why: fmt.Sprintf("%s points short; %s gives %s", trim(short), r.phrase(), trim(gives))})
		}
	}
	slices.SortStableFunc(out, func(a, b Missing) int {
		enoughA, enoughB := a.Points >= short, b.Points >= short
		switch {
		case enoughA != enoughB && enoughA:
			return -1
		case enoughA != enoughB:
			return 1
		case enoughA:
			return int(min(1, max(-1, a.Points-b.Points)))
		}
		return int(min(1, max(-1, b.Points-a.Points)))
	})
	return out
}

func (s *Scorer) inGroup(name string, rules []float64) float64 {
	sum := 0.0
	for i, r := range s.engage {
		if r.Group == name {
			sum += rules[i]
		}
	}
	return min(sum, s.Groups[name].Cap)
}

func (r engagementRule) phrase() string {
	if r.Count > 0 {
		return fmt.Sprintf("%s (%d x %s%s)", r.ID, r.Count, r.On, within(r))
	}
	return fmt.Sprintf("%s (%s)", r.ID, r.On)
}
