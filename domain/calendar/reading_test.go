package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReading_overTheChangesOfClocks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ zone, date, clock, want string }{
		{"Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:00:00Z"}, // there is no 02:30: the clocks jump to 03:00
		{"Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"}, // twice: the first
		{"Europe/Berlin", "2026-07-01", "09:00", "2026-07-01T07:00:00Z"},
		{"America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00:00Z"},
		{"Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30:00Z"}, // half an hour is left out
		{"Pacific/Apia", "2011-12-30", "10:00", "2011-12-30T10:00:00Z"},        // a day that never was
		{"UTC", "2026-11-26", "24:00", "2026-11-27T00:00:00Z"},
	} {
		day, err := time.Parse(time.DateOnly, tc.date)
		require.NoError(t, err)
		seconds, ok := Clock(tc.clock)
		require.True(t, ok)
		got := Reading(day.Year(), day.Month(), day.Day(), seconds, location(t, tc.zone))
		require.Equal(t, tc.want, got.UTC().Format(time.RFC3339), "%s %s %s", tc.zone, tc.date, tc.clock)
	}
}

// The brute force: go minute by minute until the clock shows it, or more.
func TestReading_againstAWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc := location(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		from := drawStart(t, loc)
		day := from.AddDate(0, 0, rapid.IntRange(0, 10).Draw(t, "day"))
		clock := int64(rapid.IntRange(0, 24*60-1).Draw(t, "minute")) * 60
		wanted := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Unix() + clock
		at := time.Unix(wanted-27*3600, 0).In(loc) // no zone is farther ahead
		for shows(at) < wanted {
			at = at.Add(time.Minute)
		}
		got := Reading(day.Year(), day.Month(), day.Day(), clock, loc)
		require.Equal(t, at.Unix(), got.Unix(), "%s %s", day, loc)
	})
}
