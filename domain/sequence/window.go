package sequence

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
)

// spec is the window as a calendar.
func (w *Window) spec() calendar.Spec {
	days := w.Days
	if len(days) == 0 {
		days = calendar.Weekdays
	}
	weekly := map[string][]calendar.Hours{}
	for _, d := range days {
		weekly[d] = []calendar.Hours{{From: w.From, To: w.To}}
	}
	return calendar.Spec{Name: "window", TimeZone: "given", Weekly: weekly}
}

// In is the zone by whose clocks the window is told: the one it names, where load knows it, else the lead's own.
func (w *Window) In(load func(name string) *time.Location, home *time.Location) *time.Location {
	if w == nil || w.Zone == "" || w.Zone == ZoneLead {
		return home
	}
	if named := load(w.Zone); named != nil {
		return named
	}
	return home
}

// hours are calendars that must all be open for a mail to go out. None is always open.
type hours []*calendar.Calendar

// hours are the sequence's window and what the house's quiet hours leave. What Validate refuses counts as absent: it cannot
// be in a published version, and a mail that never leaves would be worse than an early one.
func (s Sequence) hours(f Facts) hours {
	var h hours
	if s.Window != nil {
		if c, err := calendar.New(s.Window.spec(), f.zone()); err == nil {
			h = append(h, c)
		}
	}
	if q := f.Rules.Quiet; q != nil {
		if c, err := calendar.New(q.spec(), f.home()); err == nil {
			h = append(h, c)
		}
	}
	return h
}

func (h hours) openAt(t time.Time) bool {
	for _, c := range h {
		if !c.Open(t) {
			return false
		}
	}
	return true
}

// turns are how often one calendar may send to the other before it is believed that they are never open together: each turn
// goes on to an opening, of which a day has two at most.
const turns = 64

// next is t if everything is open then, else the moment it opens. Where it never does that is a day later: it is looked at
// again, for the rules of the house may change.
func (h hours) next(t time.Time) time.Time {
	at := t
	for range turns {
		began := at
		for _, c := range h {
			opens, err := c.NextOpen(at)
			if err != nil {
				return t.Add(24 * time.Hour)
			}
			at = opens
		}
		if at.Equal(began) {
			return at
		}
	}
	return t.Add(24 * time.Hour)
}

// EverOpen reports whether a lead has any moment at which the window is open and it is not quiet. Where the window is of a zone of its
// own some leads have.
func (s Sequence) EverOpen(r Rules) bool {
	if w := s.Window; w != nil && w.Zone != "" && w.Zone != ZoneLead {
		return true
	}
	h := s.hours(Facts{Rules: r})
	for minute := range 7 * 24 * 60 {
		if h.openAt(time.Date(2024, 1, 1, 0, minute, 0, 0, time.UTC)) {
			return true
		}
	}
	return false
}
