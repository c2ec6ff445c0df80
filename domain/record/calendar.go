package record

import (
	"errors"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
)

// ErrFull says that a calendar would hold more days than it may.
var ErrFull = errors.New("holds as many days as it may")

// CalendarDay is one entry of the table beside a calendar's spec: a holiday, a closure or an opening.
type CalendarDay struct {
	ID string `json:"id"`
	calendar.Exception
	Name      string    `json:"name"`
	Source    string    `json:"source"` // person, ics, csv, or seed:<country>
	CreatedAt time.Time `json:"created_at"`
}

// CalendarSeed says until when a calendar has the holidays of a country.
type CalendarSeed struct {
	Calendar string    `json:"calendar"` // its name
	Country  string    `json:"country"`
	Until    int       `json:"until"` // the last year
	SeededAt time.Time `json:"seeded_at"`
}

// Ends is the first moment it says nothing about, in UTC: calendars of other zones are at most a day away.
func (s CalendarSeed) Ends() time.Time { return time.Date(s.Until+1, 1, 1, 0, 0, 0, 0, time.UTC) }

// DaysTaken is what became of days that were given together.
type DaysTaken struct {
	Added int `json:"added"`
	Known int `json:"known"`
}
