package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func dates(days []record.CalendarDay) string {
	var out []string
	for _, d := range days {
		out = append(out, d.First())
	}
	return strings.Join(out, " ")
}

func event(lines ...string) string {
	return "BEGIN:VEVENT\r\nUID:1\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\n"
}

func ical(events ...string) []byte {
	return []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n" + strings.Join(events, "") + "END:VCALENDAR\r\n")
}

func TestDays_ofICalendar(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		event string
		want  string
	}{
		"one day":         {event("DTSTART;VALUE=DATE:20261225", "SUMMARY:Christmas"), "2026-12-25"},
		"without VALUE":   {event("DTSTART:20261225"), "2026-12-25"},
		"three days":      {event("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"), "2026-12-24 2026-12-25 2026-12-26"},
		"over a year end": {event("DTSTART;VALUE=DATE:20281231", "DTEND;VALUE=DATE:20290102"), "2028-12-31"},
		"yearly":          {event("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY"), "2026-05-01 2027-05-01 2028-05-01"},
		"every second":    {event("DTSTART;VALUE=DATE:20250501", "RRULE:FREQ=YEARLY;INTERVAL=2"), "2027-05-01"},
		"until":           {event("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY;UNTIL=20270501"), "2026-05-01 2027-05-01"},
		"until a moment":  {event("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY;UNTIL=20270430T220000Z"), "2026-05-01"},
		"counted":         {event("DTSTART;VALUE=DATE:20250501", "RRULE:FREQ=YEARLY;COUNT=3"), "2026-05-01 2027-05-01"},
		"leap day":        {event("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY"), "2028-02-29"},
		"fourth thursday": {event("DTSTART;VALUE=DATE:20251127", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"), "2026-11-26 2027-11-25 2028-11-23"},
		"last monday":     {event("DTSTART;VALUE=DATE:20250526", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO"), "2026-05-25 2027-05-31 2028-05-29"},
		"by month day":    {event("DTSTART;VALUE=DATE:20250714", "RRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=14;WKST=MO"), "2026-07-14 2027-07-14 2028-07-14"},
		"but not one":     {event("DTSTART;VALUE=DATE:20250501", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20270501"), "2026-05-01 2028-05-01"},
		"cancelled":       {event("DTSTART;VALUE=DATE:20261225", "STATUS:CANCELLED"), ""},
		"an alarm in it":  {event("DTSTART;VALUE=DATE:20261225", "BEGIN:VALARM", "DTSTART:20260101", "END:VALARM"), "2026-12-25"},
		"a quoted colon":  {event(`DTSTART;X-A="a:b";VALUE=DATE:20261225`), "2026-12-25"},
	} {
		days, refused, err := Days(ical(tc.event), 2026, 2028)
		require.NoError(t, err, name)
		require.Empty(t, refused, name)
		require.Equal(t, tc.want, dates(days), name)
	}
}

func TestDays_namesAreUnfoldedAndUnescaped(t *testing.T) {
	t.Parallel()
	days, refused, err := Days(ical(event("DTSTART;VALUE=DATE:20261225", "SUMMARY;LANGUAGE=de:Heilig", " abend\\, und", "\t mehr\\; \\\\o/")), 2026, 2026)
	require.NoError(t, err)
	require.Empty(t, refused)
	require.Equal(t, `Heiligabend, und mehr; \o/`, days[0].Name)
}

func TestDays_whatICalendarCannotMeanIsRefusedByItsLine(t *testing.T) {
	t.Parallel()
	good := event("DTSTART;VALUE=DATE:20261225")
	for field, bad := range map[string]string{
		"DTSTART": event("DTSTART:20261225T090000Z"), "DTSTART ": event("SUMMARY:none"), "DTEND": event("DTSTART:20261225", "DTEND:20261225"),
		"RRULE": event("DTSTART:20261225", "RRULE:FREQ=WEEKLY"), "RRULE ": event("DTSTART:20261225", "RRULE:FREQ=YEARLY;BYWEEKNO=3"),
		"RRULE  ": event("DTSTART:20261225", "RRULE:FREQ=YEARLY;INTERVAL=0"), "RRULE   ": event("DTSTART:20261225", "RRULE:FREQ=YEARLY;BYMONTH=13"),
		"RRULE    ": event("DTSTART:20261225", "RRULE:FREQ=YEARLY;BYDAY=MO"), "RRULE     ": event("DTSTART:20261225", "RRULE:FREQ=YEARLY;BYDAY=-"),
		"RRULE      ": event("DTSTART:20261225", "RRULE:FREQ=YEARLY;BYMONTHDAY=24"), "event": event("DTSTART:20261225", "RDATE:20270101"),
	} {
		days, refused, err := Days(ical(good, bad), 2026, 2028)
		require.NoError(t, err)
		require.Equal(t, "2026-12-25", dates(days), "the good one is taken")
		require.Len(t, refused, 1, bad)
		require.Equal(t, strings.TrimSpace(field), refused[0].Field, bad)
		require.Equal(t, 8, refused[0].Row, "the line at which the event begins")
	}
	for _, none := range []string{"", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "\xff"} {
		_, _, err := Days([]byte(none), 2026, 2028)
		require.ErrorIs(t, err, ErrNoDays, none)
	}
	var many []string
	for i := range 30 {
		many = append(many, event(fmt.Sprintf("DTSTART:2000%02d%02d", 1+i/28, 1+i%28), "RRULE:FREQ=YEARLY"))
	}
	_, _, err := Days(ical(many...), 2026, 2126)
	require.ErrorIs(t, err, ErrManyDays)
}

func TestDays_ofCSV(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"date,name,kind,from,to\n2026-12-25,Christmas,,,\n2026-12-25,again,,,\n2026-12-24,Eve,closure,2026-12-24T12:00,\n,Move,closure,2026-12-28,2026-12-30\n2026-12-19,Fair,opening,10:00,14:00\n1999-01-01,old,,,\n25.12.2026,bad,,,\n2026-12-27,bad,feast,,\n",
		"\ufeffDate;Name;Kind;From;To\r\n2026-12-25;Christmas\r\n2026-12-24;Eve;closure;2026-12-24T12:00;2026-12-24\r\n;Move;closure;2026-12-28;2026-12-30\r\n2026-12-19;Fair;opening;10:00;14:00\r\n\r\n25.12.2026;bad\r\n2026-12-27;bad;feast\r\n",
	} {
		days, refused, err := Days([]byte(file), 2026, 2028)
		require.NoError(t, err)
		require.Len(t, refused, 2, "%v", refused)
		require.Equal(t, []string{"date", "kind"}, []string{refused[0].Field, refused[1].Field})
		require.Equal(t, "Christmas", days[2].Name)
		require.Equal(t, "2026-12-19 2026-12-24 2026-12-25 2026-12-28", dates(days))
	}
	_, _, err := Days([]byte("day,name\n2026-12-25,x\n"), 2026, 2028)
	require.ErrorIs(t, err, ErrNoDays)
}

func FuzzDays(f *testing.F) {
	f.Add(ical(event("DTSTART;VALUE=DATE:20261225", "RRULE:FREQ=YEARLY;BYDAY=-1MO")))
	f.Add([]byte("date,name\n2026-12-25,x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		days, _, err := Days(raw, 2020, 2030)
		if err != nil && len(days) > 0 {
			t.Fatal("days beside an error")
		}
		for _, d := range days {
			if len(d.Problems()) > 0 {
				t.Fatalf("%+v is no day", d)
			}
		}
	})
}

// A file may say anything, and nobody waits for it: an interval that runs over, events since the year 1, one line in many pieces.
func TestDays_ofWhoMeansNoGood(t *testing.T) {
	t.Parallel()
	read := make(chan error, 1)
	go func() {
		const huge = "9223372036854775807"
		for _, rule := range []string{"INTERVAL=" + huge, "COUNT=" + huge, "BYMONTHDAY=" + huge, "BYDAY=" + huge + "MO", "INTERVAL=1001"} {
			days, refused, err := Days(ical(event("DTSTART;VALUE=DATE:20261225", "RRULE:FREQ=YEARLY;"+rule)), 2026, 2030)
			if err != nil || len(days) > 0 || len(refused) != 1 || refused[0].Field != "RRULE" {
				read <- fmt.Errorf("%s: %v %v %v", rule, days, refused, err)
				return
			}
		}
		old := event("DTSTART;VALUE=DATE:00010101", "DTEND;VALUE=DATE:00020101", "RRULE:FREQ=YEARLY", "EXDATE:"+strings.Repeat("20260101,", 100))
		if days, _, err := Days(ical(strings.Repeat(old, 200)), 2026, 2026); err != nil || len(days) > 0 {
			read <- fmt.Errorf("a year of days each: %v %w", days, err)
			return
		}
		_, _, err := Days(ical(event("DTSTART;VALUE=DATE:20261225", "SUMMARY:"+strings.Repeat("\r\n x", 300_000))), 2026, 2026)
		read <- err
	}()
	select {
	case err := <-read:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "it never ends")
	}
}
