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
	rapid.Check(t, func(t *rapid.T) {
		m := banded(t, shortLived(t, drawModel(t)))
		for i := range m.Engagement {
			m.Engagement[i].Points = max(m.Engagement[i].Points, -m.Engagement[i].Points)
			m.Engagement[i].Unless = nil
			if c := m.Engagement[i].Cap; c != nil {
				*c = max(*c, -*c)
			}
		}
		for name, g := range m.Groups {
			m.Groups[name] = Group{Cap: max(g.Cap, -g.Cap)}
		}
		s := scorer(t, m)
		adjustments := drawAdjustments(t)
		for i := range adjustments {
			adjustments[i].At = now.Add(-time.Duration(rapid.IntRange(1, 90_000).Draw(t, "cut")) * time.Millisecond)
		}
		draw := func(ids string) []Event {
			events := drawEvents(t)
			for i := range events {
				age := time.Duration(rapid.IntRange(0, 10_000).Draw(t, "age")) * time.Millisecond
				events[i].ID, events[i].OccurredAt, events[i].ReceivedAt = ids+events[i].ID, now.Add(-age), time.Time{}
			}
			return distinct(events)
		}
		fit := rapid.Float64Range(0, m.Bands.Hot).Draw(t, "fit")
		acc := s.Recompute(adjustments, draw("a"))
		band := s.EvaluateFit(fit, acc, adjustments, now, "").Band
		later := now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "later")) * time.Millisecond)
		before := s.Turns(fit, acc, adjustments, now, band)
		acc = s.Fold(acc, adjustments, draw("b")...)
		if acc.Stale(adjustments) || !s.OnlyGives(acc) || s.EvaluateFit(fit, acc, adjustments, later, band).Band != band {
			return
		}
		after := turn(t, s, fit, acc, adjustments, later, band)
		switch {
		case before.IsZero():
			require.Zero(t, after, "it never turned, and now it does")
		case before.After(later):
			require.False(t, !after.IsZero() && after.Before(before), "%s is before %s", after, before)
		}
	})
}
