package routing

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	two := 2
	ledger, choice := Choose([]Candidate{
		{RepID: "ann", Turn: 7}, {RepID: "bob", Turn: 3, Open: 2, Capacity: &two}, {RepID: "cyd", Turn: 4}, {RepID: "dan", Turn: 1},
	}, []string{"dan"})
	require.Equal(t, "cyd", choice)
	require.Equal(t, ExcludedCapacity, ledger[1].Excluded)
	require.Equal(t, ExcludedPassed, ledger[3].Excluded)
	_, choice = Choose(nil, nil)
	require.Empty(t, choice)
}

// Over many turns everybody gets as many as everybody else, within one.
func TestChoose_isFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "reps")
		reps, got := make([]Candidate, n), map[string]int{}
		for i := range reps {
			reps[i].RepID = fmt.Sprint(i)
		}
		for turn := range rapid.IntRange(1, 200).Draw(t, "turns") {
			_, choice := Choose(reps, nil)
			for i := range reps {
				if reps[i].RepID == choice {
					reps[i].Turn = int64(turn + 1)
					got[choice]++
				}
			}
		}
		least, most := 1<<30, 0
		for _, r := range reps {
			least, most = min(least, got[r.RepID]), max(most, got[r.RepID])
		}
		require.LessOrEqual(t, most-least, 1)
	})
}
