package funnel

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var began = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return began.Add(d) }

func TestCount_stepsConversionAndDurations(t *testing.T) {
	t.Parallel()
	facts := []Fact{
		{"a", "captured", after(0)},
		{"a", "mql", after(time.Hour)},
		{"a", "won", after(5 * time.Hour)},
		{"b", "captured", after(0)},
		{"b", "mql", after(3 * time.Hour)},
		{"c", "captured", after(0)},
		{"c", "mql", after(8 * time.Hour)},
		{"d", "captured", after(0)},
		{"e", "won", after(0)}, // known from elsewhere
	}
	require.Equal(t, []Step{
		{"captured", 4, 1, Took{}},
		{"mql", 3, 0.75, Took{3, 3 * time.Hour, 7 * time.Hour}},
		{"won", 2, 1.0 / 3, Took{1, 4 * time.Hour, 4 * time.Hour}},
	}, Count([]string{"captured", "mql", "won"}, facts))
	require.Equal(t, Took{1, 5 * time.Hour, 5 * time.Hour}, Between("captured", "won", facts))
}

func TestCount_ofNobody(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Step{{"captured", 0, 1, Took{}}, {"won", 0, 0, Took{}}}, Count([]string{"captured", "won"}, nil))
}

// A step may be reached again, or be told late: the earliest moment counts. What ends before it begins has no duration.
func TestCount_theEarliestFactCounts(t *testing.T) {
	t.Parallel()
	got := Count([]string{"captured", "mql"}, []Fact{
		{"a", "mql", after(9 * time.Hour)},
		{"a", "captured", after(2 * time.Hour)},
		{"a", "mql", after(3 * time.Hour)},
		{"b", "captured", after(time.Hour)},
		{"b", "mql", after(0)},
	})
	require.Equal(t, Step{"mql", 2, 1, Took{1, time.Hour, time.Hour}}, got[1])
}

func TestCount_neitherOrderNorRepetitionMatters(t *testing.T) {
	t.Parallel()
	steps := []string{"captured", "mql", "accepted", "won"}
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Fact {
			return Fact{
				rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "who"), rapid.SampledFrom(steps).Draw(t, "what"),
				after(time.Duration(rapid.IntRange(0, 1000).Draw(t, "when")) * time.Minute),
			}
		}), 1, 40).Draw(t, "facts")
		again := append(rapid.Permutation(facts).Draw(t, "shuffled"), rapid.SliceOf(rapid.SampledFrom(facts)).Draw(t, "doubled")...)
		require.Equal(t, Count(steps, facts), Count(steps, again))
	})
}
