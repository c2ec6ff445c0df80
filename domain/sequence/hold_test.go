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
		{ID: "hello", Mail: &Mail{}},
		{ID: "pause", Wait: span.Span(time.Hour)},
		{ID: "ask", WaitFor: &WaitFor{}, Then: "case", Else: "nudge"},
		{ID: "nudge", Mail: &Mail{}, Next: End},
		{ID: "case", Branch: []Case{{To: "hello"}}, Else: "last"},
		{ID: "last", Mail: &Mail{}},
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

// A week of two mails and a wait for a click, held from day 2 to day 5 while a wait of three days was under way.
func TestNext_catchesUpAsItWasSaid(t *testing.T) {
	s := Sequence{Steps: []Step{
		{ID: "rest", Wait: span.Span(3 * span.Day)}, {ID: "mail", Mail: &Mail{}}, {ID: "pause", Wait: span.Span(span.Day)}, {ID: "more", Mail: &Mail{}},
	}}
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return begin.AddDate(0, 0, n) }
	at := Position{Step: "rest", Since: begin}
	held := Facts{Lead: "a", Holds: Holds{{From: day(2)}}}
	m := Next(s, at, held, day(3))
	require.True(t, m.Held)
	require.Equal(t, at, m.Rest, "it stays where it is")
	require.True(t, m.At.After(day(4)))

	over := func(c CatchUp, spread span.Span, now time.Time) Move {
		return Next(s, at, Facts{Lead: "a", Holds: Holds{{From: day(2), To: day(5), Policy: c, Spread: spread}}}, now)
	}
	m = over(Shift, 0, day(5))
	require.Empty(t, m.Mail)
	require.Equal(t, day(6), m.At, "one day of three was left")
	require.Equal(t, begin, m.Rest.Since)
	require.Equal(t, "mail", over(Shift, 0, day(6)).Mail)

	m = over(Keep, 0, day(5))
	require.Equal(t, []any{"mail", "pause", day(6)}, []any{m.Mail, m.Rest.Step, m.At})

	m = over(Drop, 0, day(5))
	require.Equal(t, []any{"", []string{"mail"}, "pause", day(6)}, []any{m.Mail, m.Left, m.Rest.Step, m.At})

	release := Hold{To: day(5), Spread: span.Span(4 * time.Hour)}.Release("a")
	m = over(Keep, span.Span(4*time.Hour), day(5))
	require.Equal(t, []any{"", "rest", release}, []any{m.Mail, m.Rest.Step, m.At})
	require.Equal(t, "mail", over(Keep, span.Span(4*time.Hour), release).Mail)
	require.Equal(t, day(6), over(Shift, span.Span(4*time.Hour), day(5)).At, "who was not held up keeps its moment")
}

// A mail whose window opens after the hold was not due in it, though the wait before it was.
func TestNext_leavesOutOnlyWhatWouldHaveGone(t *testing.T) {
	s := Sequence{
		Window: &Window{From: "09:00", To: "17:00"},
		Steps:  []Step{{ID: "rest", Wait: span.Span(12 * time.Hour)}, {ID: "mail", Mail: &Mail{}}, {ID: "two", Mail: &Mail{}}},
	}
	at := func(hour int) time.Time { return time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC) }
	f := func(from, to int) Facts { return Facts{Holds: Holds{{From: at(from), To: at(to), Policy: Drop}}} }
	p := Position{Step: "rest", Since: at(-8)} // due at four
	require.Equal(t, "mail", Next(s, p, f(2, 6), at(9)).Mail)
	m := Next(s, p, f(2, 12), at(12))
	require.Equal(t, []any{"", []string{"mail", "two"}, true}, []any{m.Mail, m.Left, m.Done})
	require.Equal(t, []string{"mail", "two"}, Next(s, Position{Step: "mail", Since: at(4)}, f(2, 12), at(12)).Left, "also where it rested at the mail")
}

func TestNext_aTimeoutCountsNoHeldTime(t *testing.T) {
	s := Sequence{Steps: []Step{{ID: "ask", WaitFor: &WaitFor{Any: []string{"email_click"}, Timeout: span.Span(2 * span.Day)}, Then: "yes", Else: "no"}, {ID: "yes", Mail: &Mail{}, Next: End}, {ID: "no", Mail: &Mail{}}}}
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return begin.AddDate(0, 0, n) }
	clicked := time.Time{}
	f := Facts{
		Holds: Holds{{From: day(1), To: day(4), Policy: Shift}},
		Engaged: func(_ []string, from, to time.Time) int {
			if !clicked.IsZero() && !clicked.Before(from) && !clicked.After(to) {
				return 1
			}
			return 0
		},
	}
	p := Position{Step: "ask", Since: begin}
	m := Next(s, p, f, day(4))
	require.Equal(t, []any{"ask", day(5)}, []any{m.Rest.Step, m.At})
	clicked = day(2)
	require.Equal(t, "yes", Next(s, p, f, day(4)).Mail, "a click while it was held counts")
	clicked = time.Time{}
	require.Equal(t, "no", Next(s, p, f, day(5)).Mail)
}
