package simulate_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// crowded is a house with far too few reps.
func crowded(t testing.TB, leads, days, capacity int) simulate.Input {
	in := house(t, leads, days)
	reps := make([]simulate.Rep, len(in.Behaviour.Sales.Reps))
	copy(reps, in.Behaviour.Sales.Reps)
	for i := range reps {
		reps[i].Capacity = capacity
	}
	in.Behaviour.Sales.Reps = reps
	return in
}

const byScore = `
name: by score
rules:
  - {id: best, when: [{field: score, range: [120, 100000]}], pool: best, fallback: [one]}
  - {id: rest, pool: rest}
pools:
  best: {strategy: least_loaded, reps: [ann]}
  one: {strategy: round_robin, reps: [cyd]}
  rest: {strategy: weighted, reps: [bob]}
`

// Looking again is not played where it is known to be in vain. Where all of a life is kept it is played, and nothing else is otherwise.
func TestRun_lookingAgainInVainChangesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*simulate.Input){
		"few reps": func(*simulate.Input) {},
		"no queue": func(in *simulate.Input) { in.Behaviour.Sales.Queue = 0 },
		"few a day": func(in *simulate.Input) {
			in.Behaviour.Sales.Queue = 0
			in.Behaviour.Sales.Reps = []simulate.Rep{{Name: "ann", PerDay: 1}}
			in.Behaviour.Arrivals.Over = hours(20)
		},
		"nobody": func(in *simulate.Input) {
			for i := range in.Behaviour.Sales.Reps {
				in.Behaviour.Sales.Reps[i].Inactive = true
			}
		},
		"pools by score": func(in *simulate.Input) {
			in.Behaviour.Sales.Queue, in.Behaviour.Sales.Reps[0].Capacity = 0, 0
			var err error
			in.Route, err = document.ParseRouting([]byte(byScore))
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := crowded(t, 80, 45, 1)
			change(&in)
			fast, leads, err := simulate.Ends(in)
			require.NoError(t, err)
			in.Keep = true
			slow, stand, err := simulate.Ends(in)
			require.NoError(t, err)
			require.Equal(t, text(t, slow), text(t, fast))
			require.Equal(t, text(t, stand), text(t, leads))
			require.True(t, slices.ContainsFunc(leads, func(l lifecycle.Lead) bool { return l.Unmet > 24 }), "nobody waited for long")
		})
	}
}

// BenchmarkRun_crowded is a house whose reps have room for a few of those who wait.
func BenchmarkRun_crowded(b *testing.B) {
	in := crowded(b, 1000, 90, 3)
	for b.Loop() {
		run(b, in)
	}
}
