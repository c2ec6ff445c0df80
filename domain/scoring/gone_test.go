package scoring

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// parted draws a moment before which events are no longer kept, and gives those that are.
func parted(t *rapid.T, events []Event) (since time.Time, kept []Event) {
	since = now.Add(-2 * drawAge(t).Abs())
	for _, e := range events {
		if e.micros() >= since.UnixMicro() {
			kept = append(kept, e)
		}
	}
	return since, kept
}

// However much is gone, an explanation comes to what the accumulators say, and names all of it.
func TestExplainKept_saysWhatEvaluateSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, drawModel(t))
		events, adjustments, profile := drawEvents(t), drawAdjustments(t), drawProfile(t)
		acc := s.Recompute(adjustments, events)
		at := time.UnixMicro(max(now.UnixMicro(), acc.Newest))
		since, kept := parted(t, events)
		got := s.ExplainKept(Explained{profile, kept, adjustments, at, ""}, Kept{acc, true, since})
		require.Equal(t, s.Evaluate(profile, acc, adjustments, at, ""), got.Result)
		addsUp(t, s, got)
		all := s.Explain(profile, events, adjustments, at, "")
		if len(kept) == len(events) {
			require.Equal(t, all, got, "where nothing is gone, nothing is said of it")
		}
		unknown := s.ExplainKept(Explained{profile, kept, adjustments, at, ""}, Kept{Since: since})
		require.False(t, unknown.Complete)
		addsUp(t, s, unknown)
	})
}

// An adjustment dated after what is gone has everything folded anew: nothing is forgotten, to the bit.
func TestRegain_isAsIfAllWereThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, drawModel(t))
		events, adjustments := drawEvents(t), drawAdjustments(t)
		since, kept := parted(t, events)
		stored := stored(t, s.Recompute(adjustments, events))
		for _, tally := range stored.Tallies {
			if r := &s.rules[s.index[tally.Rule]]; r.within > 0 && len(tally.Times) == r.keep {
				t.Skip("a full window has let go of moments that another division of the cycles would have kept")
			}
		}
		later := append(slices.Clone(adjustments), Adjustment{At: since.Add(drawAge(t).Abs()), Policy: "keep", Cycle: 99})
		want, err := json.Marshal(s.Recompute(later, events))
		require.NoError(t, err)
		got, err := json.Marshal(s.Regain(s.Recompute(later, kept), stored, later, kept))
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
	})
}
