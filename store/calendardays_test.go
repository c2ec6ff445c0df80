package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/holiday"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func holidayOn(date string) record.CalendarDay {
	return record.CalendarDay{Exception: calendar.Exception{Kind: calendar.KindHoliday, Date: date}, Name: "of the house"}
}

// The table moves the clocks of the next offer, at once, also where the calendar was made ready before.
func TestCalendarDays_areBusinessTime(t *testing.T) {
	s, ctx := floor(t), t.Context()
	cal := one[string](t, s, "SELECT id FROM calendars WHERE name = 'business'")
	due := func() string {
		c, err := s.calendarOf(ctx, s.pool, lifecycle.Policy{Calendar: "business"}, "", "")
		require.NoError(t, err)
		at, err := c.Add(time.Date(2026, 12, 24, 15, 0, 0, 0, time.UTC), time.Hour+time.Minute) // Thursday 16:00 in Berlin
		require.NoError(t, err)
		return at.In(c.Location()).Format("Mon 02 15:04")
	}
	require.Equal(t, "Fri 25 09:01", due())
	taken, err := s.AddCalendarDays(ctx, cal, "person", []record.CalendarDay{holidayOn("2026-12-25"), holidayOn("2026-12-25"), holidayOn("2026-12-28")})
	require.NoError(t, err)
	require.Equal(t, record.DaysTaken{Added: 2, Known: 1}, taken)
	require.Equal(t, "Tue 29 09:01", due())

	opening := record.CalendarDay{Exception: calendar.Exception{Kind: calendar.KindOpening, Date: "2026-12-26", From: "10:00", To: "12:00"}}
	closure := record.CalendarDay{Exception: calendar.Exception{Kind: calendar.KindClosure, From: "2026-12-26T10:30", To: "2026-12-26T11:00"}}
	_, err = s.AddCalendarDays(ctx, cal, "person", []record.CalendarDay{opening, closure})
	require.NoError(t, err)
	require.Equal(t, "Sat 26 10:01", due(), "an opening wins over all")

	page, err := s.CalendarDays(ctx, cal, "", "", 3)
	require.NoError(t, err)
	require.Len(t, page.Items, 3)
	rest, err := s.CalendarDays(ctx, cal, "", page.NextCursor, 3)
	require.NoError(t, err)
	require.Len(t, rest.Items, 1)
	all := append(page.Items, rest.Items...)
	require.Equal(t, calendar.Exception{Kind: calendar.KindHoliday, Date: "2026-12-25"}, all[0].Exception)
	require.Equal(t, calendar.Exception{Kind: calendar.KindHoliday, Date: "2026-12-28"}, all[3].Exception)
	only, err := s.CalendarDays(ctx, cal, "closure", "", 3)
	require.NoError(t, err)
	require.Equal(t, closure.Exception, only.Items[0].Exception)

	for _, d := range all {
		require.NoError(t, s.RemoveCalendarDay(ctx, cal, d.ID))
	}
	require.Equal(t, "Fri 25 09:01", due())
	require.ErrorIs(t, s.RemoveCalendarDay(ctx, cal, all[0].ID), record.ErrNotFound)
	require.ErrorIs(t, s.RemoveCalendarDay(ctx, newID(), all[0].ID), record.ErrNotFound)
	_, err = s.CalendarDays(ctx, newID(), "", "", 3)
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.CalendarDays(ctx, cal, "", "nonsense", 3)
	require.ErrorIs(t, err, record.ErrBadCursor)
}

func TestCalendarDays_haveABound(t *testing.T) {
	s, ctx := floor(t), t.Context()
	cal := one[string](t, s, "SELECT id FROM calendars WHERE name = 'business'")
	var many []record.CalendarDay
	for i := range 1001 {
		many = append(many, holidayOn(time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)))
	}
	_, err := s.AddCalendarDays(ctx, cal, "csv", many)
	require.ErrorIs(t, err, record.ErrFull)
	require.Zero(t, one[int](t, s, "SELECT count(*)::int FROM calendar_days"))
}

// A seed goes on where the last one ended: what the house took out of it stays out.
func TestSeedCalendar_goesOnWhereItEnded(t *testing.T) {
	s, ctx := floor(t), t.Context()
	cal := one[string](t, s, "SELECT id FROM calendars WHERE name = 'business'")
	year := one[int](t, s, "SELECT extract(year FROM now())::int")
	de, _ := holiday.Of("DE")
	taken, err := s.SeedCalendar(ctx, cal, de, year+1)
	require.NoError(t, err)
	require.Equal(t, record.DaysTaken{Added: 18}, taken)
	gone := one[string](t, s, "SELECT id FROM calendar_days WHERE first_day = $1::date", fmt.Sprintf("%d-10-03", year+1))
	require.NoError(t, s.RemoveCalendarDay(ctx, cal, gone))

	taken, err = s.SeedCalendar(ctx, cal, de, year+2)
	require.NoError(t, err)
	require.Equal(t, record.DaysTaken{Added: 9}, taken)
	taken, err = s.SeedCalendar(ctx, cal, de, year+1)
	require.NoError(t, err)
	require.Zero(t, taken)
	require.Equal(t, 26, one[int](t, s, "SELECT count(*)::int FROM calendar_days WHERE source = 'seed:DE'"))

	seeds, err := s.CalendarSeeds(ctx)
	require.NoError(t, err)
	require.Len(t, seeds, 1)
	require.Equal(t, [3]any{"business", "DE", year + 2}, [3]any{seeds[0].Calendar, seeds[0].Country, seeds[0].Until})
	require.Equal(t, time.Date(year+3, 1, 1, 0, 0, 0, 0, time.UTC), seeds[0].Ends())
}
