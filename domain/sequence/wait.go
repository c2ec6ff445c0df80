package sequence

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/span"
)

func (w *walk) wait(i int, p Position) (string, bool) {
	step := w.s.Steps[i]
	due := w.f.Holds.after(p.Since, step.Wait.Duration(), w.now)
	return w.until(i, p, due.Add(w.f.jitter(step.ID, step.Wait.Duration())))
}

// until rests until a moment. A rest that a mail follows lasts until the mail may go out.
func (w *walk) until(i int, p Position, due time.Time) (string, bool) {
	to := w.s.or(w.s.Steps[i].Next, i)
	came := due
	if due = w.f.Holds.released(w.f.Lead, due); !w.now.Before(due) {
		w.due = came
		return to, false
	}
	if n, ok := w.s.step(to); ok && w.s.Steps[n].Mail != nil {
		due = w.mayGo(to, due)
	}
	return w.rest(p, due, nil)
}

func (w *walk) waitUntil(i int, p Position) (string, bool) {
	step := w.s.Steps[i]
	due, known := step.WaitUntil.due(w.f, p.Since)
	if !known || !due.After(p.Since) { // no such date, or it was over when the lead arrived
		return w.s.or(step.Else, i), false
	}
	return w.until(i, p, due.Add(w.f.jitter(step.ID, w.f.Rules.Jitter)))
}

// due is the moment that is waited for by who arrived at since.
func (u WaitUntil) due(f Facts, since time.Time) (time.Time, bool) {
	if u.Field != "" {
		return u.date(f)
	}
	clock, ok := calendar.Clock(u.At)
	local := since.In(f.zone())
	for day := range 15 { // a week and, where a zone leaves out a day, another
		y, m, d := local.Year(), local.Month(), local.Day()+day
		at := calendar.Reading(y, m, d, clock, f.zone())
		if ok && u.on(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()) && at.After(since) {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

func (u WaitUntil) on(d time.Weekday) bool {
	return len(u.Days) == 0 || slices.Contains(u.Days, calendar.Weekdays[(int(d)+6)%7])
}

const defaultClock = 9 * 3600

// The forms in which a date is known of a lead: a day, and a moment with or without a zone of its own.
const (
	localMinute = "2006-01-02T15:04"
	localSecond = "2006-01-02T15:04:05"
)

// date is the moment before or after the date that is known of the lead. Days are moved on the calendar, so that seven days
// before a change of the clocks is the same time of the day.
func (u WaitUntil) date(f Facts) (time.Time, bool) {
	if f.Field == nil {
		return time.Time{}, false
	}
	value, _ := f.Field(u.Field)
	day, clock, ok := reading(text(value), f.zone())
	if !ok {
		return time.Time{}, false
	}
	if at, given := calendar.Clock(u.At); given {
		clock = at
	}
	shift := u.After.Duration() - u.Before.Duration()
	day = day.AddDate(0, 0, int(shift/span.Day))
	return calendar.Reading(day.Year(), day.Month(), day.Day(), clock, f.zone()).Add(shift % span.Day).UTC(), true
}

// reading is the day and the time of the day, in seconds, that a text says.
func reading(text string, zone *time.Location) (day time.Time, clock int64, ok bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, defaultClock, true
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		t = t.In(zone)
		return t, int64(t.Hour())*3600 + int64(t.Minute())*60 + int64(t.Second()), true
	}
	for _, layout := range []string{localMinute, localSecond} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, int64(t.Hour())*3600 + int64(t.Minute())*60 + int64(t.Second()), true
		}
	}
	return time.Time{}, 0, false
}

func (w *walk) waitFor(i int, p Position) (string, bool) {
	step := w.s.Steps[i]
	until := w.f.Holds.after(p.Since, step.WaitFor.Timeout.Duration(), w.now)
	rest := w.f.Holds.released(w.f.Lead, until).Add(w.f.jitter(step.ID, step.WaitFor.Timeout.Duration()))
	seen := until
	if w.now.Before(until) {
		seen = w.now
	}
	switch {
	case slices.Contains(step.WaitFor.Band, w.f.Band): // now: nobody knows since when
		return w.s.or(step.Then, i), false
	case !p.Since.Before(w.now): // arrived in this move: a loop through here must not turn on one engagement
		return w.rest(p, rest, step.WaitFor)
	case w.f.engaged(step.WaitFor.Any, p.Since, seen) > 0:
		return w.s.or(step.Then, i), false
	case w.now.Before(w.f.Holds.released(w.f.Lead, until)):
		return w.rest(p, rest, step.WaitFor)
	}
	w.due = until
	return w.s.or(step.Else, i), false
}
