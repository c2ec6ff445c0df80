package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Spec is a calendar as people write it and as it is stored: a plain value, safe in JSON.
type Spec struct {
	Name     string             `json:"name"`
	TimeZone string             `json:"time_zone"`          // IANA name, such as Europe/Berlin
	Weekly   map[string][]Hours `json:"weekly"`             // by weekday: mon tue wed thu fri sat sun
	Holidays []string           `json:"holidays,omitempty"` // local dates, 2026-12-25
	Closures []Closure          `json:"closures,omitempty"`
	Openings []Opening          `json:"openings,omitempty"`
}

// Hours are open from one time of the day to another, 15:04. To may be 24:00; a To that is not after From is on the
// next day.
type Hours struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Closure closes from one local moment to another: 2026-12-24T12:00, or a date. A date in To is closed as a whole.
type Closure struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Opening opens on one local date, holiday or not.
type Opening struct {
	Date string `json:"date"`
	From string `json:"from"`
	To   string `json:"to"`
}

// AlwaysName is the name under which policies mean Always.
const AlwaysName = "always"

// Problem is one mistake in a spec. Path is the place in its JSON form: weekly.mon[0].to.
type Problem struct {
	Path    string
	Message string
}

// SpecError lists all mistakes of a spec.
type SpecError struct {
	Name     string
	Problems []Problem
}

func (e *SpecError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Path + ": " + p.Message
	}
	return fmt.Sprintf("calendar %q: %s", e.Name, strings.Join(lines, "; "))
}

// Weekdays are the keys of Spec.Weekly, Monday first.
var Weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// Bounds on what is written down, so that a calendar stays small in memory.
const (
	maxHours    = 24    // intervals of one weekday
	maxDates    = 1000  // holidays, closures, openings: of each
	maxDays     = 10000 // single dates touched by all of them
	dateLayout  = "2006-01-02"
	localLayout = "2006-01-02T15:04"
)

// Validate lists what is wrong; nothing means New will take it, given a location.
func (s Spec) Validate() []Problem {
	_, problems := s.read()
	return problems
}

// plan is a spec in numbers.
type plan struct {
	weekly   [7][]interval  // by weekday, Monday first; may reach into the next day
	holidays map[int64]bool // day numbers
	closures []interval     // wall seconds
	openings []interval     // wall seconds
}

// reader collects problems while it reads.
type reader struct{ problems []Problem }

func (r *reader) add(path, format string, args ...any) {
	r.problems = append(r.problems, Problem{path, fmt.Sprintf(format, args...)})
}

func (s Spec) read() (plan, []Problem) {
	r, p := &reader{}, plan{holidays: map[int64]bool{}}
	if strings.TrimSpace(s.Name) == "" {
		r.add("name", "is missing: give the calendar a name")
	}
	if s.TimeZone == "" {
		r.add("time_zone", "is missing: write an IANA name such as Europe/Berlin, or UTC")
	}
	r.weekly(s.Weekly, &p)
	r.tooMany("holidays", len(s.Holidays))
	r.tooMany("closures", len(s.Closures))
	r.tooMany("openings", len(s.Openings))
	if len(r.problems) == 0 {
		r.dates(s, &p)
	}
	if len(r.problems) == 0 && p.empty() {
		r.add("weekly", "%s", ErrEmpty.Error())
	}
	return p, r.problems
}

func (r *reader) tooMany(path string, n int) {
	if n > maxDates {
		r.add(path, "has %d entries, at most %d are taken", n, maxDates)
	}
}

func (r *reader) weekly(weekly map[string][]Hours, p *plan) {
	known := 0
	for i, day := range Weekdays {
		hours, ok := weekly[day]
		if ok {
			known++
		}
		if len(hours) > maxHours {
			r.add("weekly."+day, "has %d intervals, at most %d are taken", len(hours), maxHours)
			continue
		}
		for n, h := range hours {
			if iv, ok := r.hours(fmt.Sprintf("weekly.%s[%d]", day, n), h); ok {
				p.weekly[i] = append(p.weekly[i], iv)
			}
		}
	}
	if known < len(weekly) {
		r.add("weekly", "has a key that is no weekday: use mon tue wed thu fri sat sun")
	}
}

// hours reads an interval of one day in seconds from its midnight; an end over midnight is above 86,400.
func (r *reader) hours(path string, h Hours) (interval, bool) {
	from, okFrom := clock(h.From)
	to, okTo := clock(h.To)
	if !okFrom || from == day {
		r.add(path+".from", "is no time of the day: write 09:00 (00:00 to 23:59)")
		return interval{}, false
	}
	if !okTo {
		r.add(path+".to", "is no time of the day: write 17:00 (00:00 to 24:00)")
		return interval{}, false
	}
	if from == to {
		r.add(path+".to", "equals from: for a whole day write 00:00 to 24:00")
		return interval{}, false
	}
	if to < from {
		to += day
	}
	return interval{from, to}, true
}

func (r *reader) dates(s Spec, p *plan) {
	for i, h := range s.Holidays {
		if at, ok := r.date(fmt.Sprintf("holidays[%d]", i), h); ok {
			p.holidays[floor(at, day)] = true
		}
	}
	for i, c := range s.Closures {
		path := fmt.Sprintf("closures[%d]", i)
		from, ok := r.moment(path+".from", c.From, 0)
		to, ok2 := r.moment(path+".to", c.To, day)
		switch {
		case !ok || !ok2:
		case to <= from:
			r.add(path+".to", "is not after from")
		default:
			p.closures = append(p.closures, interval{from, to})
		}
	}
	for i, o := range s.Openings {
		path := fmt.Sprintf("openings[%d]", i)
		at, ok := r.date(path+".date", o.Date)
		h, ok2 := r.hours(path, Hours{o.From, o.To})
		if ok && ok2 {
			p.openings = append(p.openings, interval{at + h.from, at + h.to})
		}
	}
	if n := p.touched(); n > maxDays {
		r.add("closures", "cover %d days in all, at most %d are taken: remove the weekly hours instead", n, maxDays)
	}
}

func (r *reader) date(path, text string) (int64, bool) {
	t, err := time.Parse(dateLayout, text)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		r.add(path, "is no date: write 2026-12-25 (1900 to 2200)")
		return 0, false
	}
	return t.Unix(), true
}

// moment reads a local date with time as if it were UTC; a mere date gets the seconds of ifDate added.
func (r *reader) moment(path, text string, ifDate int64) (int64, bool) {
	if t, err := time.Parse(localLayout, text); err == nil && t.Year() >= 1900 && t.Year() <= 2200 {
		return t.Unix(), true
	}
	t, err := time.Parse(dateLayout, text)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		r.add(path, "is no local date and time: write 2026-12-24T12:00 or 2026-12-24 (1900 to 2200)")
		return 0, false
	}
	return t.Unix() + ifDate, true
}

// clock reads 15:04 as seconds since midnight; 24:00 is the end of the day.
func clock(text string) (int64, bool) {
	if text == "24:00" {
		return day, true
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, false
	}
	return int64(t.Hour())*3600 + int64(t.Minute())*60, true
}

func (p plan) empty() bool {
	for _, hours := range p.weekly {
		if len(hours) > 0 {
			return false
		}
	}
	return len(p.openings) == 0
}

// touched counts the dates that differ from a plain week, some of them twice.
func (p plan) touched() int64 {
	n := 2 * int64(len(p.holidays)+len(p.openings))
	for _, c := range p.closures {
		n += (c.to-c.from)/day + 2
	}
	return n
}
