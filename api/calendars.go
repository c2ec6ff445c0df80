package api

import (
	"context"
	"errors"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

func (a *API) calendars() {
	resource(a, "Calendar", "/v1/calendars", "a calendar", calendarBody{}, a.Team.Calendars, a.Team.Calendar, func(ctx context.Context) (record.Calendar, error) {
		c, err := decodeCalendar(ctx, record.Calendar{})
		if err != nil {
			return c, err
		}
		return a.Team.CreateCalendar(ctx, c)
	}, func(ctx context.Context, c record.Calendar) (record.Calendar, error) {
		c, err := decodeCalendar(ctx, c)
		if err != nil {
			return c, err
		}
		return a.Team.UpdateCalendar(ctx, c)
	})
}

func decodeCalendar(ctx context.Context, cal record.Calendar) (record.Calendar, error) {
	b := calendarBody{cal.Name, cal.Spec}
	if err := decode(ctx, &b); err != nil {
		return cal, err
	}
	var c checks
	c.text("name", b.Name, maxName)
	if b.Name == calendar.AlwaysName {
		c.add("name", "invalid", "is taken: always is 24x7 and needs no calendar")
	}
	b.Spec.Name = b.Name
	loc := time.UTC // which hours are open does not depend on the zone; that there is such a zone does
	if !intake.KnownZone(b.Spec.TimeZone) {
		loc = nil
	}
	var wrong *calendar.SpecError
	if _, err := calendar.New(b.Spec, loc); errors.As(err, &wrong) {
		for _, p := range wrong.Problems {
			c.add("spec."+p.Path, "invalid", p.Message)
		}
	}
	cal.Name, cal.Spec = b.Name, b.Spec
	return cal, c.err()
}
