package routing

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// board plays a pool as the store does: turns and credits are kept from one decision to the next.
type board struct {
	doc  Document
	reps []Candidate
	turn int64
	got  map[string]int
}

func newBoard(p Pool, weights ...int) *board {
	b := &board{
		doc: Document{Account: Account{Owner: OwnerNone}, Rules: []Rule{{ID: "all", Pool: "p"}}, Pools: map[string]Pool{"p": p}},
		got: map[string]int{},
	}
	for i, w := range weights {
		open := 0
		b.reps = append(b.reps, Candidate{Pool: "p", RepID: fmt.Sprintf("r%02d", i), Weight: w, Open: &open})
	}
	return b
}

func (b *board) next(in Input) string {
	in.Read, in.Candidates = []string{"p"}, b.reps
	d := Decide(b.doc, in)
	b.turn++
	for i := range b.reps {
		c := &b.reps[i]
		if owed, ok := d.Credits[c.RepID]; ok {
			c.Credit = owed
		}
		if c.RepID == d.Rep {
			c.Turn = b.turn
			open := *c.Open + 1
			c.Open = &open
			b.got[d.Rep]++
		}
	}
	return d.Rep
}

// Over any stretch from the beginning everybody has had their share by weight, within one lead: Tijdeman's bound, up to what is
// rounded.
func TestWeighted_sharesMeetTheWeightsWithinOneLead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 1000), 2, 12).Draw(t, "weights")
		b, total := newBoard(Pool{Strategy: Weighted}, weights...), 0
		for _, w := range weights {
			total += w
		}
		bound := 1 - 1/float64(2*len(weights)-2) + 1e-5
		for n := 1; n <= 300; n++ {
			b.next(Input{})
			for i, w := range weights {
				share := float64(n) * float64(w) / float64(total)
				if off := math.Abs(float64(b.got[b.reps[i].RepID]) - share); off > bound {
					t.Fatalf("after %d leads rep %d of %v has %d, and its share is %.3f", n, i, weights, b.got[b.reps[i].RepID], share)
				}
			}
		}
	})
}

// Who comes and goes is owed by the leads that came while they were there: a holiday is not made up for.
func TestWeighted_whoWasAwayComesBackToNoFlood(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 20), 2, 8).Draw(t, "weights")
		b := newBoard(Pool{Strategy: Weighted}, weights...)
		owed := map[string]float64{}
		for range 150 {
			there := 0
			for i := range b.reps {
				b.reps[i].Away = rapid.IntRange(0, 9).Draw(t, "away") < 2
				if !b.reps[i].Away {
					there += b.reps[i].Weight
				}
			}
			rep := b.next(Input{})
			require.Equal(t, there == 0, rep == "")
			for _, c := range b.reps {
				if !c.Away {
					owed[c.RepID] += float64(c.Weight) / float64(there)
				}
				require.Less(t, math.Abs(owed[c.RepID]-float64(b.got[c.RepID])), 2.0)
				require.InDelta(t, owed[c.RepID]-float64(b.got[c.RepID]), float64(c.Credit)/Whole, 1e-6, "the credit is what is owed")
			}
		}
	})
}

// The sequence is spread: nobody gets a burst of what is theirs.
func TestWeighted_isSmooth(t *testing.T) {
	t.Parallel()
	b, got := newBoard(Pool{Strategy: Weighted}, 5, 1, 1), ""
	for range 14 {
		got += b.next(Input{})[2:]
	}
	require.Equal(t, got[:7], got[7:], "and comes round")
	require.NotContains(t, got, "00000", got)
}

func TestRoundRobin_isFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBoard(Pool{Strategy: RoundRobin}, make([]int, rapid.IntRange(1, 9).Draw(t, "reps"))...)
		for range rapid.IntRange(1, 200).Draw(t, "turns") {
			b.next(Input{})
			least, most := math.MaxInt, 0
			for _, r := range b.reps {
				least, most = min(least, b.got[r.RepID]), max(most, b.got[r.RepID])
			}
			require.LessOrEqual(t, most-least, 1)
		}
	})
}

func TestLeastLoaded_takesWhoHasFewest(t *testing.T) {
	t.Parallel()
	b := newBoard(Pool{Strategy: LeastLoaded}, 1, 1, 1)
	*b.reps[0].Open, *b.reps[1].Open = 5, 1
	for range 7 {
		b.next(Input{})
	}
	require.Equal(t, map[string]int{"r01": 3, "r02": 4}, b.got, "of 5, 1 and 0 open leads they come to 5, 4 and 4")
}

func TestFirstAvailable_takesWhoIsAtWorkFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
	later, never := now.Add(3*time.Hour), (*time.Time)(nil)
	b := newBoard(Pool{Strategy: FirstAvailable}, 1, 1, 1)
	b.reps[0].OpensAt, b.reps[1].OpensAt, b.reps[2].OpensAt = never, &later, &now
	require.Equal(t, "r02", b.next(Input{}))
	require.Equal(t, "r02", b.next(Input{}), "they are still there")
	require.Equal(t, "r01", b.next(Input{Passed: []string{"r02"}}))
	require.Empty(t, b.next(Input{Passed: []string{"r01", "r02"}}), "nobody is given what they will never see")
}
