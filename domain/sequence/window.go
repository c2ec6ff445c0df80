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

// next is t if the window is open then, else the moment it opens. No window is always open. So is one that Validate
// refuses: it cannot be in a published version, and a mail that never leaves would be worse than an early one.
func (w *Window) next(t time.Time, zone *time.Location) time.Time {
	if w == nil {
		return t
	}
	if zone == nil {
		zone = time.UTC
	}
	c, err := calendar.New(w.spec(), zone)
	if err != nil {
		return t
	}
	at, err := c.NextOpen(t)
	if err != nil {
		return t
	}
	return at
}
