package calendar

import "slices"

// ExceptionKind is how one date differs from its week.
type ExceptionKind string

// The kinds of days.
const (
	KindHoliday ExceptionKind = "holiday" // closed as a whole, and nothing begins
	KindClosure ExceptionKind = "closure" // closed from a moment to another
	KindOpening ExceptionKind = "opening" // open from a time of the day to another
)

// ExceptionKinds lists every kind.
var ExceptionKinds = []ExceptionKind{KindHoliday, KindClosure, KindOpening}

// Exception is one entry of the table beside a spec: a holiday has a Date; a closure From and To, local moments or dates; an opening
// a Date, and From and To as times of the day.
type Exception struct {
	Kind ExceptionKind `json:"kind"`
	Date string        `json:"date,omitempty"`
	From string        `json:"from,omitempty"`
	To   string        `json:"to,omitempty"`
}

// First is the date it begins on; empty where it has none.
func (d Exception) First() string {
	if d.Kind == KindClosure {
		return d.From[:min(len(d.From), len(dateLayout))]
	}
	return d.Date
}

// Problems lists what is wrong with a day; the paths are its fields.
func (d Exception) Problems() []Problem {
	r, p := &reader{}, plan{holidays: map[int64]bool{}}
	one := Spec{}.With([]Exception{d})
	if !slices.Contains(ExceptionKinds, d.Kind) {
		r.add("kind", "must be holiday, closure or opening")
		return r.problems
	}
	r.dates(one, &p)
	for i := range r.problems {
		r.problems[i].Path = field(r.problems[i].Path)
	}
	switch {
	case d.Kind == KindHoliday && (d.From != "" || d.To != ""):
		r.add("from", "belongs to closures and openings: a holiday has a date only")
	case d.Kind == KindClosure && d.Date != "":
		r.add("date", "belongs to holidays and openings: a closure goes from a moment to another")
	}
	return r.problems
}

// field is the field of a day that a path of a spec means.
func field(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		switch path[i] {
		case '.':
			return path[i+1:]
		case ']':
			return "date"
		}
	}
	return "to" // closures as a whole: too long
}

// With is the spec with what a table says beside it. The spec itself does not change.
func (s Spec) With(days []Exception) Spec {
	s.Holidays, s.Closures, s.Openings = s.Holidays[:len(s.Holidays):len(s.Holidays)], s.Closures[:len(s.Closures):len(s.Closures)], s.Openings[:len(s.Openings):len(s.Openings)]
	for _, d := range days {
		switch d.Kind {
		case KindHoliday:
			s.Holidays = append(s.Holidays, d.Date)
		case KindClosure:
			s.Closures = append(s.Closures, Closure{d.From, d.To})
		case KindOpening:
			s.Openings = append(s.Openings, Opening{d.Date, d.From, d.To})
		}
	}
	return s
}
