package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// zones with whole-hour, half-hour and quarter-hour offsets, changes by half an hour, changes at midnight, two changes
// within a month (Ramadan), a lost day (Apia 2011) and none at all.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham",
	"America/St_Johns", "America/Havana", "Africa/Casablanca", "Pacific/Apia", "Asia/Beirut", "Australia/Adelaide",
	"America/Sao_Paulo", "Africa/Monrovia", "Antarctica/Troll",
}

// table is the brute force: for each minute of real time whether it is open, told by the texts of its local time.
type table struct {
	start time.Time
	open  []bool
}

func newTable(s Spec, loc *time.Location, start time.Time, minutes int) table {
	tb := table{start: start, open: make([]bool, minutes)}
	holiday := map[string]bool{}
	for _, h := range s.Holidays {
		holiday[h] = true
	}
	for i := range tb.open {
		tb.open[i] = openByText(s, holiday, start.Add(time.Duration(i)*time.Minute).In(loc))
	}
	return tb
}

func openByText(s Spec, holiday map[string]bool, local time.Time) bool {
	text := local.Format("2006-01-02T15:04")
	date, clock := text[:10], text[11:]
	y, m, d := local.Date()
	before := time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC)
	yesterday := before.Format("2006-01-02")
	for _, o := range s.Openings {
		if o.Date == date && during(o.From, o.To, clock) || o.Date == yesterday && after(o.From, o.To, clock) {
			return true
		}
	}
	if holiday[date] {
		return false
	}
	for _, c := range s.Closures {
		to := c.To
		if len(to) == 10 {
			to += "T24:00"
		}
		if c.From <= text && text < to {
			return false
		}
	}
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()
	for _, h := range s.Weekly[short(today)] {
		if during(h.From, h.To, clock) {
			return true
		}
	}
	for _, h := range s.Weekly[short(before.Weekday())] {
		if !holiday[yesterday] && after(h.From, h.To, clock) {
			return true
		}
	}
	return false
}

func short(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }

// during: of hours that begin today, is this clock time one?
func during(from, to, clock string) bool {
	return from <= clock && (clock < to || to < from)
}

// after: of hours that began yesterday and run over midnight, is this clock time one?
func after(from, to, clock string) bool { return to < from && clock < to }

func drawClock(t *rapid.T, label string) string {
	if rapid.IntRange(0, 3).Draw(t, label+"Kind") == 0 {
		return fmt.Sprintf("%02d:00", rapid.IntRange(0, 23).Draw(t, label))
	}
	m := rapid.IntRange(0, 24*60-1).Draw(t, label)
	return fmt.Sprintf("%02d:%02d", m/60, m%60)
}

func drawHours(t *rapid.T) Hours {
	h := Hours{drawClock(t, "from"), drawClock(t, "to")}
	if h.From == h.To || rapid.IntRange(0, 5).Draw(t, "midnight") == 0 {
		h.To = "24:00"
	}
	return h
}

func drawSpec(t *rapid.T, zone string, start time.Time, days int) Spec {
	s := Spec{Name: "drawn", TimeZone: zone, Weekly: map[string][]Hours{}}
	for _, d := range Weekdays {
		if n := rapid.IntRange(0, 3).Draw(t, d); n > 0 {
			s.Weekly[d] = rapid.SliceOfN(rapid.Custom(drawHours), n, n).Draw(t, "hours")
		}
	}
	date := rapid.Custom(func(t *rapid.T) string {
		return start.AddDate(0, 0, rapid.IntRange(-1, days).Draw(t, "day")).Format("2006-01-02")
	})
	s.Holidays = rapid.SliceOfN(date, 0, 4).Draw(t, "holidays")
	for range rapid.IntRange(0, 2).Draw(t, "closures") {
		from := start.AddDate(0, 0, rapid.IntRange(0, days).Draw(t, "closed"))
		c := Closure{from.Format("2006-01-02"), from.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "for")).Format("2006-01-02")}
		if rapid.Bool().Draw(t, "partly") {
			c.From += "T" + drawClock(t, "closedFrom")
			c.To = from.AddDate(0, 0, 1).Format("2006-01-02") + "T" + drawClock(t, "closedTo")
		}
		s.Closures = append(s.Closures, c)
	}
	for range rapid.IntRange(0, 2).Draw(t, "openings") {
		h := drawHours(t)
		s.Openings = append(s.Openings, Opening{date.Draw(t, "opened"), h.From, h.To})
	}
	return s
}

// drawStart prefers the days around a change of the clocks.
func drawStart(t *rapid.T, loc *time.Location) time.Time {
	at := time.Date(rapid.IntRange(1973, 2060).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC)
	if rapid.IntRange(0, 4).Draw(t, "plain") == 0 {
		return at
	}
	if _, end := at.In(loc).ZoneBounds(); !end.IsZero() {
		return end.UTC().AddDate(0, 0, -rapid.IntRange(0, 9).Draw(t, "ahead")).Truncate(24 * time.Hour)
	}
	return at
}

func TestAgainstAMinuteTable(t *testing.T) {
	t.Parallel()
	const days = 12
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc := location(t, zone)
		start := drawStart(t, loc)
		s := drawSpec(t, zone, start, days)
		c, err := New(s, loc)
		if err != nil {
			require.ErrorContains(t, err, ErrEmpty.Error())
			return
		}
		tb := newTable(s, loc, start, days*24*60)
		for range 30 {
			tb.check(t, c)
		}
	})
}

// check asks at one random moment and compares with counting.
func (tb table) check(t *rapid.T, c *Calendar) {
	a := rapid.IntRange(0, len(tb.open)-1).Draw(t, "a")
	b := rapid.IntRange(a, len(tb.open)-1).Draw(t, "b")
	secA, secB := rapid.IntRange(0, 59).Draw(t, "secA"), rapid.IntRange(0, 59).Draw(t, "secB")
	if a == b {
		secB = max(secA, secB)
	}
	ta, tz := tb.at(a, secA), tb.at(b, secB)
	open := 0
	for i := a; i <= b; i++ {
		if !tb.open[i] {
			continue
		}
		open += 60
		if i == a {
			open -= secA
		}
		if i == b {
			open -= 60 - secB
		}
	}
	require.Equal(t, tb.open[a], c.Open(ta), "open at %s", ta)
	require.Equal(t, time.Duration(open)*time.Second, c.Elapsed(ta, tz), "from %s to %s", ta, tz)
	tb.checkNext(t, c, a, ta)
	if open == 0 {
		return
	}
	add := rapid.IntRange(1, open).Draw(t, "add")
	got, err := c.Add(ta, time.Duration(add)*time.Second)
	require.NoError(t, err)
	require.Equal(t, tb.walk(a, secA, add), got, "%s + %d s", ta, add)
}

func (tb table) checkNext(t *rapid.T, c *Calendar, a int, ta time.Time) {
	for i := a; i < len(tb.open); i++ {
		if tb.open[i] {
			want := tb.at(i, 0)
			if i == a {
				want = ta
			}
			got, err := c.NextOpen(ta)
			require.NoError(t, err)
			require.Equal(t, want, got)
			return
		}
	}
}

func (tb table) at(minute, sec int) time.Time {
	return tb.start.Add(time.Duration(minute)*time.Minute + time.Duration(sec)*time.Second)
}

// walk goes second by second of open time from a moment on.
func (tb table) walk(minute, sec, add int) time.Time {
	for i := minute; ; i++ {
		from := 0
		if i == minute {
			from = sec
		}
		if !tb.open[i] {
			continue
		}
		if add <= 60-from {
			return tb.at(i, from+add)
		}
		add -= 60 - from
	}
}

func TestSegments_knowTheOffsetOfEveryMoment(t *testing.T) {
	t.Parallel()
	for _, zone := range zones {
		c := compile(t, office(zone))
		all := c.totals()
		require.Less(t, len(all), 2000, zone)
		rapid.Check(t, func(t *rapid.T) {
			sec := rapid.Int64Range(firstLook.Unix(), lastLook.Unix()-1).Draw(t, "sec")
			_, want := time.Unix(sec, 0).In(c.loc).Zone()
			i := 0
			for i+1 < len(all) && all[i+1].start <= sec {
				i++
			}
			require.EqualValues(t, want, all[i].offset, "%s at %d", zone, sec)
		})
	}
}
