package calendar

import (
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// manyCases are asked in each run; one minute table a calendar answers a thousand of them.
const (
	manyCases = 100_000
	perTable  = 1_000
)

// counted is a minute table with the open seconds before each minute, so that counting costs a look-up. It holds no rule of
// the calendar: only what the texts of the local minutes said.
type counted struct {
	table
	before []int64
}

func newCounted(tb table) counted {
	c := counted{tb, make([]int64, len(tb.open)+1)}
	for i, open := range tb.open {
		c.before[i+1] = c.before[i]
		if open {
			c.before[i+1] += 60
		}
	}
	return c
}

// passed is the open time from the table's start to a second of a minute.
func (c counted) passed(minute, sec int) int64 {
	if c.open[minute] {
		return c.before[minute] + int64(sec)
	}
	return c.before[minute]
}

// reached is the first moment at which so many open seconds have passed.
func (c counted) reached(sum int64) time.Time {
	i := sort.Search(len(c.open), func(i int) bool { return c.before[i+1] >= sum })
	return c.at(i, int(sum-c.before[i]))
}

// A hundred thousand random questions in each run: calendars of every kind, zones of every kind, the days around changes of
// the clocks and the ends of years first of all.
func TestAgainstAMinuteTable_aHundredThousandTimes(t *testing.T) {
	t.Parallel()
	const days = 9
	asked, zonesSeen := 0, map[string]bool{}
	for asked < manyCases {
		rapid.Check(t, func(t *rapid.T) {
			zone := rapid.SampledFrom(zones).Draw(t, "zone")
			loc := location(t, zone)
			start := drawStart(t, loc)
			if rapid.IntRange(0, 5).Draw(t, "yearEnd") == 0 {
				start = time.Date(start.Year(), 12, 26, 0, 0, 0, 0, time.UTC)
			}
			s := drawSpec(t, zone, start, days)
			c, err := New(s, loc)
			if err != nil {
				require.ErrorContains(t, err, ErrEmpty.Error())
				return
			}
			zonesSeen[zone] = true
			tb := newCounted(newTable(s, loc, start, days*24*60))
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
			for range perTable {
				tb.ask(t, c, r)
			}
			asked += perTable
		})
	}
	require.GreaterOrEqual(t, asked, manyCases)
	require.Greater(t, len(zonesSeen), len(zones)/2, "most zones were asked about")
}

func (c counted) ask(t *rapid.T, cal *Calendar, r *rand.Rand) {
	minute, sec := r.IntN(len(c.open)), r.IntN(60)
	later, laterSec := minute+r.IntN(len(c.open)-minute), r.IntN(60)
	if later == minute {
		laterSec = max(sec, laterSec)
	}
	from, to := c.at(minute, sec), c.at(later, laterSec)
	was := c.passed(minute, sec)
	if got := cal.Open(from); got != c.open[minute] {
		t.Fatalf("open at %s: %v", from, got)
	}
	want := time.Duration(c.passed(later, laterSec)-was) * time.Second
	if got := cal.Elapsed(from, to); got != want {
		t.Fatalf("from %s to %s: %s, counted %s", from, to, got, want)
	}
	rest := c.before[len(c.open)] - was
	if rest == 0 {
		return
	}
	add := 1 + r.Int64N(rest)
	got, err := cal.Add(from, time.Duration(add)*time.Second)
	if wanted := c.reached(was + add); err != nil || !got.Equal(wanted) {
		t.Fatalf("%s + %d s: %s (%v), counted %s", from, add, got, err, wanted)
	}
}

// What no table reaches is the earliest moment all the same: the time until it is what was added, and a nanosecond sooner it
// is not yet.
func TestAdd_farAwayIsTheEarliestMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc := location(t, zone)
		start := drawStart(t, loc)
		s := drawSpec(t, zone, start, 400)
		if rapid.IntRange(0, 3).Draw(t, "long") == 0 {
			s.Closures = append(s.Closures, Closure{"2027-01-01", "2036-12-31"})
		}
		c, err := New(s, loc)
		if err != nil {
			return
		}
		for range 20 {
			d := time.Duration(rapid.Int64Range(1, int64(60_000*time.Hour)).Draw(t, "add"))
			got, err := c.Add(start, d)
			if err != nil {
				require.ErrorIs(t, err, ErrNoMoreTime)
				continue
			}
			require.Equal(t, d, c.Elapsed(start, got), "%s + %s", start, d)
			require.Less(t, c.Elapsed(start, got.Add(-1)), d, "%s + %s: %s is not the first", start, d, got)
		}
	})
}
