package holiday

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEaster_asTheTablesHaveIt(t *testing.T) {
	t.Parallel()
	for _, day := range []string{
		"1818-03-22", "1943-04-25", "1961-04-02", "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20",
		"2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2038-04-25", "2285-03-22",
	} {
		at, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		require.Equal(t, day, Easter(at.Year()).Format(time.DateOnly))
	}
}

// The lists the governments published.
func TestDays_asTheyWerePublished(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		code string
		year int
		want string
	}{
		{"GB-ENG", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"},
		{"GB-ENG", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"},
		{"GB-ENG", 2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"},
		{"US", 2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"},
		{"US", 2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"},
		{"US", 2028, "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25"},
		{"DE", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"},
		{"AT", 2026, "01-01 01-06 04-06 05-01 05-14 05-25 06-04 08-15 10-26 11-01 12-08 12-25 12-26"},
		{"FR", 2026, "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25"},
		{"NL", 2025, "01-01 04-21 04-26 05-05 05-29 06-09 12-25 12-26"},
	} {
		c, ok := Of(tc.code)
		require.True(t, ok, tc.code)
		var got []string
		for _, d := range c.Days(tc.year, tc.year) {
			got = append(got, d.Date[5:])
			require.NotEmpty(t, d.Name)
		}
		require.Equal(t, tc.want, strings.Join(got, " "), "%s %d", tc.code, tc.year)
	}
}

func TestCountries_sayWhereTheyAreFromAndUntilWhen(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, Countries())
	for _, c := range Countries() {
		require.NotEmpty(t, c.Source, c.Code)
		require.GreaterOrEqual(t, c.Until, 2030, c.Code)
		years := map[string]int{}
		for _, d := range c.Days(c.Until-4, c.Until) {
			years[d.Date[:4]]++
		}
		require.Len(t, years, 5, c.Code)
	}
	_, ok := Of("XX")
	require.False(t, ok)
}

func TestNth_ofAMonth(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		n    int
		want string
		ok   bool
	}{{1, "2026-11-01", true}, {5, "2026-11-29", true}, {-1, "2026-11-29", true}, {-5, "2026-11-01", true}, {6, "", false}, {-6, "", false}, {0, "", false}} {
		at, ok := Nth(2026, time.November, time.Sunday, tc.n)
		require.Equal(t, tc.ok, ok, tc.n)
		if ok {
			require.Equal(t, tc.want, at.Format(time.DateOnly))
		}
	}
}
