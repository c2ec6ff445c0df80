package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// handoff is a lead that was offered to ann, and its run, as they should be.
func handoff() (record.Standing, Run) {
	due := noon.Add(time.Hour)
	l := lifecycle.Lead{
		ID: "l", Stage: lifecycle.StageHandoff, Cycle: 1, Version: 3, Seq: 7, Owner: "ann", Assignment: "a", Made: 1,
		Clocks: []lifecycle.Clock{{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelDue, At: due}},
	}
	return record.Standing{
			ID: "l", Stage: l.Stage, Cycle: 1, Version: 3, Seq: 7, Owner: "ann", Assignment: "a", Due: &due, SLA: lifecycle.SLARunning, NextKind: "accept", NextAt: &due, Band: "hot",
			State: &lifecycle.Carried{Lead: l}, Ledger: []record.LedgerOffer{{ID: "a", Key: "l/1/offer/1", RepID: "ann", State: "offered", Routed: "ann"}},
		}, Run{Open: true, Status: "Running", Timers: []time.Time{due}, State: wire.State{
			Stage: l.Stage, Cycle: 1, Version: 3, Seq: 7, Band: "hot", Owner: "ann", AssignmentID: "a", SLA: lifecycle.SLAClock{DueAt: due, State: lifecycle.SLARunning}, Next: wire.Next{Kind: "accept_due", At: due},
		}}
}

// What cannot be planted in a live house, and what is in flight.
func TestCompare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *record.Standing, r *Run)
		want   []string
	}{
		"all is well":                   {func(*record.Standing, *Run) {}, nil},
		"a timer that is early":         {func(_ *record.Standing, r *Run) { r.Timers = []time.Time{noon} }, nil},
		"no timer":                      {func(_ *record.Standing, r *Run) { r.Timers = nil }, []string{NoTimer}},
		"a timer that is too late":      {func(_ *record.Standing, r *Run) { r.Timers = []time.Time{noon.Add(2 * time.Hour)} }, []string{NoTimer}},
		"a deadline nobody looked at":   {func(s *record.Standing, r *Run) { passed(s, r, -2*time.Minute) }, []string{Late}},
		"a deadline of this moment":     {func(s *record.Standing, r *Run) { passed(s, r, -time.Second); r.Timers = nil }, nil},
		"a task that fails":             {func(_ *record.Standing, r *Run) { r.Failed = 3 }, []string{Failing}},
		"a task that failed once":       {func(_ *record.Standing, r *Run) { r.Failed = 1 }, nil},
		"no answer":                     {func(_ *record.Standing, r *Run) { r.Silent = "timeout" }, []string{NoAnswer}},
		"no run":                        {func(_ *record.Standing, r *Run) { *r = Run{} }, []string{NoRun}},
		"its start waits in the outbox": {func(s *record.Standing, r *Run) { *r, s.Untold = Run{}, true }, nil},
		"a signal waits in the outbox":  {func(s *record.Standing, _ *Run) { s.Seq, s.Band, s.Untold = 9, "warm", true }, nil},
		"a signal was lost":             {func(s *record.Standing, _ *Run) { s.Seq, s.Band = 9, "warm" }, []string{Band, Seq}},
		"asked for, and nobody will":    {func(s *record.Standing, _ *Run) { s.State.Lead.Asking = true }, []string{Stuck}},
		"asked for, and under way":      {func(s *record.Standing, _ *Run) { s.State.Lead.Asking, s.State.Outbox = true, []lifecycle.Command{{}} }, nil},
		"over, and its run is":          {func(s *record.Standing, r *Run) { s.Stage, r.Open = lifecycle.StageWon, false }, nil},
		"over, and its run is not":      {func(s *record.Standing, _ *Run) { s.Stage = lifecycle.StageWon }, []string{StrayRun}},
		"accepted as somebody else's":   {func(s *record.Standing, _ *Run) { s.Ledger[0].RepID, s.Ledger[0].Routed = "bob", "bob" }, []string{Ledger}},
		"another offer is open": {func(s *record.Standing, _ *Run) {
			s.Ledger = append(s.Ledger, record.LedgerOffer{ID: "b", State: "offered"})
		}, []string{Ledger}},
		"the routing ledger says another": {func(s *record.Standing, _ *Run) { s.Ledger[0].Routed = "bob" }, []string{Routing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := handoff()
			c.change(&s, &r)
			var got []string
			for _, d := range compare("l", &s, r, noon) {
				got = append(got, d.What)
				require.NotEmpty(t, d.Why)
				require.NotEmpty(t, d.Do)
			}
			require.ElementsMatch(t, c.want, got)
		})
	}
	require.Equal(t, StrayRun, compare("l", nil, Run{Open: true}, noon)[0].What)
	require.Empty(t, compare("l", nil, Run{}, noon))
}

func passed(s *record.Standing, r *Run, after time.Duration) {
	due := noon.Add(after)
	s.NextAt, r.State.Next.At = &due, due
}
