package sequence

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
)

// weekly is the brute force: for each minute of a week on the wall, Monday first, whether a mail may go out, told by texts.
func weekly(w *Window, q *Quiet) (window, quiet [7 * 24 * 60]bool) {
	for day := range 7 {
		for minute := range 24 * 60 {
			clock := fmt.Sprintf("%02d:%02d", minute/60, minute%60)
			on := func(day int) bool { return len(w.Days) == 0 || slices.Contains(w.Days, calendar.Weekdays[(day+7)%7]) }
			i := day*24*60 + minute
			window[i] = w == nil ||
				on(day) && w.From <= clock && (clock < w.To || w.To <= w.From) || // begun today
				on(day-1) && w.To <= w.From && clock < w.To // begun yesterday
			switch {
			case q == nil:
			case q.From < q.To:
				quiet[i] = q.From <= clock && clock < q.To
			default:
				quiet[i] = q.From <= clock || clock < q.To
			}
		}
	}
	return window, quiet
}

// walls are the minutes of a zone's clock, as indices of a week, for each minute of real time. Clocks are changed at quarters of an hour.
func walls(zone *time.Location, from time.Time, minutes int) []int16 {
	out, offset := make([]int16, minutes), 0
	for i := range out {
		at := from.Add(time.Duration(i) * time.Minute)
		if i%15 == 0 {
			_, offset = at.In(zone).Zone()
		}
		thursday := (at.Unix() + int64(offset)) / 60 // 1970-01-01 was one
		out[i] = int16((thursday + 3*24*60) % (7 * 24 * 60))
	}
	return out
}

// The moment at which a mail may go out is that of a walk minute by minute, over years of zones with changes of an hour, of
// half an hour, at midnight, twice in a month, and a day that never was. Most of what is asked is near a change.
func TestHours_againstAWalkOverYears(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	weekdays := []string{"mon", "tue", "wed", "thu", "fri"}
	for n, zone := range []string{
		"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo",
	} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			home, err := time.LoadLocation(zone)
			require.NoError(t, err)
			from := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
			if zone == "Pacific/Apia" || zone == "America/Sao_Paulo" {
				from = time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			minutes := int(from.AddDate(2, 0, 21).Sub(from) / time.Minute)
			ours, others := walls(home, from, minutes), walls(berlin, from, minutes)
			for k, c := range []struct {
				window *Window
				quiet  *Quiet
				zone   *time.Location
				walls  []int16
			}{
				{&Window{Days: weekdays, From: "09:00", To: "17:00"}, nil, home, ours},
				{&Window{Days: []string{"sun"}, From: "01:30", To: "03:15"}, nil, home, ours},
				{&Window{From: "20:00", To: "08:00"}, &Quiet{From: "23:00", To: "05:30"}, home, ours},
				{nil, &Quiet{From: "22:00", To: "08:00"}, home, ours},
				{&Window{Days: weekdays, From: "09:00", To: "24:00"}, &Quiet{From: "00:00", To: "12:00"}, berlin, others},
				{&Window{Days: []string{"sat"}, From: "22:00", To: "02:30"}, &Quiet{From: "13:00", To: "14:00"}, berlin, others},
			} {
				window, quiet := weekly(c.window, c.quiet)
				open := func(i int) bool { return window[c.walls[i]] && !quiet[ours[i]] }
				h := Sequence{Window: c.window}.hours(Facts{Zone: c.zone, Home: home, Rules: Rules{Quiet: c.quiet}})
				againstAWalk(t, h, open, changes(ours, c.walls), from, uint64(n*10+k))
			}
		})
	}
}

// changes marks the minutes of the day before and after a change of the clocks.
func changes(walls ...[]int16) []bool {
	near := make([]bool, len(walls[0]))
	for _, wall := range walls {
		for i := range len(wall) - 1 {
			if wall[i+1] != (wall[i]+1)%(7*24*60) {
				for j := max(0, i-1500); j < min(len(near), i+1500); j++ {
					near[j] = true
				}
			}
		}
	}
	return near
}

func againstAWalk(t *testing.T, h hours, open func(minute int) bool, near []bool, from time.Time, seed uint64) {
	t.Helper()
	next := make([]int, len(near)+1) // the first open minute from this one on
	next[len(near)] = -1
	for i := len(near) - 1; i >= 0; i-- {
		next[i] = next[i+1]
		if open(i) {
			next[i] = i
		}
	}
	draw, asked := rand.New(rand.NewPCG(seed, 1)), 0
	for i := range near {
		if (!near[i] || draw.IntN(20) > 0) && draw.IntN(997) > 0 || next[i] < 0 {
			continue
		}
		asked++
		at := from.Add(time.Duration(i)*time.Minute + time.Duration(draw.IntN(60))*time.Second)
		want := at
		if next[i] > i {
			want = from.Add(time.Duration(next[i]) * time.Minute)
		}
		require.Equal(t, want, h.next(at), "at %s", at)
		require.Equal(t, next[i] == i, h.openAt(at))
	}
	require.Greater(t, asked, 500)
}

// Hours that are never open together hold a mail back, and have it looked at again.
func TestHours_thatAreNeverOpen(t *testing.T) {
	t.Parallel()
	s := seq(mail("a"))
	s.Window = &Window{From: "22:00", To: "06:00"}
	m := Next(s, Position{}, Facts{Rules: Rules{Quiet: &Quiet{From: "20:00", To: "08:00"}}}, monday)
	require.Equal(t, Move{Rest: Position{"a", monday}, At: monday.Add(aDay)}, m)
}
