package intake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/holiday"
)

// A strict reader of holidays out of iCalendar (RFC 5545): all-day events, once or yearly. What it does not understand it
// refuses by its line; it never guesses.

// icalLine is one content line, unfolded: where it begins, its name, its parameters as written, and its value.
type icalLine struct {
	at                  int
	name, params, value string
}

// icalEvent is one VEVENT as far as holidays need it.
type icalEvent struct {
	at        int
	start     icalLine
	end       icalLine
	name      string
	rule      string
	except    []string
	cancelled bool
	unknown   string // what of it is not understood
}

// icalLines unfolds: a line that begins with a space or a tab goes on with the one before (RFC 5545, 3.1).
func icalLines(text string) (lines []icalLine) {
	var pieces []string
	begun := 0
	take := func() {
		if line := strings.Join(pieces, ""); strings.TrimSpace(line) != "" {
			head, value, _ := icalCut(line)
			name, params, _ := strings.Cut(head, ";")
			lines = append(lines, icalLine{begun, strings.ToUpper(name), strings.ToUpper(params), value})
		}
	}
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if len(pieces) > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			pieces = append(pieces, line[1:])
			continue
		}
		take()
		pieces, begun = append(pieces[:0], line), i+1
	}
	take()
	return lines
}

// icalCut splits at the first colon outside quotes.
func icalCut(line string) (head, value string, ok bool) {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ':' && !quoted:
			return line[:i], line[i+1:], true
		}
	}
	return line, "", false
}

var icalText = strings.NewReplacer(`\\`, `\`, `\,`, ",", `\;`, ";", `\n`, " ", `\N`, " ")

// icalEvents reads the events of a file; what is nested in one, such as an alarm, is left out.
func icalEvents(lines []icalLine) (events []icalEvent, ok bool) {
	if len(lines) == 0 || lines[0].name != "BEGIN" || !strings.EqualFold(strings.TrimSpace(lines[0].value), "VCALENDAR") {
		return nil, false
	}
	var open []string
	for _, l := range lines {
		value := strings.ToUpper(strings.TrimSpace(l.value))
		inEvent := len(open) == 2 && open[1] == "VEVENT"
		switch {
		case l.name == "BEGIN":
			open = append(open, value)
			if len(open) == 2 && value == "VEVENT" {
				events = append(events, icalEvent{at: l.at})
			}
		case l.name == "END":
			if len(open) == 0 || open[len(open)-1] != value {
				return events, false
			}
			open = open[:len(open)-1]
		case inEvent:
			events[len(events)-1].take(l)
		}
	}
	return events, len(open) == 0
}

func (e *icalEvent) take(l icalLine) {
	switch l.name {
	case "DTSTART":
		e.start = l
	case "DTEND":
		e.end = l
	case "SUMMARY":
		e.name = strings.TrimSpace(icalText.Replace(l.value))
	case "RRULE":
		if e.rule != "" {
			e.unknown = "RRULE is there twice"
		}
		e.rule = strings.ToUpper(strings.TrimSpace(l.value))
	case "EXDATE":
		for _, day := range strings.Split(l.value, ",") {
			e.except = append(e.except, strings.TrimSpace(day)[:min(8, len(strings.TrimSpace(day)))])
		}
	case "STATUS":
		e.cancelled = strings.EqualFold(strings.TrimSpace(l.value), "CANCELLED")
	case "RDATE", "DURATION", "RECURRENCE-ID", "EXRULE":
		e.unknown = l.name + " is not taken: write the day as an event of its own"
	}
}

const icalDate = "20060102"

// days are the dates of the event in the years from one to another.
func (e icalEvent) days(from, to int) (days []time.Time, field, problem string) {
	if e.unknown != "" {
		return nil, "event", e.unknown
	}
	start, err := time.Parse(icalDate, strings.TrimSpace(e.start.value))
	if err != nil {
		return nil, "DTSTART", "must be a date without a time, such as DTSTART;VALUE=DATE:20261225: a holiday is a whole day"
	}
	length := 1
	if e.end.value != "" {
		end, err := time.Parse(icalDate, strings.TrimSpace(e.end.value))
		if err != nil || !end.After(start) || end.Sub(start) > 366*24*time.Hour {
			return nil, "DTEND", "must be the date after the last day, at most a year later"
		}
		length = int(end.Sub(start) / (24 * time.Hour))
	}
	starts := []time.Time{start}
	if e.rule != "" {
		if starts, problem = yearly(e.rule, start, to); problem != "" {
			return nil, "RRULE", problem
		}
	}
	for _, s := range starts {
		if s.Year() < from-1 || slices.Contains(e.except, s.Format(icalDate)) { // of what is longer ago no day is in these years
			continue
		}
		for i := range length {
			if day := s.AddDate(0, 0, i); day.Year() >= from && day.Year() <= to {
				days = append(days, day)
			}
		}
	}
	return days, "", ""
}

// yearly is when a rule begins, up to the end of a year. Of RFC 5545, 3.3.10, it takes FREQ=YEARLY with INTERVAL, COUNT,
// UNTIL, BYMONTH, and BYMONTHDAY or one BYDAY with its number.
func yearly(rule string, start time.Time, to int) (starts []time.Time, problem string) {
	r := recurrence{every: 1, count: -1, month: start.Month(), day: start.Day()}
	for _, part := range strings.Split(rule, ";") {
		name, value, _ := strings.Cut(part, "=")
		if problem := r.read(name, value); problem != "" {
			return nil, problem
		}
	}
	if !r.yearly {
		return nil, "only FREQ=YEARLY is taken"
	}
	for year := start.Year(); year <= to && r.count != 0; year += r.every {
		at, ok := r.in(year)
		if year == start.Year() && (!ok || !at.Equal(start)) {
			return nil, "does not begin on the day of DTSTART"
		}
		if !r.until.IsZero() && at.After(r.until) {
			break
		}
		if ok {
			starts = append(starts, at)
			r.count--
		}
	}
	return starts, ""
}

type recurrence struct {
	yearly       bool
	every, count int
	until        time.Time
	month        time.Month
	day, nth     int
	weekday      time.Weekday
}

// icalMost is the largest number that a rule may have: years are added to it.
const icalMost = 1000

var icalWeekdays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

func (r *recurrence) read(name, value string) (problem string) {
	n, err := strconv.Atoi(value)
	switch name {
	case "FREQ":
		r.yearly = value == "YEARLY"
		return ""
	case "WKST", "":
		return ""
	case "UNTIL":
		if r.until, err = time.Parse(icalDate, value[:min(8, len(value))]); err != nil {
			return "UNTIL is no date"
		}
		return ""
	case "BYDAY":
		day := slices.Index(icalWeekdays, value[max(0, len(value)-2):])
		if r.nth, err = strconv.Atoi(value[:max(0, len(value)-2)]); day < 0 || err != nil || r.nth == 0 || r.nth > 5 || r.nth < -5 {
			return "BYDAY must be one weekday with its number in the month, such as 4TH or -1MO"
		}
		r.weekday = time.Weekday(day)
		return ""
	case "INTERVAL":
		r.every = n
	case "COUNT":
		r.count = n
	case "BYMONTH":
		r.month = time.Month(n)
		if n > 12 {
			err = fmt.Errorf("no month")
		}
	case "BYMONTHDAY":
		r.day = n
	default:
		return name + " is not taken: write the days as events of their own"
	}
	if err != nil || n < 1 || n > icalMost {
		return name + " must be one whole number from 1 to 1000"
	}
	return ""
}

// in is the day of one year; false on 29 February of most.
func (r recurrence) in(year int) (time.Time, bool) {
	if r.nth != 0 {
		return holiday.Nth(year, r.month, r.weekday, r.nth)
	}
	at := time.Date(year, r.month, r.day, 0, 0, 0, 0, time.UTC)
	return at, at.Month() == r.month
}
