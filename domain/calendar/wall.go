package calendar

import (
	"cmp"
	"slices"
	"sort"
)

// day is a wall-clock day in seconds: on the wall every day has 24 hours.
const day = 24 * 3600

// interval is open from one second to another, the end not included.
type interval struct{ from, to int64 }

// wall is the set of open seconds on the clock of the wall, with no time zone in it. Seconds count from 1970-01-01
// 00:00 on that clock. Days that differ from their weekday are listed; all others repeat weekly.
type wall struct {
	week    [7][]interval // by weekday, Monday first, within one day, sorted and disjoint
	before  [8]int64      // open seconds of the week before each weekday; the last is the whole week
	special []special     // sorted by day
}

type special struct {
	day   int64 // days since 1970-01-01
	open  []interval
	extra int64 // open seconds that all special days before this one have more than their weekdays
	after int64 // the same with this one
}

func newWall(p plan) wall {
	w := wall{}
	for i := range w.week {
		parts := clip(p.weekly[i], 0)
		w.week[i] = merge(append(parts, clip(p.weekly[(i+6)%7], -day)...))
		w.before[i+1] = w.before[i] + total(w.week[i])
	}
	extra := int64(0)
	for _, d := range p.days() {
		s := special{day: d, open: p.open(d), extra: extra}
		extra += total(s.open) - total(w.week[weekday(d)])
		s.after = extra
		w.special = append(w.special, s)
	}
	return w
}

// days are the dates that a holiday, a closure or an opening touches.
func (p plan) days() []int64 {
	var days []int64
	for h := range p.holidays {
		days = append(days, h, h+1)
	}
	for _, iv := range slices.Concat(p.closures, p.openings) {
		for d := floor(iv.from, day); d*day < iv.to; d++ {
			days = append(days, d)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// open is what one date has: its own hours and the rest of the night before, less what is closed, plus openings.
func (p plan) open(d int64) []interval {
	var open []interval
	if !p.holidays[d] {
		open = clip(p.weekly[weekday(d)], 0)
		if !p.holidays[d-1] {
			open = append(open, clip(p.weekly[weekday(d-1)], -day)...)
		}
	}
	for _, c := range clip(p.closures, -d*day) {
		open = without(open, c)
	}
	return merge(append(open, clip(p.openings, -d*day)...))
}

// clip moves intervals and keeps what then lies within one day.
func clip(ivs []interval, by int64) []interval {
	var out []interval
	for _, iv := range ivs {
		iv = interval{max(0, iv.from+by), min(day, iv.to+by)}
		if iv.from < iv.to {
			out = append(out, iv)
		}
	}
	return out
}

func without(ivs []interval, cut interval) []interval {
	var out []interval
	for _, iv := range ivs {
		for _, rest := range []interval{{iv.from, min(iv.to, cut.from)}, {max(iv.from, cut.to), iv.to}} {
			if rest.from < rest.to {
				out = append(out, rest)
			}
		}
	}
	return out
}

func merge(ivs []interval) []interval {
	slices.SortFunc(ivs, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	var out []interval
	for _, iv := range ivs {
		if n := len(out); n > 0 && iv.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, iv.to)
			continue
		}
		out = append(out, iv)
	}
	return out
}

func total(ivs []interval) int64 {
	sum := int64(0)
	for _, iv := range ivs {
		sum += iv.to - iv.from
	}
	return sum
}

// hours are the open intervals of one day.
func (w *wall) hours(d int64) []interval {
	if i, ok := w.find(d); ok {
		return w.special[i].open
	}
	return w.week[weekday(d)]
}

func (w *wall) find(d int64) (int, bool) {
	return slices.BinarySearchFunc(w.special, d, func(s special, d int64) int { return cmp.Compare(s.day, d) })
}

// sum is the number of open seconds from a fixed origin to this second of the wall clock. It never falls.
func (w *wall) sum(at int64) int64 {
	d := floor(at, day)
	week := floor(d+3, 7) // 1970-01-01 was a Thursday
	sum := week*w.before[7] + w.before[weekday(d)]
	i, ok := w.find(d)
	hours := w.week[weekday(d)]
	switch {
	case ok:
		sum += w.special[i].extra
		hours = w.special[i].open
	case i > 0:
		sum += w.special[i-1].after
	}
	for _, iv := range hours {
		sum += max(0, min(at-d*day, iv.to)-iv.from)
	}
	return sum
}

// open reports whether this second is open.
func (w *wall) open(at int64) bool {
	d := floor(at, day)
	hours := w.hours(d)
	i := sort.Search(len(hours), func(i int) bool { return hours[i].to > at-d*day })
	return i < len(hours) && hours[i].from <= at-d*day
}

// next is the first open second from this one on, if one comes within a week.
func (w *wall) next(at int64) (int64, bool) {
	first := floor(at, day)
	for d := first; d <= first+7; d++ {
		for _, iv := range w.hours(d) {
			if d*day+iv.to > at {
				return max(at, d*day+iv.from), true
			}
		}
	}
	return 0, false
}

// weekday is 0 on Mondays.
func weekday(d int64) int64 { return d + 3 - 7*floor(d+3, 7) }

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
