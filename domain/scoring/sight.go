package scoring

import (
	"math"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Sight is what the rules of a model see of a lead at a moment, each by itself: before groups and the caps of axes, which
// belong to no rule alone. Its lists are in the order of Scorer.Watched.
type Sight struct {
	Points []float64 // what the rule gives, after its own cap and recycling
	Events []int     // of the newest cycle: how many events meet it, whenever they were; of a rule of fit 0 or 1
	Score  int
	Acc    Accumulators
}

// Watched is a rule in words.
type Watched struct {
	ID, Axis string
	Points   float64
	Monotone bool
	Why      string
}

// Watched lists the rules of the model: those of fit, then those of engagement.
func (s *Scorer) Watched() []Watched {
	var out []Watched
	for i := range s.fit {
		r := &s.fit[i]
		out = append(out, Watched{r.ID, AxisFit, r.Points, r.Monotone, r.why()})
	}
	for _, r := range s.Engagement {
		out = append(out, Watched{r.ID, AxisEngagement, r.Points, r.Monotone || len(r.Unless) > 0, r.inWords()})
	}
	return out
}

// See looks at a lead as Explain does: from all its events, of which those after the moment do not count.
func (s *Scorer) See(profile person.Profile, events []Event, adjustments []Adjustment, at time.Time) Sight {
	now := at.UnixMicro()
	events = slices.DeleteFunc(distinct(events), func(e Event) bool { return e.micros() > now })
	adjustments = ordered(adjustments, now)
	out := Sight{Acc: s.Fold(Accumulators{}, adjustments, events...)}
	for i := range s.fit {
		var points micro
		if s.matches(&s.fit[i], profile) {
			points = s.fit[i].points
		}
		out.Points, out.Events = append(out.Points, points.points()), append(out.Events, int(min(1, max(points, -points))))
	}
	cuts := cutsOf(adjustments)
	for i := range s.Engagement {
		r := &s.rules[i]
		var points micro
		for cycle := range len(adjustments) + 1 {
			points += kept(out.Acc.value(r, cycle, now).capped(r.cap), cycle, adjustments)
		}
		n := 0
		for _, e := range events {
			if e.Type == r.On && cyclesBefore(cuts, e.micros()) == len(adjustments) && r.takes(e) {
				n++
			}
		}
		out.Points, out.Events = append(out.Points, points.points()), append(out.Events, n)
	}
	out.Score = s.Evaluate(profile, out.Acc, adjustments, at, "").Score
	return out
}

// inWords is "page_view where path contains pricing, 3 of them within 7d".
func (r EngagementRule) inWords() string {
	out := r.Event()
	if r.Count > 0 {
		out += ", " + text(r.Count) + " of them"
	}
	if r.Within > 0 {
		out += " within " + r.Within.String()
	}
	return clip(out + r.unlessWhy())
}

// Event is which events a rule is about, in words.
func (r EngagementRule) Event() string {
	out := r.On
	for i, c := range r.Where {
		out += []string{" where ", " and "}[min(i, 1)] + c.why()
	}
	return clip(out)
}

// Is reports whether a profile belongs to a persona of the model.
func (s *Scorer) Is(name string, profile person.Profile) bool {
	p, known := s.personas[name]
	return known && p.is(profile)
}

// Repointed is the model with other points and another threshold. Caps of rules grow with their points, bands with the
// threshold; a rule that would give nothing goes.
func (m Model) Repointed(points map[string]float64, threshold float64) Model {
	was := m.defaults().MQL.Score
	m.Fit, m.Engagement = slices.Clone(m.Fit), slices.Clone(m.Engagement)
	for i := range m.Fit {
		if p, given := points[m.Fit[i].ID]; given {
			m.Fit[i].Points = p
		}
	}
	for i := range m.Engagement {
		r := &m.Engagement[i]
		p, given := points[r.ID]
		if !given {
			continue
		}
		if r.Cap != nil && p != 0 {
			r.Cap = new(math.Round(*r.Cap / r.Points * p))
			if *r.Cap == 0 {
				*r.Cap = p
			}
		}
		r.Points = p
	}
	m.Fit = slices.DeleteFunc(m.Fit, func(r FitRule) bool { return r.Points == 0 })
	m.Engagement = slices.DeleteFunc(m.Engagement, func(r EngagementRule) bool { return r.Points == 0 })
	m.MQL.Score = threshold
	if m.Bands != (Bands{}) {
		scale := func(x float64) float64 { return math.Round(x / was * threshold) }
		m.Bands = Bands{Hot: scale(m.Bands.Hot), Warm: scale(m.Bands.Warm), Hysteresis: scale(m.Bands.Hysteresis)}
	}
	return m
}
