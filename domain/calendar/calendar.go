package calendar

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"sync"
	"time"
)

// The errors of this package, beside *SpecError.
var (
	// ErrEmpty: the calendar is never open, so no deadline in it could ever be reached.
	ErrEmpty = errors.New("has no open hours at all: give it at least one weekly interval or one opening")
	// ErrNoMoreTime: the calendar has no weekly hours and its openings are over, or it is closed for too long.
	ErrNoMoreTime = errors.New("has not that much open time left: add weekly hours or openings, or shorten the closure")
	// ErrNegative: business time is only counted forward.
	ErrNegative = errors.New("a negative amount of business time cannot be added")
)

// Calendar is a spec made ready for arithmetic. It does not change and may be used by many goroutines.
type Calendar struct {
	name   string
	loc    *time.Location
	wall   wall
	totals func() []segment
}

// segment is a stretch of time in which the zone has one offset: there, wall time is Unix time plus offset, and the
// running total of open seconds is wall.sum plus base.
type segment struct{ start, offset, base int64 }

// The years in which the rules of a zone are looked at.
var (
	firstLook = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	lastLook  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// farthest is how far Add looks for open time: 1,000 years, in seconds.
const farthest = int64(1000 * 366 * day)

// Always is open at every moment.
var Always = always()

func always() *Calendar {
	all := []Hours{{From: "00:00", To: "24:00"}}
	weekly := map[string][]Hours{}
	for _, d := range Weekdays {
		weekly[d] = all
	}
	c, err := New(Spec{Name: AlwaysName, TimeZone: "UTC", Weekly: weekly}, time.UTC)
	if err != nil {
		panic(err) // a constant: held by every test
	}
	return c
}

// New compiles a spec. The location is the one its time zone names; the caller loads it. It returns a *SpecError that
// lists every mistake; that of a calendar without any open hours says so.
func New(s Spec, loc *time.Location) (*Calendar, error) {
	p, problems := s.read()
	if loc == nil {
		problems = append(problems, Problem{"time_zone", "is not known: write an IANA name such as Europe/Berlin"})
	}
	if len(problems) > 0 {
		return nil, &SpecError{Name: s.Name, Problems: problems}
	}
	c := &Calendar{name: s.Name, loc: loc, wall: newWall(p)}
	c.totals = sync.OnceValue(c.segments)
	return c, nil
}

// Name is the name of the spec.
func (c *Calendar) Name() string { return c.name }

// Location is the zone whose wall clock the hours mean.
func (c *Calendar) Location() *time.Location { return c.loc }

// segments cuts the years that are looked at wherever the offset of the zone changes.
func (c *Calendar) segments() []segment {
	var out []segment
	running := int64(0)
	for at := firstLook; at.Before(lastLook); {
		local := at.In(c.loc)
		_, offset := local.Zone()
		s := segment{start: at.Unix(), offset: int64(offset)}
		s.base = running - c.wall.sum(s.start+s.offset)
		if n := len(out); n == 0 || out[n-1].offset != s.offset {
			out = append(out, s)
		}
		_, end := local.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(at) { // on 31 December of leap years, for zones that go on by a rule, ZoneBounds tells a past end
			end = at.Add(24 * time.Hour)
		}
		running = s.base + c.wall.sum(end.Unix()+s.offset)
		at = end
	}
	return out
}

// total is the running number of open seconds at a second of Unix time. It never falls.
func (c *Calendar) total(at int64) int64 {
	all := c.totals()
	i := sort.Search(len(all), func(i int) bool { return all[i].start > at })
	s := all[max(0, i-1)]
	return s.base + c.wall.sum(at+s.offset)
}

// Open reports whether the calendar is open at t.
func (c *Calendar) Open(t time.Time) bool {
	_, offset := t.In(c.loc).Zone()
	return c.wall.open(t.Unix() + int64(offset))
}

// point is the running open time at t. Offsets and hours are whole seconds, so a second is open or closed as a whole.
func (c *Calendar) point(t time.Time) (sec, nano int64) {
	at := t.Unix()
	sec = c.total(at)
	if c.total(at+1) > sec {
		nano = int64(t.Nanosecond())
	}
	return sec, nano
}

// Elapsed is the open time from a to b, negative when b is before a. More than 292 years are told as 292 years.
func (c *Calendar) Elapsed(a, b time.Time) time.Duration {
	if b.Before(a) {
		return -c.Elapsed(b, a)
	}
	secA, nanoA := c.point(a)
	secB, nanoB := c.point(b)
	sec := secB - secA
	if sec >= math.MaxInt64/int64(time.Second)-1 {
		return math.MaxInt64
	}
	return time.Duration(sec)*time.Second + time.Duration(nanoB-nanoA)
}

// Add is the earliest moment, not before t, at which the given open time has passed since t. Nothing added is t itself,
// open or not. The end of the hours belongs to them: Friday 16:00 and one hour is Friday 17:00. The result is in the
// location of t. It returns ErrNegative, or ErrNoMoreTime where the calendar runs out of hours.
func (c *Calendar) Add(t time.Time, business time.Duration) (time.Time, error) {
	switch {
	case business < 0:
		return time.Time{}, ErrNegative
	case business == 0:
		return t, nil
	}
	sec, nano := c.point(t)
	nano += int64(business % time.Second)
	sec += int64(business/time.Second) + nano/int64(time.Second)
	nano %= int64(time.Second)
	if nano == 0 {
		return c.moment(t, sec, 0, 0)
	}
	return c.moment(t, sec+1, -1, nano) // the second in which it happens ends there
}

// moment is where the running total reaches sum, moved by whole seconds and nanoseconds, in the location of t.
func (c *Calendar) moment(t time.Time, sum, sec, nano int64) (time.Time, error) {
	at, err := c.reach(t.Unix(), sum)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(at+sec, nano).In(t.Location()), nil
}

// reach is the first second after from at which the running total is at least sum.
func (c *Calendar) reach(from, sum int64) (int64, error) {
	near := c.near(from, sum)
	low, high := near, near
	for span := int64(day); c.total(high) < sum; span *= 4 {
		if high = near + span; high-from > farthest {
			return 0, fmt.Errorf("calendar %q %w", c.name, ErrNoMoreTime)
		}
	}
	for span := int64(day); low > from && c.total(low) >= sum; span *= 4 {
		low = max(from, near-span)
	}
	for low < high {
		if middle := low + (high-low)/2; c.total(middle) < sum {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// near walks by the mean of the week until the sum is less than a week of hours away: what is far costs as much to find as
// what is near. Holidays and closures only make it walk again.
func (c *Calendar) near(from, sum int64) int64 {
	const steps, week = 8, 7 * day
	hours, at := c.wall.before[7], from
	for range steps {
		gap := sum - c.total(at)
		if hours == 0 || max(gap, -gap) <= hours {
			break
		}
		at = min(max(from, at+gap/hours*week), from+farthest/2)
	}
	return at
}

// NextOpen is t if the calendar is open then, else the moment it opens next, in the location of t. It returns
// ErrNoMoreTime when it never does.
func (c *Calendar) NextOpen(t time.Time) (time.Time, error) {
	if c.Open(t) {
		return t, nil
	}
	local := t.In(c.loc)
	_, offset := local.Zone()
	_, end := local.ZoneBounds()
	if next, ok := c.wall.next(t.Unix() + int64(offset)); ok {
		if next -= int64(offset); end.IsZero() || next < end.Unix() {
			return time.Unix(next, 0).In(t.Location()), nil
		}
	}
	// Far away, or the clocks change before: the running total knows.
	return c.moment(t, c.total(t.Unix())+1, -1, 0)
}
