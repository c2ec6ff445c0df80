package store

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// atMostOne makes a rep one who takes a single lead at once.
func atMostOne(r *record.Rep) {
	one1 := 1
	r.Capacity = &one1
}

// A rep who takes one lead at once, and what the run of that lead tells of it.
func TestAPlaceIsHeldUntilTheTaskThatGaveItAwayIsKept(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", atMostOne)
	leads := inStage(t, s, lifecycle.StageQualified, 2)
	granted := offer(t, s, leads[0], 1).Offer
	waits := func() bool { return offer(t, s, leads[1], 1).Offer == nil }
	tell := func(version int64, stage lifecycle.Stage, e lifecycle.Entry) {
		t.Helper()
		c := carried(leads[0], version, stage, e)
		if e.Assignment = granted.Assignment; stage == lifecycle.StageHandoff || stage == lifecycle.StageWorking {
			c.Lead.Owner, c.Lead.Assignment = rep, granted.Assignment
		}
		c.Entries[0] = e
		recordStage(t, s, c)
	}
	freed := func(version int64) int {
		t.Helper()
		require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: leads[0], Version: version}}))
		return one[int](t, s, "SELECT 1 - count(*) FROM held_places")
	}
	tell(1, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Offered})
	require.True(t, waits(), "it is open")

	rejected := lifecycle.Entry{Kind: lifecycle.Rejected, From: lifecycle.StageHandoff, To: lifecycle.StageDormant, Outcome: "rejected", Why: "no_capacity"}
	tell(2, lifecycle.StageDormant, rejected)
	require.True(t, waits(), "nobody knows that Temporal kept the task that heard it")
	held, err := s.ClaimPlaces(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []any{1, leads[0], int64(2)}, []any{len(held), held[0].LeadID, held[0].Version})
	held, err = s.ClaimPlaces(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, held, "who was just asked is not asked at once again")
	require.Zero(t, freed(1), "the run has not come so far")

	tell(2, lifecycle.StageDormant, rejected) // by the next attempt, which may be lost as well
	require.True(t, waits())
	tell(2, lifecycle.StageWorking, lifecycle.Entry{Kind: lifecycle.Accepted, From: lifecycle.StageHandoff, To: lifecycle.StageWorking, Outcome: "accepted"})
	require.Equal(t, 1, one[int](t, s, "SELECT "+strings.ReplaceAll(openOf, "@besides", "NULL")+" FROM reps r"), "it is theirs and held, and counts once")
	require.Equal(t, 1, freed(2), "what the attempt gave away that was lost is the owner's")
	require.True(t, waits(), "they work on it")

	// Time goes by, and takes it away: no decision, no end of an offer.
	tell(3, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Passed, From: lifecycle.StageWorking, To: lifecycle.StageDormant, Why: "stale"})
	require.True(t, waits())
	tell(4, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Moved})
	require.True(t, waits())
	require.Equal(t, 1, freed(3))
	require.False(t, waits(), "it goes to the next")
}

// A task that had told two versions is lost; the attempt that is kept tells the first only, and rests.
func TestAPlaceIsNotHeldForAVersionThatIsNeverTold(t *testing.T) {
	s := floor(t)
	newRep(t, s, "rep", atMostOne)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	granted := offer(t, s, lead, 1).Offer
	tell := func(version int64, stage lifecycle.Stage, told int64, e lifecycle.Entry) {
		t.Helper()
		c := carried(lead, version, stage, e)
		c.Entries[0].Assignment, c.Told = granted.Assignment, time.Now().Add(time.Duration(told)*time.Second)
		if stage == lifecycle.StageHandoff {
			c.Lead.Owner, c.Lead.Assignment = granted.Rep, granted.Assignment
		}
		recordStage(t, s, c)
	}
	tell(1, lifecycle.StageHandoff, 1, lifecycle.Entry{Kind: lifecycle.Offered})
	tell(2, lifecycle.StageHandoff, 2, lifecycle.Entry{Kind: lifecycle.Paused})
	tell(3, lifecycle.StageDormant, 2, lifecycle.Entry{Kind: lifecycle.Rejected, From: lifecycle.StageHandoff, To: lifecycle.StageDormant, Outcome: "rejected"})
	require.Equal(t, 3, one[int](t, s, "SELECT version FROM held_places"))
	tell(2, lifecycle.StageDormant, 3, lifecycle.Entry{Kind: lifecycle.Rejected, From: lifecycle.StageHandoff, To: lifecycle.StageDormant, Outcome: "rejected"})
	require.Equal(t, 2, one[int](t, s, "SELECT version FROM held_places"))
}

func TestNoPlaceIsHeldOfWhoTakesAnyNumber(t *testing.T) {
	s := floor(t)
	newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	granted := offer(t, s, lead, 1).Offer
	recordStage(t, s, carried(lead, 1, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Rejected, Assignment: granted.Assignment, Outcome: "rejected"}))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM held_places"))
}

// What a run does not wait for any more is withdrawn, by a statement that time takes as well.
func TestThePlaceOfAStrayIsHeldAsWell(t *testing.T) {
	s := floor(t)
	one1 := 1
	newRep(t, s, "rep", func(r *record.Rep) { r.PerDay = &one1 })
	leads := inStage(t, s, lifecycle.StageQualified, 2)
	require.NotNil(t, offer(t, s, leads[0], 1).Offer)
	recordStage(t, s, carried(leads[0], 1, lifecycle.StageQualified, lifecycle.Entry{Kind: lifecycle.Paused}))
	require.Equal(t, "withdrawn", one[string](t, s, "SELECT state FROM assignments"))
	require.Nil(t, offer(t, s, leads[1], 1).Offer, "it counts among the day's while it is held")
	require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: leads[0], Version: 1}}))
	require.NotNil(t, offer(t, s, leads[1], 1).Offer)
}

// Three leads wait for two reps who are full, and one who is away. One place is free: who waits longest for it looks again.
func TestWhoWaitsLongestLooksAgainWhenAPlaceIsFree(t *testing.T) {
	s := floor(t)
	one1 := 1
	north, south := newTeam(t, s, record.Team{Name: "north"}), newTeam(t, s, record.Team{Name: "south"})
	of := func(team string, capacity *int) func(*record.Rep) {
		return func(r *record.Rep) { r.TeamID, r.Capacity = &team, capacity }
	}
	full := newRep(t, s, "full", of(north, &one1))
	newRep(t, s, "other", of(south, &one1))
	leads := inStage(t, s, lifecycle.StageQualified, 5)
	exec(t, s, "UPDATE leads SET team_id = CASE WHEN id = ANY($3) THEN $1::uuid ELSE $2::uuid END", north, south, []string{leads[0], leads[2], leads[3]})
	require.Equal(t, full, offer(t, s, leads[0], 1).Offer.Rep)
	require.NotNil(t, offer(t, s, leads[1], 1).Offer)
	for i, lead := range leads[2:] {
		require.Nil(t, offer(t, s, lead, 1).Offer)
		c := carried(lead, 1, lifecycle.StageQualified, lifecycle.Entry{Kind: lifecycle.NoRepFound, Why: "no_rep"})
		c.Lead.Clocks = []lifecycle.Clock{{Kind: lifecycle.ClockRetry, At: time.Now().Add(time.Hour)}}
		recordStage(t, s, c)
		exec(t, s, "UPDATE leads SET stage_at = now() - make_interval(hours => $2) WHERE id = $1", lead, []int{2, 3, 4}[i])
	}
	recordStage(t, s, carried(leads[0], 1, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Rejected, Outcome: "rejected"}))
	exec(t, s, "DELETE FROM outbox")
	require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: leads[0], Version: 0}}))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox"))
	require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: leads[0], Version: 1}}))
	require.Equal(t, leads[3], one[string](t, s, "SELECT string_agg(lead_id::text, ' ') FROM outbox"), "one lead for one place, of those who found them full")
}

// A rejection is undone before Temporal is known to have kept it.
func TestUndo_isNotRefusedForThePlaceOfItsOwnLead(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", atMostOne)
	leads := inStage(t, s, lifecycle.StageQualified, 2)
	granted := offer(t, s, leads[0], 1).Offer
	reject := decidedBy(t, s, leads[0], rep, "reject", `{}`)
	c := carried(leads[0], 1, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Rejected, Decision: reject, Assignment: granted.Assignment, Outcome: "rejected"})
	c.Lead.Undo = &lifecycle.Undo{Owner: rep}
	recordStage(t, s, c)
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM held_places"))
	why := func() string {
		return undoable(t, s, leads[0])
	}
	require.Empty(t, why())
	require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: leads[0], Version: 1}}))
	require.NotNil(t, offer(t, s, leads[1], 1).Offer)
	require.Equal(t, "at_capacity", why(), "an offer that no run has told of counts as well")
}

// An undo that waits for Temporal would give the lead back: its rep is given no other meanwhile.
func TestAnUndoThatIsStoredCountsAsALead(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", atMostOne)
	leads := inStage(t, s, lifecycle.StageQualified, 3)
	reject := func(lead string) {
		granted := offer(t, s, lead, 1).Offer
		c := carried(lead, 1, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Rejected, Decision: decidedBy(t, s, lead, rep, "reject", `{}`), Assignment: granted.Assignment, Outcome: "rejected"})
		c.Lead.Undo = &lifecycle.Undo{Owner: rep}
		recordStage(t, s, c)
		require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: lead, Version: 1}}))
	}
	reject(leads[0])
	reject(leads[1])
	undo := func(lead string) (record.Decision, string) {
		d := record.Decision{ID: newID(), LeadID: lead, Kind: "undo", Body: []byte(`{}`), Fingerprint: lead}
		why, err := s.StoreUndo(t.Context(), d, time.Minute)
		require.NoError(t, err)
		return d, why
	}
	first, why := undo(leads[0])
	require.Empty(t, why)
	_, why = undo(leads[1])
	require.Equal(t, record.UndoFull, why, "of two undos one has room")
	require.Nil(t, offer(t, s, leads[2], 1).Offer)
	require.Empty(t, undoable(t, s, leads[0]), "it does not stand against itself")
	_, err := s.AnswerDecision(t.Context(), first.ID, "refused", "too_late")
	require.NoError(t, err)
	require.NotNil(t, offer(t, s, leads[2], 1).Offer)
}

// Who has given a lead back to the queue may take it again at once.
func TestWhoTakesALeadAgainIsNotRefusedForItsOwnPlace(t *testing.T) {
	s := floor(t)
	one1 := 1
	rep := newRep(t, s, "rep", func(r *record.Rep) { r.Capacity, r.PerDay = &one1, &one1 })
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	granted := offer(t, s, lead, 1).Offer
	recordStage(t, s, carried(lead, 1, lifecycle.StageQualified, lifecycle.Entry{Kind: lifecycle.Passed, Assignment: granted.Assignment, Outcome: "withdrawn", Why: "undone"}))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM held_places"))
	c := command(lead, lifecycle.CommandClaim, "claim/2/"+rep)
	c.Rep = rep
	out, err := s.Claim(t.Context(), c)
	require.NoError(t, err)
	require.NotNil(t, out.Offer, out.Code)
}

// The offer of an attempt that is lost is over when another is made; that attempt may be lost as well, and the first be the lead's again.
func TestThePlaceOfAnOfferThatAnotherReplacedIsHeld(t *testing.T) {
	s := floor(t)
	newRep(t, s, "a", atMostOne)
	newRep(t, s, "b", atMostOne)
	leads := inStage(t, s, lifecycle.StageQualified, 2)
	first := offer(t, s, leads[0], 1).Offer
	second := offer(t, s, leads[0], 2, first.Rep).Offer
	require.NotEqual(t, first.Rep, second.Rep)
	require.Nil(t, offer(t, s, leads[1], 1).Offer)
	require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: leads[0], Version: 1}}))
	require.Equal(t, first.Rep, offer(t, s, leads[1], 1).Offer.Rep)
}

// A claim that was granted to an attempt that is lost, and of which the next knows nothing.
func TestThePlaceOfAClaimThatNobodyHasToldOfIsHeld(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", atMostOne)
	leads := inStage(t, s, lifecycle.StageQualified, 2)
	c := command(leads[0], lifecycle.CommandClaim, "claim/1/"+rep)
	c.Rep = rep
	_, err := s.Claim(t.Context(), c)
	require.NoError(t, err)
	require.Nil(t, offer(t, s, leads[1], 1).Offer)
	recordStage(t, s, carried(leads[0], 1, lifecycle.StageNurturing, lifecycle.Entry{Kind: lifecycle.Revoked}))
	require.Nil(t, offer(t, s, leads[1], 1).Offer)
	require.NoError(t, s.FreePlaces(t.Context(), []record.HeldPlace{{LeadID: leads[0], Version: 1}}))
	require.NotNil(t, offer(t, s, leads[1], 1).Offer)
}

func TestAnErasedLeadTakesNoPlace(t *testing.T) {
	s := floor(t)
	newRep(t, s, "rep", atMostOne)
	leads := inStage(t, s, lifecycle.StageQualified, 3)
	granted := offer(t, s, leads[0], 1).Offer
	c := carried(leads[0], 1, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Offered, Assignment: granted.Assignment})
	c.Lead.Owner, c.Lead.Assignment = granted.Rep, granted.Assignment
	recordStage(t, s, c)
	require.NoError(t, s.EraseLead(t.Context(), leads[0], sysActor))
	granted = offer(t, s, leads[1], 1).Offer
	require.NotNil(t, granted, "an offer that is open")
	recordStage(t, s, carried(leads[1], 1, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Rejected, Assignment: granted.Assignment, Outcome: "rejected"}))
	require.Nil(t, offer(t, s, leads[2], 1).Offer)
	require.NoError(t, s.EraseLead(t.Context(), leads[1], sysActor))
	require.NotNil(t, offer(t, s, leads[2], 1).Offer, "a place that was held")
}
