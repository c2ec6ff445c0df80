package store

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// A rep accepted before the deadline, and the run heard of it an hour after: people see when it was decided, and the report
// that the deadline was met.
func TestADecisionInTimeCountsFromWhenItWasMade(t *testing.T) {
	s, ctx := floor(t), t.Context()
	rep := newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	o := offer(t, s, lead, 1).Offer
	now := one[time.Time](t, s, "SELECT now()")
	exec(t, s, "UPDATE assignments SET offered_at = $1, due_at = $2", now.Add(-2*time.Hour), now.Add(-time.Hour))
	waits := func(until time.Time) bool {
		t.Helper()
		w, err := s.DecisionWaits(ctx, lead, until)
		require.NoError(t, err)
		return w
	}
	require.False(t, waits(now))
	d := record.Decision{ID: newID(), LeadID: lead, Kind: "accept", Fingerprint: "f", RepID: &rep, Body: json.RawMessage(`{}`)}
	require.NoError(t, s.StoreDecision(ctx, d, time.Minute))
	asked := now.Add(-90 * time.Minute).Truncate(time.Second)
	exec(t, s, "UPDATE decisions SET created_at = $1", asked)
	require.True(t, waits(now.Add(-time.Hour)))
	require.False(t, waits(asked.Add(-time.Second)), "it came after that deadline")

	c := carried(lead, 1, lifecycle.StageWorking, lifecycle.Entry{
		At: now, Kind: lifecycle.Accepted, Assignment: o.Assignment, Outcome: "accepted", Decision: d.ID, Actor: lifecycle.Actor{Type: "rep", ID: rep},
	})
	c.Lead.Owner, c.Lead.Assignment = rep, o.Assignment
	recordStage(t, s, c)
	require.True(t, waits(now), "the task that applied it may be lost, and the run yet to hear of it")
	require.NoError(t, s.KeepDecision(t.Context(), d.ID, 1))
	require.False(t, waits(now), "the run has come so far")
	require.Equal(t, asked.UTC(), one[time.Time](t, s, "SELECT decided_at FROM assignments").UTC())
	foldAll(t, s)
	r, err := s.SLAReport(ctx, record.SLAFilter{From: now.Add(-3 * time.Hour), To: now.Add(time.Hour), By: "rep"})
	require.NoError(t, err)
	require.Equal(t, 1, r.Total.Met)
	require.Zero(t, r.Total.Breached)
}

// Who takes leads out of the queue takes no more than they may, however many ask at once, and whoever means an offer that is over
// is told so.
func TestClaims_keepACapacity(t *testing.T) {
	s := floor(t)
	few, day := 5, 3
	rep := newRep(t, s, "few", func(r *record.Rep) { r.Capacity = &few })
	daily := newRep(t, s, "daily", func(r *record.Rep) { r.PerDay = &day })
	free := newRep(t, s, "free", nil)
	leads := inStage(t, s, lifecycle.StageQualified, 40)
	claim := func(lead, rep, assignment string) (record.Granted, error) {
		c := command(lead, lifecycle.CommandClaim, "claim/1/"+rep)
		c.Rep, c.Assignment = rep, assignment
		return s.Claim(t.Context(), c)
	}
	var mu sync.Mutex
	said := map[string]int{}
	together(t, 30, func(i int) error {
		who := rep
		if i%3 == 0 {
			who = daily
		}
		out, err := claim(leads[i], who, "")
		mu.Lock()
		defer mu.Unlock()
		said[who+out.Code]++
		return err
	})
	require.Equal(t, map[string]int{rep: few, rep + lifecycle.CodeAtCapacity: 20 - few, daily: day, daily + lifecycle.CodeAtCapacity: 10 - day}, said)
	require.Equal(t, few, one[int](t, s, "SELECT count(*) FROM assignments WHERE rep_id = $1", rep))

	out, err := claim(leads[35], free, newID())
	require.NoError(t, err)
	require.Equal(t, record.Granted{Code: lifecycle.CodeOfferOver}, out)
	out, err = claim(leads[35], free, "")
	require.NoError(t, err)
	require.Equal(t, free, out.Offer.Rep)
}

// Whoever rejected a lead and was given another has no room for both: the rejection stands.
func TestAnUndo_givesNobodyOneTooMany(t *testing.T) {
	s := floor(t)
	few := 1
	rep := newRep(t, s, "few", func(r *record.Rep) { r.Capacity = &few })
	lead := inStage(t, s, lifecycle.StageDormant, 1)[0]
	exec(t, s, `UPDATE leads SET state = jsonb_build_object('lead', jsonb_build_object('undo', jsonb_build_object('owner', $2::text, 'kind', 'rejected'))) WHERE id = $1`, lead, rep)
	why := func() string {
		t.Helper()
		return undoable(t, s, lead)
	}
	require.Empty(t, why())
	other := inStage(t, s, lifecycle.StageWorking, 1)[0]
	exec(t, s, "UPDATE leads SET owner = $2 WHERE id = $1", other, rep)
	require.Equal(t, record.UndoFull, why())
	exec(t, s, "UPDATE leads SET owner = $2 WHERE id = $1", lead, rep)
	require.Empty(t, why(), "they have it already")
}
