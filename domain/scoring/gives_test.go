package scoring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What a store relies on when it keeps a moment instead of looking for it anew: events never let a score of giving rules
// turn earlier, of whatever cycle and however late they are.
func TestOnlyGives_moreEventsTurnNoEarlier(t *testing.T) {
	t.Parallel()
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, banded(t, shortLived(t, drawModel(t))))
		adjustments := drawAdjustments(t)
		for i := range adjustments {
			adjustments[i].At = now.Add(-time.Duration(rapid.IntRange(1, 90_000).Draw(t, "cut")) * time.Millisecond)
		}
		draw := func(ids string) []Event {
			events := drawEvents(t)
			for i := range events {
				age := time.Duration(rapid.IntRange(0, 120_000).Draw(t, "age")) * time.Millisecond
				events[i].ID, events[i].OccurredAt, events[i].ReceivedAt = ids+events[i].ID, now.Add(-age), time.Time{}
			}
			return distinct(events)
		}
		fit := rapid.Float64Range(-20, 60).Draw(t, "fit")
		acc := s.Recompute(adjustments, draw("a"))
		band := s.EvaluateFit(fit, acc, adjustments, now, "").Band
		later := now.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(t, "later")) * time.Millisecond)
		before := s.Turns(fit, acc, adjustments, now, band)
		acc = s.Fold(acc, adjustments, draw("b")...)
		if acc.Stale(adjustments) || !s.OnlyGives(acc) || s.EvaluateFit(fit, acc, adjustments, later, band).Band != band {
			return
		}
		after := turn(t, s, fit, acc, adjustments, later, band)
		switch {
		case before.IsZero():
			require.Zero(t, after, "it never turned, and now it does")
		case !after.IsZero() && before.After(later):
			require.False(t, after.Before(before), "%s is before %s", after, before)
			compared++
		}
	})
	require.Positive(t, compared)
}

func TestReads(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	for kind, rules := range s.byType {
		reads := false
		for _, i := range rules {
			reads = reads || len(s.rules[i].Where) > 0
		}
		require.Equal(t, reads, s.Reads(kind), kind)
	}
	require.True(t, s.Reads("page_view"))
	require.False(t, s.Reads("no_such_type"))
}
