package intake

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// MaxDays is how many days one file may hold.
const MaxDays = 1000

// The errors of files of days as a whole.
var (
	ErrNoDays   = errors.New("it is neither CSV in UTF-8 with a column date, nor an iCalendar file (BEGIN:VCALENDAR)")
	ErrManyDays = errors.New("it holds more than 1000 days in these years")
)

// Days reads the exceptions of a calendar out of a file: iCalendar, or CSV with a header that names date, and maybe name, kind,
// from and to. Events that repeat are written out for the years from one to another; days of other years are left out. A bad
// row or event costs no other. ErrNoDays, ErrManyDays.
func Days(raw []byte, from, to int) (days []record.CalendarDay, refused []RefusedRow, err error) {
	text := strings.TrimPrefix(string(raw), "\ufeff")
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, nil, ErrNoDays
	}
	read := csvDays
	if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), "BEGIN:VCALENDAR") {
		read = icalDays
	}
	if days, refused, err = read(text, from, to); err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(days, func(a, b record.CalendarDay) int { return cmp.Compare(a.First(), b.First()) })
	days = slices.CompactFunc(days, func(a, b record.CalendarDay) bool { return a.Exception == b.Exception })
	if len(days) > MaxDays {
		return nil, nil, ErrManyDays
	}
	return days, refused, nil
}

func icalDays(text string, from, to int) (days []record.CalendarDay, refused []RefusedRow, err error) {
	events, ok := icalEvents(icalLines(text))
	if !ok {
		return nil, nil, ErrNoDays
	}
	for _, e := range events {
		if e.cancelled {
			continue
		}
		on, field, problem := e.days(from, to)
		if problem != "" {
			refused = append(refused, RefusedRow{Row: e.at, Field: field, Code: CodeInvalid, Detail: problem})
		}
		for _, day := range on {
			if len(days) > 2*MaxDays {
				return nil, nil, ErrManyDays
			}
			days = append(days, holidayOn(day.Format(time.DateOnly), e.name))
		}
	}
	return days, refused, nil
}

func holidayOn(date, name string) record.CalendarDay {
	return record.CalendarDay{Exception: calendar.Exception{Kind: calendar.KindHoliday, Date: date}, Name: short(name)}
}

// maxDayName is how long the name of a day is at most, in characters.
const maxDayName = 200

func short(name string) string {
	if runes := []rune(name); len(runes) > maxDayName {
		return string(runes[:maxDayName])
	}
	return name
}

func csvDays(text string, from, to int) (days []record.CalendarDay, refused []RefusedRow, err error) {
	r := csv.NewReader(bytes.NewReader([]byte(text)))
	header, _, _ := strings.Cut(text, "\n")
	if !strings.Contains(header, ",") && strings.Contains(header, ";") {
		r.Comma = ';'
	}
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	names, err := r.Read()
	for i := range names {
		names[i] = strings.ToLower(strings.TrimSpace(names[i]))
	}
	if err != nil || !slices.Contains(names, "date") {
		return nil, nil, ErrNoDays
	}
	rows, err := r.ReadAll()
	if err != nil {
		return nil, nil, ErrNoDays
	}
	for i, row := range rows {
		cell := func(name string) string {
			at := slices.Index(names, name)
			if at < 0 || at >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[at])
		}
		e := calendar.Exception{Kind: calendar.ExceptionKind(cmp.Or(strings.ToLower(cell("kind")), "holiday")), Date: cell("date"), From: cell("from"), To: cell("to")}
		if e.Kind == calendar.KindClosure {
			e.From, e.Date = cmp.Or(e.From, e.Date), ""
			e.To = cmp.Or(e.To, e.First())
		}
		if wrong := e.Problems(); len(wrong) > 0 {
			refused = append(refused, RefusedRow{Row: i + 2, Field: wrong[0].Path, Code: CodeInvalid, Detail: wrong[0].Message})
			continue
		}
		if first, _ := time.Parse(time.DateOnly, e.First()); first.Year() >= from && first.Year() <= to {
			days = append(days, record.CalendarDay{Exception: e, Name: short(cell("name"))})
		}
	}
	return days, refused, nil
}
