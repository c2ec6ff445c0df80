package scoring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// turn asks as the sweep does: again from where it was told to look.
func turn(t require.TestingT, s *Scorer, fit float64, acc Accumulators, adjustments []Adjustment, at time.Time, band string) time.Time {
	for range 1000 {
		next := s.Turns(fit, acc, adjustments, at, band)
		if next.IsZero() || s.EvaluateFit(fit, acc, adjustments, next, band).Band != band {
			return next
		}
		require.True(t, next.After(at))
		at = next
	}
	require.Fail(t, "it never comes to an end")
	return at
}

// shortLived turns the lengths of a model into seconds, so that every second can be walked.
func shortLived(t *rapid.T, m Model) Model {
	for i := range m.Engagement {
		r := &m.Engagement[i]
		length := span.Span(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
		if r.HalfLife > 0 {
			r.HalfLife = length
		}
		if r.Within > 0 {
			r.Within = 5 * length
		}
	}
	return m
}

// banded draws bands where the scores of small models are.
func banded(t *rapid.T, m Model) Model {
	warm := rapid.IntRange(1, 60).Draw(t, "warm")
	m.Bands = Bands{Warm: float64(warm) / 2, Hot: float64(warm + rapid.IntRange(2, 60).Draw(t, "hot")), Hysteresis: rapid.Float64Range(0, 2).Draw(t, "hysteresis")}
	return m
}

// Every second is walked, with all kinds of rules, caps, groups, floors, negative points, recycling before and after.
func TestTurns_isTheFirstSecondAWalkFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := banded(t, shortLived(t, drawModel(t)))
		s := scorer(t, m)
		events := drawEvents(t)
		for i := range events {
			events[i].OccurredAt, events[i].ReceivedAt = now.Add(-time.Duration(rapid.IntRange(0, 120_000).Draw(t, "age"))*time.Millisecond), time.Time{}
		}
		adjustments := drawAdjustments(t)
		for i := range adjustments {
			adjustments[i].At = now.Add(time.Duration(rapid.IntRange(-90_000, 90_000).Draw(t, "cut")) * time.Millisecond)
		}
		acc := s.Recompute(adjustments, events)
		fit := rapid.Float64Range(-20, 60).Draw(t, "fit")
		at := now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "later")) * time.Millisecond)
		band := s.EvaluateFit(fit, acc, adjustments, at, rapid.SampledFrom([]string{"", Cold, Warm, Hot}).Draw(t, "before")).Band

		var want time.Time
		for sec := at.Truncate(time.Second).Add(time.Second); sec.Before(now.Add(45 * time.Minute)); sec = sec.Add(time.Second) {
			if s.EvaluateFit(fit, acc, adjustments, sec, band).Band != band {
				want = sec
				break
			}
		}
		require.Equal(t, want, turn(t, s, fit, acc, adjustments, at, band))
	})
}

// Over months a walk takes too long: it looks at hours, and at the second before.
func TestTurns_overMonths(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := banded(t, drawModel(t))
		s := scorer(t, m)
		adjustments := drawAdjustments(t)
		acc := s.Recompute(adjustments, drawEvents(t))
		band := s.EvaluateFit(10, acc, adjustments, now, "").Band
		got := turn(t, s, 10, acc, adjustments, now, band)
		until := got
		if got.IsZero() {
			until = now.Add(4 * 365 * 24 * time.Hour)
		}
		for at := now; at.Before(until); at = at.Add(7 * time.Hour) {
			require.Equal(t, band, s.EvaluateFit(10, acc, adjustments, at, band).Band, "%s, before %s", at, got)
		}
		if !got.IsZero() {
			require.Zero(t, got.Nanosecond())
			require.Equal(t, band, s.EvaluateFit(10, acc, adjustments, got.Add(-time.Second), band).Band)
		}
	})
}

func TestTurns_examples(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	day := time.Duration(span.Day)
	views := func(n int) (out []Event) {
		for i := range n {
			out = append(out, view(time.Duration(i)*time.Microsecond, "/pricing"))
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		fit    float64
		events []Event
		want   time.Time
	}{
		{"nothing", 0, nil, time.Time{}},
		{"cold and cooling", 0, []Event{happened("webinar_attendance", 0)}, time.Time{}},
		{"a fit alone never cools", 60, nil, time.Time{}},
		// 50 + 20 * 2^(-x/45d) leaves hot... never was; warm holds down to 30.
		{"warm by fit", 50, []Event{happened("webinar_attendance", 0)}, time.Time{}},
		// 10 + 40 of two webinars: below 29.5 when 40 * 2^(-x/45d) < 19.5.
		{"one half-life", 10, []Event{happened("webinar_attendance", 0), happened("webinar_attendance", 0, "n", "2")}, now.Add(time.Duration(1.0365258983*45*float64(day)) + time.Second).Truncate(time.Second)},
		// 30 + 3 in a window of 5 days: a step.
		{"a window lets go", 20, []Event{happened("cta_click", 0), happened("cta_click", 0, "n", "2"), happened("cta_click", 0, "n", "3")}, now.Add(5 * day)},
		{"a count falls under", 26, views(3), time.Time{}}, // replaced below
	} {
		acc := s.Recompute(nil, tt.events)
		band := s.EvaluateFit(tt.fit, acc, nil, now, "").Band
		if tt.name == "a count falls under" { // 26 + 40 (capped) + 15
			require.Equal(t, Warm, band)
			got := s.Turns(tt.fit, acc, nil, now, band)
			require.Equal(t, Warm, s.EvaluateFit(tt.fit, acc, nil, got.Add(-time.Second), band).Band)
			require.Equal(t, Cold, s.EvaluateFit(tt.fit, acc, nil, got, band).Band)
			continue
		}
		require.Equal(t, tt.want, s.Turns(tt.fit, acc, nil, now, band), tt.name)
	}
}

// Points that balance at a limit for months are followed a piece at a time.
func TestTurns_comesToAnEndWherePointsBalance(t *testing.T) {
	t.Parallel()
	s := scorer(t, Model{Bands: Bands{Hot: 100, Warm: 40}, Engagement: []EngagementRule{
		{ID: "good", On: "page_view", Points: 20, HalfLife: days(30)}, {ID: "bad", On: "email_bounce", Points: -20, HalfLife: days(30)},
	}})
	acc := s.Recompute(nil, []Event{view(0, "/"), happened("email_bounce", 0)})
	next := s.Turns(39.5, acc, nil, now, Warm)
	require.True(t, next.After(now))
	require.Equal(t, Warm, s.EvaluateFit(39.5, acc, nil, next, Warm).Band)
}

func BenchmarkTurns(b *testing.B) {
	s := scorer(b, everyKind())
	one := []Event{happened("webinar_attendance", 0), happened("webinar_attendance", 1), happened("webinar_attendance", 2)}
	for name, events := range map[string][]Event{"closed form": one, "bisection": append(one, view(0, "/pricing"), view(1, "/pricing"))} {
		b.Run(name, func(b *testing.B) {
			acc := s.Recompute(nil, events)
			for b.Loop() {
				_ = s.Turns(10, acc, nil, now, Warm)
			}
		})
	}
}
