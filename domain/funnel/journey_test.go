package funnel

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTravel_cyclesAndTheWhole(t *testing.T) {
	t.Parallel()
	got := Travel(after(0), []Move{
		{"nurturing", 1, after(time.Hour)},
		{"qualified", 1, after(3 * time.Hour)},
		{"nurturing", 1, after(4 * time.Hour)}, // the score fell
		{"qualified", 1, after(6 * time.Hour)},
		{"working", 1, after(7 * time.Hour)}, // claimed: never offered
		{"dormant", 1, after(9 * time.Hour)},
		{"nurturing", 2, after(19 * time.Hour)},
		{"qualified", 2, after(20 * time.Hour)},
		{"handoff", 2, after(21 * time.Hour)},
		{"working", 2, after(22 * time.Hour)},
		{"won", 2, after(30 * time.Hour)}, // without an opportunity
	})
	require.Equal(t, []Journey{
		{
			Cycle: 0, Stage: "won", StageAt: after(30 * time.Hour),
			Reached: map[string]time.Time{Captured: after(0), MQL: after(3 * time.Hour), Accepted: after(7 * time.Hour), Won: after(30 * time.Hour), Rewon: after(30 * time.Hour)},
			Spent: map[string]time.Duration{
				"nurturing": 5 * time.Hour, "qualified": 3 * time.Hour, "handoff": time.Hour, "working": 10 * time.Hour, "dormant": 10 * time.Hour,
			},
		},
		{
			Cycle: 1, Stage: "dormant", StageAt: after(9 * time.Hour),
			Reached: map[string]time.Time{Captured: after(0), MQL: after(3 * time.Hour), Accepted: after(7 * time.Hour)},
			Spent:   map[string]time.Duration{"nurturing": 4 * time.Hour, "qualified": 2 * time.Hour, "working": 2 * time.Hour, "dormant": 10 * time.Hour},
		},
		{
			Cycle: 2, Stage: "won", StageAt: after(30 * time.Hour),
			Reached: map[string]time.Time{Captured: after(19 * time.Hour), MQL: after(20 * time.Hour), Accepted: after(22 * time.Hour), Won: after(30 * time.Hour), Rewon: after(30 * time.Hour)},
			Spent:   map[string]time.Duration{"nurturing": time.Hour, "qualified": time.Hour, "handoff": time.Hour, "working": 8 * time.Hour},
		},
	}, got)
}

func TestTravel_ofALeadThatHasNotMoved(t *testing.T) {
	t.Parallel()
	got := Travel(after(0), nil)
	require.Len(t, got, 2)
	for cycle, j := range got {
		require.Equal(t, Journey{Cycle: cycle, Stage: "captured", StageAt: after(0), Reached: map[string]time.Time{Captured: after(0)}, Spent: map[string]time.Duration{}}, j)
	}
}

// The whole is what its cycles are: nothing reached later than in the first of them that reached it, all time spent once.
func TestTravel_theWholeHoldsItsCyclesAndNothingElse(t *testing.T) {
	t.Parallel()
	stages := append([]string{"won", "lost", "disqualified"}, Stays...)
	rapid.Check(t, func(t *rapid.T) {
		at, cycle := after(0), 1
		var moves []Move
		for range rapid.IntRange(0, 25).Draw(t, "moves") {
			at = at.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, "after")) * time.Second)
			if rapid.IntRange(0, 5).Draw(t, "next") == 0 {
				cycle++
			}
			moves = append(moves, Move{rapid.SampledFrom(stages).Draw(t, "stage"), cycle, at})
		}
		shuffled := rapid.Permutation(moves).Draw(t, "shuffled")
		got := Travel(after(0), shuffled)
		require.Equal(t, Travel(after(0), moves), got, "the order in which moves are told is nothing")
		var spent, each time.Duration
		for _, took := range got[0].Spent {
			spent += took
		}
		for step, first := range got[0].Reached {
			reached := false
			for _, j := range got[1:] {
				if when, ok := j.Reached[step]; ok {
					require.False(t, when.Before(first))
					reached = reached || when.Equal(first)
				}
			}
			require.True(t, reached, step)
		}
		for _, j := range got[1:] {
			for _, took := range j.Spent {
				each += took
			}
		}
		require.Equal(t, each, spent)
	})
}
