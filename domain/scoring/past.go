package scoring

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Learned is an event with the time in which it was known: what happened and what we knew of it are two things.
type Learned struct {
	Event
	From  time.Time // it was received, or the lead came to it
	Until time.Time // it was taken back; zero: never
}

// Known reports whether the event counted at a moment.
func (l Learned) Known(at time.Time) bool {
	return !l.From.After(at) && (l.Until.IsZero() || l.Until.After(at))
}

// ProfileSince is what a profile was from a moment on.
type ProfileSince struct {
	Since   time.Time
	Profile person.Profile
}

// Past is a lead with the time at which each thing was learned of it: enough to say what its score was at any moment, under any
// model.
type Past struct {
	Events      []Learned
	Profiles    []ProfileSince // oldest first; nothing was known before the first
	Adjustments []Adjustment
}

// Moment is a score at a moment, from what was known then.
type Moment struct {
	At time.Time `json:"at"`
	Result
}

// Course is the score of a lead at some moments, which are in order of time. Facts that were learned at a moment count at it; none
// that came later does. The band is followed through everything that was learned and adjusted, as Retrace does: a band is left only beyond
// its hysteresis, so what was before matters. Where events were taken back it is what the others alone had made of it.
func (s *Scorer) Course(p Past, moments []time.Time) []Moment {
	if len(moments) == 0 {
		return nil
	}
	p.Events = slices.Clone(p.Events)
	slices.SortStableFunc(p.Events, func(a, b Learned) int { return a.From.Compare(b.From) })
	c := &courseOf{s: s, past: p}
	out := make([]Moment, 0, len(moments))
	for _, at := range p.stops(moments) {
		c.band = c.at(at).Band
		c.learn(at)
		r := c.at(at)
		c.band = r.Band
		for len(out) < len(moments) && moments[len(out)].Equal(at) {
			out = append(out, Moment{at.UTC(), r})
		}
	}
	return out
}

// stops are the moments at which something is learned, and those that are asked for, up to the last of these.
func (p Past) stops(moments []time.Time) []time.Time {
	stops := slices.Clone(moments)
	for i := range p.Events {
		stops = append(stops, p.Events[i].From)
		if !p.Events[i].Until.IsZero() {
			stops = append(stops, p.Events[i].Until)
		}
	}
	for _, k := range p.Profiles {
		stops = append(stops, k.Since)
	}
	for _, a := range p.Adjustments {
		stops = append(stops, a.At)
	}
	last := moments[len(moments)-1]
	stops = slices.DeleteFunc(stops, func(at time.Time) bool { return at.After(last) })
	slices.SortFunc(stops, time.Time.Compare)
	return slices.CompactFunc(stops, time.Time.Equal)
}

// courseOf is a course on its way.
type courseOf struct {
	s       *Scorer
	past    Past
	events  int // so many have come
	profile int // so many profiles
	fit     micro
	known   bool // the fit was looked for
	acc     Accumulators
	band    string
}

func (c *courseOf) at(at time.Time) Result {
	if !c.known || c.s.Engaging() {
		c.fit, c.known = c.s.fitness(c.profileNow(), c.acc), true
	}
	return c.s.evaluate(c.fit, c.acc, c.past.Adjustments, at, c.band)
}

func (c *courseOf) profileNow() person.Profile {
	if c.profile == 0 {
		return nil
	}
	return c.past.Profiles[c.profile-1].Profile
}

// Known is the fit by what a profile was known to be at each moment.
func (s *Scorer) Known(profiles []ProfileSince) Fitting {
	return func(at time.Time, acc Accumulators) float64 {
		n, _ := slices.BinarySearchFunc(profiles, at, func(p ProfileSince, at time.Time) int {
			if p.Since.After(at) {
				return 1
			}
			return -1
		})
		if n == 0 {
			return s.FitWith(nil, acc)
		}
		return s.FitWith(profiles[n-1].Profile, acc)
	}
}

// learn takes in what was learned up to a moment since the one before.
func (c *courseOf) learn(at time.Time) {
	for c.profile < len(c.past.Profiles) && !c.past.Profiles[c.profile].Since.After(at) {
		c.profile++
		c.known = false
	}
	var came []Event
	gone := false
	for _, l := range c.past.Events[:c.events] {
		gone = gone || l.Until.Equal(at)
	}
	for c.events < len(c.past.Events) && !c.past.Events[c.events].From.After(at) {
		if l := c.past.Events[c.events]; l.Known(at) {
			came = append(came, l.Event)
		}
		c.events++
	}
	switch {
	case gone: // what is folded cannot be taken out again
		came = came[:0]
		for _, l := range c.past.Events[:c.events] {
			if l.Known(at) {
				came = append(came, l.Event)
			}
		}
		c.acc = c.s.Fold(Accumulators{}, c.past.Adjustments, came...)
		c.band = c.s.Retrace(c.s.Known(c.past.Profiles), Accumulators{}, c.past.Adjustments, came, func(Event) bool { return false }).Band
	case len(came) > 0:
		c.acc = c.s.Fold(c.acc, c.past.Adjustments, came...)
	}
}
