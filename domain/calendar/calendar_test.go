package calendar

import (
	"encoding/json"
	"math"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
)

func location(t require.TestingT, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func office(zone string) Spec {
	nine := []Hours{{"09:00", "17:00"}}
	return Spec{Name: "business", TimeZone: zone, Weekly: map[string][]Hours{
		"mon": nine, "tue": nine, "wed": nine, "thu": nine, "fri": nine,
	}}
}

func compile(t require.TestingT, s Spec) *Calendar {
	c, err := New(s, location(t, s.TimeZone))
	require.NoError(t, err)
	return c
}

// at reads a local time of the calendar.
func at(t require.TestingT, c *Calendar, text string) time.Time {
	got, err := time.ParseInLocation("2006-01-02 15:04:05", text, c.Location())
	require.NoError(t, err)
	return got
}

func TestAdd_inOfficeHours(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"} {
		c := compile(t, office(zone))
		for _, tc := range []struct {
			from string
			add  time.Duration
			want string
		}{
			{"2026-11-28 15:00:00", time.Hour, "2026-11-30 10:00:00"},        // Saturday -> Monday
			{"2026-11-29 16:59:00", time.Hour, "2026-11-30 10:00:00"},        // Sunday -> Monday
			{"2026-11-27 16:30:00", time.Hour, "2026-11-30 09:30:00"},        // Friday -> Monday
			{"2026-11-27 16:00:00", time.Hour, "2026-11-27 17:00:00"},        // the end belongs to the hours
			{"2026-11-27 17:00:00", time.Second, "2026-11-30 09:00:01"},      // closed at the end itself
			{"2026-11-24 03:00:00", 0, "2026-11-24 03:00:00"},                // nothing added: where it is
			{"2026-11-24 09:00:00", 40 * time.Hour, "2026-11-30 17:00:00"},   // Tuesday: five days of eight hours, Monday's end
			{"2026-03-27 16:00:00", 2 * time.Hour, "2026-03-30 10:00:00"},    // over the European spring change
			{"2026-10-30 16:00:00", 2 * time.Hour, "2026-11-02 10:00:00"},    // over the American autumn change
			{"2026-01-05 09:00:00", 2080 * time.Hour, "2027-01-01 17:00:00"}, // 52 weeks of 40 hours
		} {
			got, err := c.Add(at(t, c, tc.from), tc.add)
			require.NoError(t, err)
			require.Equal(t, tc.want, got.In(c.Location()).Format("2006-01-02 15:04:05"), "%s: %s + %s", zone, tc.from, tc.add)
			if tc.add > 0 {
				require.Equal(t, tc.add, c.Elapsed(at(t, c, tc.from), got))
			}
		}
	}
}

func TestAdd_keepsNanosecondsAndLocation(t *testing.T) {
	t.Parallel()
	c := compile(t, office("Europe/Berlin"))
	from := at(t, c, "2026-11-27 16:59:59").Add(700 * time.Millisecond).UTC()
	got, err := c.Add(from, 500*time.Millisecond+3)
	require.NoError(t, err)
	require.Equal(t, time.UTC, got.Location())
	require.Equal(t, "2026-11-30T08:00:00.200000003Z", got.Format(time.RFC3339Nano))
	require.Equal(t, 500*time.Millisecond+3, c.Elapsed(from, got))
	require.Equal(t, -500*time.Millisecond-3, c.Elapsed(got, from))
}

func TestNightShift_isTimeThatReallyPasses(t *testing.T) {
	t.Parallel()
	night := []Hours{{"22:00", "06:00"}}
	c := compile(t, Spec{Name: "night", TimeZone: "Europe/Berlin", Weekly: map[string][]Hours{"sat": night}})
	for date, want := range map[string]time.Duration{
		"2026-03-28 12:00:00": 7 * time.Hour, // 02:00 -> 03:00
		"2026-10-24 12:00:00": 9 * time.Hour, // 03:00 -> 02:00
		"2026-11-21 12:00:00": 8 * time.Hour,
	} {
		from := at(t, c, date)
		require.Equal(t, want, c.Elapsed(from, from.Add(24*time.Hour)), date)
		got, err := c.Add(from, want)
		require.NoError(t, err)
		require.Equal(t, "06:00:00", got.Format("15:04:05"), date)
	}
}

func TestHolidaysClosuresOpenings(t *testing.T) {
	t.Parallel()
	s := office("Europe/Berlin")
	s.Weekly["thu"] = []Hours{{"09:00", "17:00"}, {"22:00", "02:00"}}
	s.Holidays = []string{"2026-12-25", "2027-01-01"}
	s.Closures = []Closure{{"2026-12-24T12:00", "2026-12-27"}, {"2026-12-30T10:00", "2026-12-30T11:30"}}
	s.Openings = []Opening{{"2026-12-26", "10:00", "14:00"}}
	c := compile(t, s)
	for _, tc := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-12-24 00:00:00", "2026-12-25 00:00:00", 3 * time.Hour},                // closed from noon
		{"2026-12-25 00:00:00", "2026-12-26 00:00:00", 0},                            // holiday, its night before too
		{"2026-12-26 00:00:00", "2026-12-28 00:00:00", 4 * time.Hour},                // an opening wins over a closure
		{"2026-12-30 00:00:00", "2026-12-31 00:00:00", 6*time.Hour + 30*time.Minute}, // short closure
		{"2026-12-31 00:00:00", "2027-01-02 00:00:00", 10 * time.Hour},               // 22:00 to midnight, then the holiday
		{"2026-12-17 00:00:00", "2026-12-18 00:00:00", 10 * time.Hour},               // plain Thursday
		{"2026-12-18 00:00:00", "2026-12-19 00:00:00", 10 * time.Hour},               // rest of the night and Friday
	} {
		require.Equal(t, tc.want, c.Elapsed(at(t, c, tc.from), at(t, c, tc.to)), tc.from)
	}
	got, err := c.Add(at(t, c, "2026-12-24 11:00:00"), 2*time.Hour)
	require.NoError(t, err)
	require.Equal(t, at(t, c, "2026-12-26 11:00:00"), got)
}

func TestNightShift_ofAHolidayDoesNotBegin(t *testing.T) {
	t.Parallel()
	c := compile(t, Spec{
		Name: "night", TimeZone: "UTC", Holidays: []string{"2026-12-25"},
		Weekly: map[string][]Hours{"thu": {{"22:00", "06:00"}}, "fri": {{"22:00", "06:00"}}, "sat": {{"04:00", "05:00"}}},
	})
	require.Equal(t, 2*time.Hour, c.Elapsed(at(t, c, "2026-12-24 00:00:00"), at(t, c, "2026-12-26 00:00:00")))
	require.Equal(t, time.Hour, c.Elapsed(at(t, c, "2026-12-26 00:00:00"), at(t, c, "2026-12-27 00:00:00")))
}

func TestNextOpen(t *testing.T) {
	t.Parallel()
	c := compile(t, office("America/New_York"))
	for from, want := range map[string]string{
		"2026-11-28 15:00:00": "2026-11-30 09:00:00",
		"2026-11-27 10:11:12": "2026-11-27 10:11:12",
		"2026-11-27 17:00:00": "2026-11-30 09:00:00",
		"2026-10-31 01:00:00": "2026-11-02 09:00:00", // the clocks change before
	} {
		got, err := c.NextOpen(at(t, c, from))
		require.NoError(t, err)
		require.Equal(t, at(t, c, want), got, from)
	}
	long := office("Europe/Berlin")
	long.Closures = []Closure{{"2027-01-01", "2036-12-31"}}
	c = compile(t, long)
	got, err := c.NextOpen(at(t, c, "2027-03-01 00:00:00"))
	require.NoError(t, err)
	require.Equal(t, at(t, c, "2037-01-01 09:00:00"), got)
}

func TestAlways_isTimeItself(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 24, 3, 4, 5, 678, time.UTC)
	for _, d := range []time.Duration{0, 1, time.Second, 90 * time.Minute, 100 * 365 * 24 * time.Hour} {
		got, err := Always.Add(from, d)
		require.NoError(t, err)
		require.True(t, from.Add(d).Equal(got))
		require.Equal(t, d, Always.Elapsed(from, got))
	}
	require.True(t, Always.Open(from))
	require.Equal(t, time.Duration(math.MaxInt64), Always.Elapsed(from, from.AddDate(400, 0, 0)))
}

func TestOutsideTheYearsLookedAt_theNearestOffsetHolds(t *testing.T) {
	t.Parallel()
	c := compile(t, office("Europe/Berlin"))
	for _, text := range []string{"1935-06-03 12:00:00", "2390-06-04 12:00:00"} {
		from := at(t, c, text)
		got, err := c.Add(from, 40*time.Hour)
		require.NoError(t, err)
		require.Equal(t, 40*time.Hour, c.Elapsed(from, got))
	}
}

func TestEmptyCalendar_isRefused(t *testing.T) {
	t.Parallel()
	_, err := New(Spec{Name: "nothing", TimeZone: "UTC"}, time.UTC)
	require.EqualError(t, err, `calendar "nothing": weekly: `+ErrEmpty.Error())

	once, err := New(Spec{Name: "once", TimeZone: "UTC", Openings: []Opening{{"2026-12-26", "10:00", "12:00"}}}, time.UTC)
	require.NoError(t, err)
	from := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	got, err := once.Add(from, 2*time.Hour)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 12, 26, 12, 0, 0, 0, time.UTC), got)
	_, err = once.Add(from, 2*time.Hour+1)
	require.ErrorIs(t, err, ErrNoMoreTime)
	_, err = once.NextOpen(got)
	require.ErrorIs(t, err, ErrNoMoreTime)
	_, err = once.Add(from, -1)
	require.ErrorIs(t, err, ErrNegative)
}

func TestValidate_namesEveryMistake(t *testing.T) {
	t.Parallel()
	s := Spec{
		Weekly: map[string][]Hours{
			"monday": {{"09:00", "17:00"}},
			"tue":    {{"9:00", "17:00"}, {"09:00", "25:00"}, {"24:00", "09:00"}, {"09:00", "09:00"}},
		},
	}
	require.Equal(t, []string{
		"name", "time_zone", "weekly.tue[0].from", "weekly.tue[1].to", "weekly.tue[2].from", "weekly.tue[3].to", "weekly",
	}, paths(s.Validate()))

	s = office("UTC")
	s.Holidays = []string{"2026-02-30", "25.12.2026"}
	s.Closures = []Closure{{"2026-12-24", "2026-12-23"}, {"x", "2026-12-23T24:00"}, {"1900-01-01", "2199-01-01"}}
	s.Openings = []Opening{{"", "10:00", ""}}
	require.Equal(t, []string{
		"holidays[0]", "holidays[1]", "closures[0].to", "closures[1].from", "closures[1].to", "openings[0].date",
		"openings[0].to", "closures",
	}, paths(s.Validate()))

	_, err := New(office("Nowhere/Land"), nil)
	require.ErrorContains(t, err, "time_zone: is not known")
	require.Empty(t, office("UTC").Validate())
}

func paths(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Path)
	}
	return out
}

func TestSpec_survivesJSON(t *testing.T) {
	t.Parallel()
	give := office("Europe/Berlin")
	give.Holidays = []string{"2026-12-25"}
	give.Closures = []Closure{{"2026-12-24T12:00", "2026-12-24T24:00"}}
	raw, err := json.Marshal(give)
	require.NoError(t, err)
	var got Spec
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, give, got)
}

// The cost must not grow with the distance: compare the lines.
func BenchmarkAdd(b *testing.B) {
	s := office("Europe/Berlin")
	for y := 2000; y < 2060; y++ {
		for _, d := range []string{"-01-01", "-05-01", "-12-25", "-12-26"} {
			s.Holidays = append(s.Holidays, time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006")+d)
		}
	}
	c := compile(b, s)
	from := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, d := range map[string]time.Duration{"hour": time.Hour, "month": 160 * time.Hour, "30years": 60000 * time.Hour} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Add(from, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			c, err := New(s, c.Location())
			if err != nil {
				b.Fatal(err)
			}
			c.totals()
		}
	})
}
