package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// offeredLead is a lead in handoff at version 2, as its run has recorded it.
func offeredLead(t *testing.T, s *Store) (lifecycle.Carried, string) {
	t.Helper()
	rep := newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	granted := offer(t, s, lead, 1).Offer
	c := carried(lead, 2, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Offered, Assignment: granted.Assignment})
	c.Lead.Assignment, c.Lead.Owner = granted.Assignment, rep
	recordStage(t, s, c)
	c.Entries = nil
	return c, rep
}

// A task recorded two versions more, an acceptance among them, and was lost. Decided anew, without the message, it records one, and rests: the
// read side must not say for hours what never was. An attempt that was overtaken changes nothing, whatever its version.
func TestATaskThatWasLostIsForgottenWithAllItsVersions(t *testing.T) {
	s := floor(t)
	handoff, rep := offeredLead(t, s)
	lead, a, began := handoff.Lead.ID, handoff.Lead.Assignment, time.Now()
	d := record.Decision{ID: newID(), LeadID: lead, Kind: "accept", Fingerprint: "f", RepID: &rep, Body: json.RawMessage(`{}`)}
	require.NoError(t, s.StoreDecision(t.Context(), d, time.Hour))
	working := carried(lead, 3, lifecycle.StageWorking, lifecycle.Entry{Kind: lifecycle.Accepted, Decision: d.ID, Assignment: a, Outcome: "accepted"})
	working.Lead.Assignment, working.Lead.Owner, working.Told = a, rep, began
	recordStage(t, s, working)
	working.Lead.Version, working.Entries, working.Told = 4, nil, began.Add(time.Millisecond) // the clocks were planned
	recordStage(t, s, working)
	require.Equal(t, "working 4 working", stageNow(t, s, lead))

	handoff.Lead.Version, handoff.Told = 3, began.Add(time.Second)
	recordStage(t, s, handoff)
	require.Equal(t, "handoff 3 handoff", stageNow(t, s, lead))
	require.Equal(t, "pending offered", one[string](t, s, "SELECT d.state || ' ' || a.state FROM decisions d, assignments a"), "and the decision is asked again")
	require.NotContains(t, timelineKinds(t, s, lead), "accepted")

	handoff.Lead.Version, handoff.Told = 4, began.Add(2*time.Second)
	recordStage(t, s, handoff)
	working.Lead.Version = 3
	recordStage(t, s, working)
	require.Equal(t, "handoff 4 handoff", stageNow(t, s, lead))
}

// What the ledger says of an offer is what its run says last, and when: not what an attempt said that is lost.
func TestTheLedgerForgetsHowALostAttemptEndedAnOffer(t *testing.T) {
	for _, c := range []struct{ lost, then, why string }{
		{"accepted", "missed", "accept_reassign"}, {"accepted", "rejected", "no_budget"}, {"missed", "accepted", ""}, {"rejected", "accepted", ""}, {"withdrawn", "missed", "accept_missed"},
	} {
		t.Run(c.lost+" then "+c.then, func(t *testing.T) {
			s := floor(t)
			handoff, _ := offeredLead(t, s)
			lead, a := handoff.Lead.ID, handoff.Lead.Assignment
			first := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
			stage := map[string]lifecycle.Stage{"accepted": lifecycle.StageWorking}
			say := func(what, why string, at time.Time) {
				to := stage[what]
				if to == "" {
					to = lifecycle.StageDormant
				}
				recordStage(t, s, carried(lead, 3, to, lifecycle.Entry{Kind: lifecycle.Passed, At: at, Assignment: a, Outcome: what, Why: why}))
			}
			say(c.lost, "", first)
			say(c.then, c.why, first.Add(time.Minute))
			require.Equal(t, c.then+" "+c.why, one[string](t, s, "SELECT state || ' ' || reason FROM assignments"))
			require.Equal(t, first.Add(time.Minute), one[time.Time](t, s, "SELECT decided_at FROM assignments").UTC())
		})
	}
}

// Who accepted and never called misses it later, and accepted when they did.
func TestWhatIsMissedAfterAcceptanceKeepsWhenItWasAccepted(t *testing.T) {
	s := floor(t)
	handoff, _ := offeredLead(t, s)
	lead, a := handoff.Lead.ID, handoff.Lead.Assignment
	first := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	recordStage(t, s, carried(lead, 3, lifecycle.StageWorking, lifecycle.Entry{Kind: lifecycle.Accepted, At: first, Assignment: a, Outcome: "accepted"}))
	recordStage(t, s, carried(lead, 4, lifecycle.StageQualified, lifecycle.Entry{Kind: lifecycle.Checked, At: first.Add(time.Minute), Assignment: a, Outcome: "missed", Why: "first_touch_final"}))
	require.Equal(t, "missed", one[string](t, s, "SELECT state FROM assignments"))
	require.Equal(t, first, one[time.Time](t, s, "SELECT decided_at FROM assignments").UTC())
}

// An attempt that is lost may have offered the lead to somebody else. What the run says then takes that back before it opens its own
// offer again: there is never a second one that is open, and a run that says so again and again would wait for ever.
func TestTheRunsOwnOfferIsOpenedAfterThatOfALostAttemptIsClosed(t *testing.T) {
	s := floor(t)
	handoff, _ := offeredLead(t, s)
	lead, own := handoff.Lead.ID, handoff.Lead.Assignment
	exec(t, s, "UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'withdrawn'")
	lost := offer(t, s, lead, 2).Offer.Assignment
	later := carried(lead, handoff.Lead.Version+1, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Passed, At: time.Now(), Why: "accept_remind", Assignment: own})
	later.Lead.Owner, later.Lead.Assignment = handoff.Lead.Owner, own
	recordStage(t, s, later)
	state := "SELECT state FROM assignments WHERE id = $1"
	require.Equal(t, "offered", one[string](t, s, state, own))
	require.Equal(t, "withdrawn", one[string](t, s, state, lost))
}
