package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/holiday"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// Days is the table beside a calendar's spec. Every method answers record.ErrNotFound where there is no such calendar, those
// that add record.ErrFull.
type Days interface {
	CalendarDays(ctx context.Context, calendarID, kind, cursor string, limit int) (record.Page[record.CalendarDay], error)
	AddCalendarDays(ctx context.Context, calendarID, source string, days []record.CalendarDay) (record.DaysTaken, error)
	RemoveCalendarDay(ctx context.Context, calendarID, dayID string) error
	SeedCalendar(ctx context.Context, calendarID string, c holiday.Country, until int) (record.DaysTaken, error)
	CalendarSeeds(ctx context.Context) ([]record.CalendarSeed, error)
}

type dayBody struct {
	Kind string `json:"kind,omitempty" enum:"holiday,closure,opening" doc:"absent: holiday"`
	Date string `json:"date,omitempty" doc:"2026-12-25; of holidays and openings"`
	From string `json:"from,omitempty" doc:"closure: 2026-12-24T12:00 or a date; opening: 10:00"`
	To   string `json:"to,omitempty" doc:"closure: a date is closed as a whole; opening: 14:00"`
	Name string `json:"name,omitempty"`
}

type seedBody struct {
	Country string `json:"country" doc:"a code of /v1/holidays, such as DE"`
	Until   int    `json:"until,omitempty" doc:"the last year; absent: the last one whose rules are known"`
}

type daysQuery struct {
	PagedByID
	Kind string `query:"kind" enum:"holiday,closure,opening"`
}

type dayOf struct {
	ByID
	Day string `path:"day" maxLength:"36"`
}

type daysFile struct {
	ByID
	From int `query:"from" minimum:"1900" maximum:"2200" doc:"the first year that is taken; absent: this one"`
	To   int `query:"to" minimum:"1900" maximum:"2200" doc:"the last year; absent: five years on"`
}

// daysRead is what became of a file of days.
type daysRead struct {
	record.DaysTaken
	Rejected int                 `json:"rejected"`
	Errors   []intake.RefusedRow `json:"errors" nullable:"false"`
}

type holidays struct {
	Items      []holiday.Country     `json:"items" nullable:"false"`
	NextCursor *string               `json:"next_cursor"` // never any: they are few
	Seeds      []record.CalendarSeed `json:"seeds" nullable:"false" doc:"which calendars have whose, and until when"`
}

func (a *API) calendarDays() {
	const path, group = "/v1/calendars/{id}", "Calendar"
	add(a, route{method: http.MethodGet, path: path + "/days", group: group, summary: "Holidays, closures and openings beside a calendar's spec, by date", roles: everybody}, func(ctx context.Context, in *daysQuery) (*out[record.Page[record.CalendarDay]], error) {
		page, err := a.Days.CalendarDays(ctx, in.ID, in.Kind, in.Cursor, in.Limit)
		return &out[record.Page[record.CalendarDay]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/days", group: group, summary: "Add one", roles: operators, body: dayBody{}}, a.addDay)
	add(a, route{method: http.MethodDelete, path: path + "/days/{day}", group: group, summary: "Remove one", roles: operators, status: http.StatusNoContent}, func(ctx context.Context, in *dayOf) (*struct{}, error) {
		return nil, a.Days.RemoveCalendarDay(ctx, in.ID, in.Day)
	})
	add(a, route{
		method: http.MethodPost, path: path + "/days/import", group: group, summary: "Add what a file holds: iCalendar, or CSV with a column date", roles: operators,
		body: "", media: "text/calendar", otherMedia: []string{"text/csv", "application/octet-stream"},
	}, a.importDays)
	add(a, route{method: http.MethodPost, path: path + "/days/seed", group: group, summary: "Add the holidays of a country by the rules of its law", roles: operators, body: seedBody{}}, a.seedDays)
	add(a, route{method: http.MethodGet, path: "/v1/holidays", group: group, summary: "Countries whose rules are known, and which calendars were given them until when", roles: everybody}, func(ctx context.Context, _ *struct{}) (*out[holidays], error) {
		seeds, err := a.Days.CalendarSeeds(ctx)
		return &out[holidays]{holidays{holiday.Countries(), nil, append([]record.CalendarSeed{}, seeds...)}}, err
	})
}

func (a *API) addDay(ctx context.Context, in *ByID) (*out[record.DaysTaken], error) {
	b := dayBody{Kind: string(calendar.KindHoliday)}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	day := record.CalendarDay{Name: strings.TrimSpace(b.Name), Exception: calendar.Exception{Kind: calendar.ExceptionKind(b.Kind), Date: b.Date, From: b.From, To: b.To}}
	var c checks
	for _, p := range day.Problems() {
		c.add(p.Path, "invalid", p.Message)
	}
	if day.Name != "" {
		c.text("name", day.Name, maxName)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return a.tookDays(a.Days.AddCalendarDays(ctx, in.ID, "person", []record.CalendarDay{day}))
}

// tookDays says what became of days; what a calendar has no room for is told as the problem it is.
func (a *API) tookDays(taken record.DaysTaken, err error) (*out[record.DaysTaken], error) {
	return &out[record.DaysTaken]{taken}, full(err)
}

func full(err error) error {
	if errors.Is(err, record.ErrFull) {
		return problem(http.StatusConflict, "calendar_full", "the calendar would hold more than 1000 holidays, closures or openings; nothing was added: take fewer years, or remove some")
	}
	return err
}

// yearsAhead is how far days are written out where nobody says until when.
const yearsAhead = 5

func (a *API) importDays(ctx context.Context, in *daysFile) (*out[daysRead], error) {
	raw, err := bodyOf(ctx).bytes()
	if err != nil {
		return nil, err
	}
	from, to := in.From, in.To
	if from == 0 {
		from = time.Now().Year()
	}
	if to == 0 {
		to = from + yearsAhead
	}
	days, refused, err := intake.Days(raw, from, to)
	if err != nil {
		return nil, invalid(FieldError{Field: "body", Code: "invalid", Detail: err.Error()})
	}
	source := "csv"
	if strings.Contains(strings.ToUpper(string(raw[:min(len(raw), 40)])), "VCALENDAR") {
		source = "ics"
	}
	taken, err := a.Days.AddCalendarDays(ctx, in.ID, source, days)
	return &out[daysRead]{daysRead{taken, len(refused), append([]intake.RefusedRow{}, refused...)}}, full(err)
}

func (a *API) seedDays(ctx context.Context, in *ByID) (*out[record.DaysTaken], error) {
	var b seedBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	country, ok := holiday.Of(b.Country)
	if !ok {
		c.add("country", "unknown", "must be a code that GET /v1/holidays lists")
	}
	if b.Until == 0 {
		b.Until = country.Until
	}
	if ok && (b.Until > country.Until || b.Until < time.Now().Year()) {
		c.add("until", "invalid", "must be a year from this one to the last whose rules are known: GET /v1/holidays")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return a.tookDays(a.Days.SeedCalendar(ctx, in.ID, country, b.Until))
}
