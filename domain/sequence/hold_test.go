package sequence

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// holding draws holds as seconds from begin, which may overlap; some are not over.
func holding(t *rapid.T, begin time.Time) Holds {
	var hs Holds
	for range rapid.IntRange(0, 4).Draw(t, "holds") {
		from := rapid.IntRange(0, 400).Draw(t, "from")
		h := Hold{From: begin.Add(time.Duration(from) * time.Second), Policy: rapid.SampledFrom(CatchUps).Draw(t, "policy")}
		if rapid.IntRange(0, 4).Draw(t, "over") > 0 {
			h.To = h.From.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "length")) * time.Second)
		}
		hs = append(hs, h)
	}
	slices.SortFunc(hs, func(a, b Hold) int { return a.From.Compare(b.From) })
	return hs
}

// A walk second by second: those within a hold that shifts do not count.
func TestHolds_leaveOutWhatAWalkLeavesOut(t *testing.T) {
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Second) }
	rapid.Check(t, func(t *rapid.T) {
		hs := holding(t, begin)
		from, now := rapid.IntRange(0, 300).Draw(t, "from"), 500
		wait := rapid.IntRange(0, 150).Draw(t, "wait")
		held := func(second int) bool {
			return slices.ContainsFunc(hs, func(h Hold) bool {
				return h.Policy == Shift && !at(second).Before(h.From) && (h.To.IsZero() || at(second).Before(h.To))
			})
		}
		n, left := from, wait
		for ; n < now && (left > 0 || held(n)); n++ { // due within a hold is due at its end
			if !held(n) {
				left--
			}
		}
		due := hs.after(at(from), time.Duration(wait)*time.Second, at(now))
		if left == 0 && n < now {
			require.Equal(t, at(n), due)
		} else {
			require.False(t, due.Before(at(now)), "not due yet")
		}
	})
}

func TestHolds_knowWhatIsOpenAndWhatIsDropped(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	hs := Holds{{From: day(1), To: day(3), Policy: Drop}, {From: day(5)}}
	require.False(t, hs.open(day(1).Add(-1)))
	require.True(t, hs.open(day(1)))
	require.False(t, hs.open(day(3)), "a hold ends at its end")
	require.True(t, hs.open(day(9)))
	require.True(t, hs.dropped(day(1)))
	require.True(t, hs.dropped(day(2)))
	require.False(t, hs.dropped(day(3)))
	require.False(t, hs.dropped(day(6)), "nobody has said yet what becomes of it")
}

// A million leads do not come back in one second, and each always at its own.
func TestHold_spreadsTheReturn(t *testing.T) {
	h := Hold{To: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Spread: span.Span(4 * time.Hour)}
	quarters := make([]int, 16)
	const people = 16_000
	for n := range people {
		id := fmt.Sprintf("0199aaaa-0000-7000-8000-%012d", n)
		at := h.Release(id)
		require.Equal(t, at, h.Release(id))
		require.False(t, at.Before(h.To))
		require.True(t, at.Before(h.To.Add(4*time.Hour)))
		quarters[int(at.Sub(h.To)/(15*time.Minute))]++
	}
	for _, n := range quarters {
		require.InDelta(t, people/16, n, 150) // five standard deviations of a binomial
	}
	require.Equal(t, h.To, Hold{To: h.To}.Release("x"))
}

func TestSuccessor_strandsNobody(t *testing.T) {
	older := Sequence{Steps: []Step{
		{ID: "hello", Mail: &Mail{}}, {ID: "pause", Wait: span.Span(time.Hour)},
		{ID: "ask", WaitFor: &WaitFor{}, Then: "case", Else: "nudge"},
		{ID: "nudge", Mail: &Mail{}, Next: End}, {ID: "case", Branch: []Case{{To: "hello"}}, Else: "last"}, {ID: "last", Mail: &Mail{}},
	}}
	newer := func(ids ...string) (s Sequence) {
		for _, id := range ids {
			s.Steps = append(s.Steps, Step{ID: id})
		}
		return s
	}
	for _, c := range []struct {
		step string
		new  Sequence
		want string
	}{
		{"pause", newer("hello", "pause"), "pause"},
		{"pause", newer("hello", "nudge"), "nudge"}, // ask is gone too: its else
		{"hello", newer("last"), End},               // nudge leads to the end
		{"case", newer("last"), "last"},
		{"last", newer("hello"), End},
		{"never", newer("hello"), End},
	} {
		require.Equal(t, c.want, older.Successor(c.step, c.new), c.step)
	}
}

// Whatever is removed, a lead ends up at a step that is there, or at the end; also where the old version turns in a loop.
func TestSuccessor_isThereOrTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"a", "b", "c", "d", "e"}
		to := rapid.SampledFrom(append(ids, "", End))
		var older, newer Sequence
		for _, id := range ids {
			s := Step{ID: id, Next: to.Draw(t, "next"), Else: to.Draw(t, "else")}
			if rapid.Bool().Draw(t, "waits for") {
				s.WaitFor = &WaitFor{}
			}
			older.Steps = append(older.Steps, s)
			if rapid.Bool().Draw(t, "stays") {
				newer.Steps = append(newer.Steps, s)
			}
		}
		got := older.Successor(rapid.SampledFrom(ids).Draw(t, "at"), newer)
		if got != End {
			_, there := newer.Step(got)
			require.True(t, there)
		}
	})
}
