package calendar

import "time"

// Reading is the first moment at which the clock on the wall of a zone shows this date and time of the day, in seconds
// since midnight, or more: where the clocks are put forward over it, the moment of the change; where they are put back
// over it, the first of the two. A day that the zone left out begins with the next.
func Reading(year int, month time.Month, dayOfMonth int, clock int64, loc *time.Location) time.Time {
	wanted := time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC).Unix() + clock
	_, before := time.Unix(wanted-day, 0).In(loc).Zone()
	_, after := time.Unix(wanted+day, 0).In(loc).Zone()
	for _, offset := range []int{max(before, after), min(before, after)} { // the greater one is the earlier moment
		if at := time.Unix(wanted-int64(offset), 0).In(loc); shows(at) == wanted {
			return at
		}
	}
	// The clocks jump over it: until then they went by the offset of before.
	last := time.Unix(wanted-int64(max(before, after)), 0).In(loc)
	if _, end := last.ZoneBounds(); end.After(last) {
		return end.In(loc)
	}
	return time.Unix(wanted-int64(before), 0).In(loc)
}

// shows is what the clock on the wall shows, in seconds since 1970-01-01 00:00 on that clock.
func shows(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}

// Day is the end of the day in seconds since midnight: 24:00.
const Day = int64(day)

// Clock reads a time of the day, 15:04, as seconds since midnight; 24:00 is its end.
func Clock(text string) (seconds int64, ok bool) { return clock(text) }
