package sequence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCaps_deferAndNeverDrop(t *testing.T) {
	t.Parallel()
	s := seq(mail("a"), mail("b"), mail("c"))
	f := Facts{Rules: Rules{PerDay: 1, PerWeek: 2}}
	now, at, got := monday, Position{}, []string{}
	for range 10 {
		m := Next(s, at, f, now)
		if m.Mail != "" {
			got, f.Sent = append(got, fmt.Sprint(m.Mail, now.Sub(monday))), append(f.Sent, now)
		}
		if m.Done {
			break
		}
		at, now = m.Rest, m.At
	}
	require.Equal(t, []string{"a0s", "b24h0m0s", "c168h0m0s"}, got, "a day later, and a week after the first")
}

// However mails of other sequences come between, no 24 hours and no 7 days have more than the caps say, and the mail goes out at the
// first moment at which it may.
func TestCaps_holdAtAnyMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := Rules{PerDay: rapid.IntRange(0, 3).Draw(t, "day"), PerWeek: rapid.IntRange(0, 5).Draw(t, "week")}
		var sent []time.Time
		now := monday
		over := func(at time.Time) bool {
			day, week := 1, 1
			for _, s := range sent {
				if s.After(at.Add(-aDay)) {
					day++
				}
				if s.After(at.Add(-7 * aDay)) {
					week++
				}
			}
			return r.PerDay > 0 && day > r.PerDay || r.PerWeek > 0 && week > r.PerWeek
		}
		for range 20 {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour)
			at := r.allows(sent, now)
			require.False(t, at.Before(now))
			require.False(t, over(at))
			if at.After(now) {
				require.True(t, over(at.Add(-1)), "and not earlier")
			}
			sent, now = append(sent, at), at
		}
	})
}

// Leads that wait for one opening go out over the spread, each always at its own moment, and none while it is closed.
func TestJitter_spreadsOverTheIntervalAndNeverOutsideTheWindow(t *testing.T) {
	t.Parallel()
	const leads = 1_500
	for name, c := range map[string]struct {
		to      string
		spread  time.Duration
		within  time.Duration // all of them
		buckets int           // of a minute that nearly none misses
	}{
		"in a long window":  {"17:00", 30 * time.Minute, 30 * time.Minute, 30},
		"in a short window": {"09:10", 30 * time.Minute, 10 * time.Minute, 10},
		"of a minute":       {"09:01", 8 * time.Hour, time.Minute, 1},
	} {
		s := seq(mail("a"))
		s.Window = &Window{From: "09:00", To: c.to}
		opens := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		seconds, minutes := map[int64]int{}, map[int64]int{}
		for i := range leads {
			f := Facts{Lead: fmt.Sprintf("lead-%d", i), Cycle: 1, Rules: Rules{Jitter: c.spread}}
			m := Next(s, Position{}, f, monday.Add(9*time.Hour))
			require.Equal(t, "a", m.Rest.Step)
			after := m.At.Sub(opens)
			require.True(t, after >= 0 && after < c.within, "%s: %s", name, after)
			require.Equal(t, "a", Next(s, m.Rest, f, m.At).Mail, "then it goes")
			require.Equal(t, m, Next(s, Position{}, f, monday.Add(9*time.Hour)))
			seconds[int64(after/time.Second)]++
			minutes[int64(after/time.Minute)]++
		}
		require.Len(t, minutes, c.buckets, name)
		for second, n := range seconds {
			require.Less(t, n, 4*leads/int(c.within/time.Second)+20, "%s: second %d", name, second)
		}
	}
}

func TestJitter_spreadsWaitsAndTimeouts(t *testing.T) {
	t.Parallel()
	s := seq(wait("w", aDay), Step{ID: "f", WaitFor: &WaitFor{Any: []string{"call"}, Timeout: 1 << 50}}, Step{ID: "u", WaitUntil: &WaitUntil{At: "09:00"}})
	for _, step := range s.Steps {
		plain := Next(s, Position{step.ID, monday}, Facts{}, monday)
		moments := map[time.Time]bool{}
		for i := range 1000 {
			f := Facts{Lead: fmt.Sprint(i), Rules: Rules{Jitter: time.Hour}}
			m := Next(s, Position{step.ID, monday}, f, monday)
			require.True(t, !m.At.Before(plain.At) && m.At.Before(plain.At.Add(time.Hour)), step.ID)
			moments[m.At] = true
			require.NotEqual(t, step.ID, Next(s, m.Rest, f, m.At).Rest.Step, "it is over then")
		}
		require.Greater(t, len(moments), 950, step.ID)
	}
}
