package simulate_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document/housetest"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

func hours(n int) span.Span { return span.Span(time.Duration(n) * time.Hour) }

func house(t testing.TB, leads, days int) simulate.Input { return housetest.New(t, leads, days, nil) }

func run(t testing.TB, in simulate.Input) *simulate.Result {
	t.Helper()
	r, err := simulate.Run(in)
	require.NoError(t, err)
	return r
}

func text(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

func TestRun_theSameSeedIsTheSameToTheByte(t *testing.T) {
	t.Parallel()
	in := house(t, 60, 40)
	first := text(t, run(t, in))
	require.Equal(t, first, text(t, run(t, in)))
	in.Seed++
	require.NotEqual(t, first, text(t, run(t, in)))
}

// What is counted in one table is what is counted in another.
func TestRun_itsTablesAgree(t *testing.T) {
	t.Parallel()
	in := house(t, 120, 80)
	r := run(t, in)
	before := in.Leads
	for _, s := range r.Funnel {
		require.LessOrEqual(t, s.Reached, before, s.Step)
		require.Positive(t, s.Reached, s.Step)
		before = s.Reached
	}
	leads, offers, mails := 0, 0, 0
	for _, s := range r.Stages {
		leads += s.Leads
	}
	require.Equal(t, in.Leads, leads)
	open, last := 0, r.Load[len(r.Load)-1].Week
	for _, l := range r.Load {
		offers += l.Offers
		if l.Week == last {
			open += l.Open
		}
		for _, rep := range in.Behaviour.Sales.Reps {
			if rep.Name == l.Rep {
				require.LessOrEqual(t, l.Peak-l.Claimed, rep.Capacity, "%+v", l) // claims ignore capacity
			}
		}
	}
	all, sum := r.SLA[0], simulate.SLALine{}
	for _, l := range r.SLA[1:] {
		sum.Offers, sum.Met, sum.Breached = sum.Offers+l.Offers, sum.Met+l.Met, sum.Breached+l.Breached
	}
	require.Equal(t, []int{offers, all.Offers, all.Met, all.Breached}, []int{sum.Offers, offers, sum.Met, sum.Breached})
	require.Equal(t, all.Offers, all.Met+all.Breached+all.Running+all.Withdrawn)
	had := 0
	for _, s := range r.Stages {
		if s.Stage == "handoff" || s.Stage == "working" || s.Stage == "opportunity" {
			had += s.Leads
		}
	}
	require.Equal(t, had, open)
	for _, day := range r.Mails {
		mails += day.Mails
		at, err := time.Parse(time.DateOnly, day.Day)
		require.NoError(t, err)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			require.Zero(t, day.Mails, "the window of the sequence is shut on %s", day.Day)
		}
	}
	require.Greater(t, mails, in.Leads)
}

// All leads are on one clock: where reps have less room, leads wait.
func TestRun_capacityActs(t *testing.T) {
	t.Parallel()
	in := house(t, 100, 40)
	in.Behaviour.Sales.Queue = 0
	wide := run(t, in)
	reps := make([]simulate.Rep, len(in.Behaviour.Sales.Reps))
	copy(reps, in.Behaviour.Sales.Reps)
	for i := range reps {
		reps[i].Capacity = 2
	}
	in.Behaviour.Sales.Reps = reps
	narrow := run(t, in)
	for _, l := range narrow.Load {
		require.LessOrEqual(t, l.Peak, 2)
	}
	require.Greater(t, narrow.Queue.Waiting, wide.Queue.Waiting)
	require.Greater(t, narrow.Queue.P90, wide.Queue.P90)
	require.Less(t, narrow.Funnel[2].Reached, wide.Funnel[2].Reached)
}

func TestCompare_theSamePeopleInTwoHouses(t *testing.T) {
	t.Parallel()
	in := house(t, 40, 50)
	c, err := simulate.Compare(in, in, 2)
	require.NoError(t, err)
	for _, p := range c.Pairs {
		require.Zero(t, p.Difference, p.Figure)
		require.Zero(t, p.Gained+p.Lost, p.Figure)
		require.Zero(t, *p.High-*p.Low, p.Figure)
	}
	strict := in
	strict.Policy.SLA.Accept.Within = hours(1)
	c, err = simulate.Compare(in, strict, 3)
	require.NoError(t, err)
	by := map[string]simulate.Pair{}
	for _, p := range c.Pairs {
		by[p.Figure] = p
	}
	require.Negative(t, *by["sla_attainment"].High, "who has an hour answers fewer in time than who has four")
	require.Equal(t, c.First.Funnel[0].Reached, c.Second.Funnel[0].Reached)
}

// What people do by themselves is the same in both houses, also where they are written to less.
func TestRun_whatPeopleDoByThemselvesDependsOnNothing(t *testing.T) {
	t.Parallel()
	in := house(t, 30, 40)
	in.Keep = true
	for i := range in.Behaviour.People {
		in.Behaviour.People[i].Mail = simulate.Mail{}
	}
	told := func(in simulate.Input) (out []string) {
		for _, life := range run(t, in).Lives {
			for _, line := range life.Told {
				if slices.ContainsFunc(line.Kinds, func(kind string) bool { return kind != lifecycle.TriggerFirstTouch }) {
					out = append(out, fmt.Sprint(life.ID, line.At, line.Kinds))
					break // the first by which they qualify
				}
			}
		}
		return out
	}
	with := told(in)
	require.NotEmpty(t, with)
	in.Sequences = nil
	in.Policy.Stale.Nurturing = hours(24 * 365)
	require.Equal(t, with, told(in))
}

func TestRun_saysWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	in := house(t, 1, 1)
	in.Policy.Calendar = "nowhere"
	_, err := simulate.Run(in)
	require.ErrorContains(t, err, `"nowhere"`)
	in = house(t, 1, 1)
	in.Behaviour.Sales.Rejects = map[string]float64{"too_far": 1}
	_, err = simulate.Run(in)
	require.ErrorContains(t, err, `"too_far"`)
	twice := in
	twice.Behaviour.Sales.Rejects = map[string]float64{"other": 1}
	twice.Sequences = append(twice.Sequences, twice.Sequences[0])
	_, err = simulate.Run(twice)
	require.ErrorContains(t, err, "two sequences")
	in.Policy = in.Policy.With(lifecycle.Vocabulary{"reject": {"too_far": {Path: lifecycle.PathReroute}}})
	_, err = simulate.Run(in)
	require.NoError(t, err)
}

// BenchmarkRun is a thousand lives of ninety days.
func BenchmarkRun(b *testing.B) {
	in := house(b, 1000, 90)
	for b.Loop() {
		run(b, in)
	}
}
