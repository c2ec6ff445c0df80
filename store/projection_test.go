package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// carried is a state of a lead at a version.
func carried(lead string, version int64, stage lifecycle.Stage, entries ...lifecycle.Entry) lifecycle.Carried {
	l := lifecycle.New(lead)
	l.Version, l.Stage = version, stage
	for i := range entries {
		entries[i].Cycle = 1
		if entries[i].At.IsZero() {
			entries[i].At = time.Now()
		}
	}
	return lifecycle.Carried{Lead: l, Entries: entries}
}

func recordStage(t *testing.T, s *Store, c lifecycle.Carried) {
	t.Helper()
	erased, err := s.RecordStage(t.Context(), c)
	require.NoError(t, err)
	require.False(t, erased)
}

func stageNow(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, "SELECT stage || ' ' || version || ' ' || (state -> 'lead' ->> 'stage') FROM leads WHERE id = $1", lead)
}

func TestOfTwoAttemptsAtOneVersionTheLaterIsTheRecordedOne(t *testing.T) {
	s := floor(t)
	ada := newLead(t, s, "ada@example.com")
	recordStage(t, s, carried(ada, 1, lifecycle.StageNurturing, lifecycle.Entry{Kind: lifecycle.Started, From: "captured", To: "nurturing"}))
	recordStage(t, s, carried(ada, 2, lifecycle.StageQualified, lifecycle.Entry{Kind: lifecycle.Triggered, Why: "mql"}, lifecycle.Entry{Kind: lifecycle.Scored}))
	require.Equal(t, "qualified 2 qualified", stageNow(t, s, ada))
	recordStage(t, s, carried(ada, 2, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Passed, Why: "stale"}))
	require.Equal(t, "dormant 2 dormant", stageNow(t, s, ada), "decided anew")
	require.Equal(t, []string{"captured", "started", "passed"}, timelineKinds(t, s, ada), "the lost attempt left no line")
	recordStage(t, s, carried(ada, 2, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Passed, Why: "stale"}))
	require.Len(t, timelineKinds(t, s, ada), 3, "the same again adds nothing")
}

func TestAnOlderVersionNeverOverwrites(t *testing.T) {
	s := floor(t)
	ada := newLead(t, s, "ada@example.com")
	recordStage(t, s, carried(ada, 5, lifecycle.StageWorking, lifecycle.Entry{Kind: lifecycle.Accepted}))
	recordStage(t, s, carried(ada, 4, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Offered}))
	require.Equal(t, "working 5 working", stageNow(t, s, ada))
	require.Equal(t, []string{"captured", "accepted"}, timelineKinds(t, s, ada))

	together(t, 40, func(i int) error {
		_, err := s.RecordStage(t.Context(), carried(ada, int64(10+i), lifecycle.StageWorking, lifecycle.Entry{Kind: lifecycle.Qualified}))
		return err
	})
	require.Equal(t, "working 49 working", stageNow(t, s, ada))
}

func TestTheProjectionSaysEverythingPeopleSee(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	ada := newLead(t, s, "ada@example.com")
	exec(t, s, "UPDATE leads SET stage = 'qualified'")
	granted := offer(t, s, ada, 1).Offer
	c := carried(ada, 3, lifecycle.StageHandoff, lifecycle.Entry{
		Kind: lifecycle.Offered, From: "qualified", To: "handoff", Assignment: granted.Assignment, Late: true, Why: "mql",
	})
	c.Lead.Owner, c.Lead.Assignment, c.Lead.Seq, c.Lead.Paused, c.Lead.Muted = rep, granted.Assignment, 9, true, "unsubscribed"
	c.Lead.SLA = lifecycle.SLAClock{DueAt: granted.DueAt, State: lifecycle.SLARunning}
	c.Lead.Clocks = granted.Clocks
	c.Lead.Last = lifecycle.Decision{Kind: lifecycle.Accepted, By: rep}
	recordStage(t, s, c)

	l, err := s.Lead(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, "lead/"+ada, l.WorkflowID)
	require.Equal(t, []any{lifecycle.StageHandoff, true, int64(3), rep, "unsubscribed", lifecycle.SLARunning},
		[]any{l.Stage, l.Paused, l.Version, *l.Owner, l.Mail.State, l.SLA.State})
	require.True(t, granted.DueAt.Equal(*l.SLA.DueAt))
	require.Equal(t, granted.Assignment, l.Assignment.ID)
	require.Equal(t, rep, l.Assignment.RepID)
	require.Equal(t, c.Lead.Last, l.Last)
	require.Equal(t, "accept 9", one[string](t, s, "SELECT next_kind || ' ' || seq FROM leads"))

	page, err := s.Timeline(t.Context(), ada, "", 1)
	require.NoError(t, err)
	item := page.Items[0]
	require.Equal(t, []any{"offered", "qualified", "handoff", "mql", int64(3), lifecycle.System}, []any{item.Kind, item.From, item.To, item.Why, item.Version, item.Actor})
	require.Equal(t, map[string]any{"late": true, "assignment_id": granted.Assignment}, item.Data)

	loaded, err := s.LoadLead(t.Context(), ada, time.Now())
	require.NoError(t, err)
	require.True(t, loaded.Found)
	require.Equal(t, c.Lead.Clocks, loaded.State.Lead.Clocks)
	require.Equal(t, int64(9), loaded.State.Lead.Seq)
	require.Empty(t, loaded.State.Entries, "they are in the timeline")
	require.Equal(t, "test", loaded.Policy.Name)
}

func TestOffersAreClosedAsTheEntriesSayAndStraysAreWithdrawn(t *testing.T) {
	s := floor(t)
	newRep(t, s, "a", nil)
	newRep(t, s, "b", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	first := offer(t, s, lead, 1).Offer
	c := carried(lead, 1, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Offered, Assignment: first.Assignment})
	c.Lead.Assignment, c.Lead.Owner = first.Assignment, first.Rep
	recordStage(t, s, c)
	require.Equal(t, "offered", one[string](t, s, "SELECT state FROM assignments"), "the lead's own stays open")

	c = carried(lead, 2, lifecycle.StageQualified, lifecycle.Entry{Kind: lifecycle.Rejected, Assignment: first.Assignment, Outcome: "rejected", Why: "no_capacity"})
	recordStage(t, s, c)
	require.Equal(t, "rejected no_capacity", one[string](t, s, "SELECT state || ' ' || reason FROM assignments"))

	stray := offer(t, s, lead, 2).Offer // granted, and nobody waits for it any more
	recordStage(t, s, carried(lead, 3, lifecycle.StageDormant, lifecycle.Entry{Kind: lifecycle.Offered, Assignment: stray.Assignment, Outcome: "withdrawn", Why: "too_late"}))
	require.Equal(t, "withdrawn", one[string](t, s, "SELECT state FROM assignments WHERE id = $1", stray.Assignment))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'offer_withdrawn' AND rep_id = $1", stray.Rep), "the rep is told")
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'offer_withdrawn'"), "who rejected need not be")
}

func TestDecisionsAreAppliedWithTheirOutcomes(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageOpportunity, 1)[0]
	d := record.Decision{
		ID: newID(), LeadID: lead, Kind: "win", Fingerprint: "f", RepID: &rep,
		Body: json.RawMessage(`{"amount": "12500.00", "currency": "EUR", "one_thing": "speed", "missing": "nothing"}`),
	}
	require.NoError(t, s.StoreDecision(t.Context(), d, time.Minute))
	win := carried(lead, 8, lifecycle.StageWon, lifecycle.Entry{Kind: lifecycle.Won, Decision: d.ID, Actor: lifecycle.Actor{Type: "rep", ID: rep}})
	recordStage(t, s, win)
	recordStage(t, s, win)
	require.Equal(t, "won 12500.00 EUR speed nothing "+rep, one[string](t, s, "SELECT concat_ws(' ', kind, amount, currency, one_thing, missing, rep_id) FROM outcomes"))
	page, err := s.Timeline(t.Context(), lead, "", 1)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"decision_id": d.ID, "amount": "12500.00", "currency": "EUR", "one_thing": "speed", "missing": "nothing"},
		page.Items[0].Data, "whoever looks at the lead reads how it was won")
	got, err := s.Decision(t.Context(), d.ID)
	require.NoError(t, err)
	require.Equal(t, "applied", got.State)
	got, err = s.AnswerDecision(t.Context(), d.ID, "refused", "wrong_stage")
	require.NoError(t, err)
	require.Equal(t, "applied", got.State, "what took effect is not refused afterwards")
	last, err := s.LastDecision(t.Context(), lead)
	require.NoError(t, err)
	require.Equal(t, d.ID, last.ID)
	require.NoError(t, s.EraseLead(t.Context(), lead, sysActor))
	require.Equal(t, "won 12500.00 EUR", one[string](t, s, "SELECT concat_ws(' ', kind, amount, currency, one_thing, missing) FROM outcomes"),
		"an outcome stays, what people wrote does not")
}

// A decision took effect in a task that is lost, and whoever asked has given up: it is asked again until its run has answered, before what was
// decided after it.
func TestADecisionIsAskedAgainUntilItIsKnownToBeKept(t *testing.T) {
	s := floor(t)
	lead := inStage(t, s, lifecycle.StageWorking, 1)[0]
	qualify := record.Decision{ID: newID(), LeadID: lead, Kind: "qualify", Body: json.RawMessage(`{}`)}
	win := record.Decision{ID: newID(), LeadID: lead, Kind: "win", Body: json.RawMessage(`{}`)}
	require.NoError(t, s.StoreDecision(t.Context(), qualify, 0))
	require.NoError(t, s.StoreDecision(t.Context(), win, 0))
	recordStage(t, s, carried(lead, 2, lifecycle.StageOpportunity, lifecycle.Entry{Kind: lifecycle.Qualified, Decision: qualify.ID}))
	claim := func(lease time.Duration) (ids []string) {
		due, err := s.ClaimDecisions(t.Context(), 10, lease)
		require.NoError(t, err)
		for _, d := range due {
			ids = append(ids, d.ID)
			require.Equal(t, map[bool]int64{true: 2}[d.ID == qualify.ID], d.Unkept)
		}
		return ids
	}
	require.Equal(t, []string{qualify.ID}, claim(0))
	require.NoError(t, s.DeferDecision(t.Context(), qualify.ID, time.Hour))
	require.Empty(t, claim(0))
	require.NoError(t, s.DeferDecision(t.Context(), qualify.ID, 0))
	require.Equal(t, []string{qualify.ID}, claim(0))
	kept, err := s.AnswerDecision(t.Context(), qualify.ID, "refused", "wrong_stage")
	require.NoError(t, err)
	require.Equal(t, [3]any{"applied", int64(2), ""}, [3]any{kept.State, kept.Unkept, kept.Code}, "a refusal does not say that it was kept")
	require.NoError(t, s.KeepDecision(t.Context(), qualify.ID, 1))
	require.Equal(t, []string{qualify.ID}, claim(0), "the run has not come so far")
	require.NoError(t, s.KeepDecision(t.Context(), win.ID, 9))
	kept, err = s.AnswerDecision(t.Context(), qualify.ID, "applied", "")
	require.NoError(t, err)
	require.Equal(t, [2]any{"applied", int64(0)}, [2]any{kept.State, kept.Unkept})
	require.Equal(t, []string{win.ID}, claim(time.Hour))
	require.ErrorIs(t, s.DeferDecision(t.Context(), qualify.ID, 0), record.ErrNotFound, "it is answered")
}

// Temporal was away while a lead was accepted and won: asked the other way round, the second would be refused for good.
func TestPendingDecisionsOfALeadAreAskedInTheirOrder(t *testing.T) {
	s := floor(t)
	leads := inStage(t, s, lifecycle.StageHandoff, 2)
	store := func(lead, kind string) {
		require.NoError(t, s.StoreDecision(t.Context(), record.Decision{ID: newID(), LeadID: lead, Kind: kind, Body: json.RawMessage(`{}`)}, 0))
	}
	for _, kind := range []string{"accept", "qualify", "win"} {
		store(leads[0], kind)
	}
	store(leads[1], "reject")
	exec(t, s, "UPDATE decisions SET next_at = now() - interval '1 hour' WHERE kind = 'win'")
	for _, want := range [][]string{{"accept", "reject"}, {"qualify"}, {"win"}} {
		due, err := s.ClaimDecisions(t.Context(), 10, time.Minute)
		require.NoError(t, err)
		var kinds []string
		for _, d := range due {
			kinds = append(kinds, d.Kind)
			_, err := s.AnswerDecision(t.Context(), d.ID, "applied", "")
			require.NoError(t, err)
		}
		require.ElementsMatch(t, want, kinds)
	}
}

// A run accepts a win, records it, and its task is lost with the decision in it: what follows must not know of it.
func TestALostAttemptTakesItsDecisionAndOutcomeBack(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	granted := offer(t, s, lead, 1).Offer
	handoff := carried(lead, 1, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Offered, Assignment: granted.Assignment})
	handoff.Lead.Assignment, handoff.Lead.Owner = granted.Assignment, rep
	recordStage(t, s, handoff)
	d := record.Decision{ID: newID(), LeadID: lead, Kind: "reject", Fingerprint: "f", RepID: &rep, Body: json.RawMessage(`{"reason": "duplicate"}`)}
	require.NoError(t, s.StoreDecision(t.Context(), d, time.Hour))
	recordStage(t, s, carried(lead, 2, lifecycle.StageDisqualified, lifecycle.Entry{
		Kind: lifecycle.Rejected, Decision: d.ID, Assignment: granted.Assignment, Outcome: "rejected", Actor: lifecycle.Actor{Type: "rep", ID: rep},
	}))
	require.Equal(t, "applied rejected 1", one[string](t, s, `SELECT concat_ws(' ', d.state, a.state, (SELECT count(*) FROM outcomes)) FROM decisions d, assignments a`))

	handoff.Lead.Version = 2 // decided anew, without the message
	handoff.Entries = []lifecycle.Entry{{At: time.Now(), Kind: lifecycle.Passed, Why: "accept_due", Cycle: 1}}
	recordStage(t, s, handoff)
	require.Equal(t, "pending offered 0", one[string](t, s, `SELECT concat_ws(' ', d.state, a.state, (SELECT count(*) FROM outcomes)) FROM decisions d, assignments a`))
	again, err := s.ClaimDecisions(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, again, 1, "and is asked again at once")
}

// An offer is granted while the run records something else, and the alert lane is as fast as it likes: the rep is told.
func TestAnOfferThatTheRunHasNotHeardOfYetIsNotTakenFromTheRep(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	granted := offer(t, s, lead, 1).Offer
	clicks := carried(lead, 1, lifecycle.StageQualified)
	clicks.Lead.Asking = true
	recordStage(t, s, clicks)
	alert := claim(t, s, record.LaneAlert)
	require.Len(t, alert, 1)
	require.Empty(t, alert[0].Stop)

	clicks.Lead.Asking, clicks.Lead.Version = false, 2 // an attempt that did not wait for it, and is lost
	recordStage(t, s, clicks)
	require.Equal(t, "expired:offer_closed", sending(t, s, alert[0].ID))
	require.NoError(t, s.FinishDelivery(t.Context(), alert[0], "expired", "offer_closed"))
	handoff := carried(lead, 2, lifecycle.StageHandoff, lifecycle.Entry{Kind: lifecycle.Offered, Assignment: granted.Assignment})
	handoff.Lead.Assignment, handoff.Lead.Owner = granted.Assignment, rep
	recordStage(t, s, handoff)
	again := claim(t, s, record.LaneAlert)
	require.Len(t, again, 1)
	require.Equal(t, []any{alert[0].ID, ""}, []any{again[0].ID, again[0].Stop})
}

func TestTheProjectionOfAnErasedPersonIsNotWritten(t *testing.T) {
	s := floor(t)
	ada := newLead(t, s, "ada@example.com")
	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	erased, err := s.RecordStage(t.Context(), carried(ada, 9, lifecycle.StageNurturing, lifecycle.Entry{Kind: lifecycle.Started}))
	require.NoError(t, err)
	require.True(t, erased)
	require.Equal(t, "erased", one[string](t, s, "SELECT stage FROM leads"))
	loaded, err := s.LoadLead(t.Context(), ada, time.Now())
	require.NoError(t, err)
	require.Equal(t, lifecycle.StageErased, loaded.Stage)
	require.Nil(t, loaded.State)
	loaded, err = s.LoadLead(t.Context(), newID(), time.Now())
	require.NoError(t, err)
	require.False(t, loaded.Found)
	_, err = s.RecordStage(t.Context(), carried(newID(), 1, lifecycle.StageNurturing))
	require.ErrorIs(t, err, record.ErrNotFound)
}

func TestARunLearnsWhyItMaySendNoMail(t *testing.T) {
	s, ctx := floor(t), t.Context()
	muted := func(lead string) string {
		out, err := s.LoadLead(ctx, lead, time.Now())
		require.NoError(t, err)
		return out.Muted
	}
	yes := &record.Consent{Purpose: "marketing", Granted: true}
	no := &record.Consent{Purpose: "marketing"}
	ada := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	require.Empty(t, muted(ada))
	require.Equal(t, mutedNotAsked, muted(capture(t, s, record.Capture{Email: "bob@example.com", NoNurture: true}).LeadID))
	require.Equal(t, mutedNoConsent, muted(capture(t, s, record.Capture{Email: "eve@example.com", Consent: no}).LeadID))
	require.NoError(t, s.Unsubscribe(ctx, ada))
	require.Equal(t, "unsubscribed", muted(ada))
	gus := capture(t, s, record.Capture{Email: "gus@example.com"}).LeadID
	ingest(t, s, record.Event{LeadID: gus, Type: "email_bounce"})
	require.Equal(t, "bounced", muted(gus))
	_, err := s.Suppress(ctx, "man@example.com", "manual")
	require.NoError(t, err)
	require.Equal(t, "manual", muted(capture(t, s, record.Capture{Email: "man@example.com"}).LeadID))

	exec(t, s, `UPDATE policies SET document = jsonb_set(document, '{consent}', '{"require": true}')`)
	require.Empty(t, muted(capture(t, s, record.Capture{Email: "kim@example.com"}).LeadID), "its sequence waits for a yes, it has not ended")
	require.Empty(t, muted(capture(t, s, record.Capture{Email: "yes@example.com", Consent: yes}).LeadID))
}

func TestActivityIsOfTheLeadAndOfItsOwner(t *testing.T) {
	s := floor(t)
	ada := newLead(t, s, "ada@example.com")
	now := time.Now().Truncate(time.Microsecond)
	got, err := s.LastActivity(t.Context(), ada)
	require.NoError(t, err)
	require.Zero(t, got.Worked)
	require.True(t, got.Engaged.Equal(one[time.Time](t, s, "SELECT created_at FROM leads")), "who never engaged has been here since")
	ingest(t, s, record.Event{LeadID: ada, Type: "call", OccurredAt: now.Add(-2 * time.Hour)}, record.Event{LeadID: ada, Type: "page_view", OccurredAt: now.Add(-time.Hour)})
	got, err = s.LastActivity(t.Context(), ada)
	require.NoError(t, err)
	require.True(t, got.Engaged.Equal(now.Add(-time.Hour)))
	require.True(t, got.Worked.Equal(now.Add(-2*time.Hour)))
	newRep(t, s, "rep", nil)
	exec(t, s, "UPDATE leads SET stage = 'qualified'")
	exec(t, s, "UPDATE leads SET assignment_id = $1", offer(t, s, ada, 1).Offer.Assignment)
	got, err = s.LastActivity(t.Context(), ada)
	require.NoError(t, err)
	require.Zero(t, got.Worked, "it was before its owner had it")
}

// A run that was told to erase must not leave a row that says erased and holds the person still.
func TestARunThatIsToldToEraseErases(t *testing.T) {
	s := floor(t)
	ada := newLead(t, s, "ada@example.com")
	key := "0190b0a0-0000-7000-8000-0000000000aa"
	erased, err := s.RecordStage(t.Context(), carried(ada, 3, lifecycle.StageErased, lifecycle.Entry{
		Kind: lifecycle.Erased, From: "nurturing", To: "erased", Actor: lifecycle.Actor{Type: "key", ID: key},
	}))
	require.NoError(t, err)
	require.True(t, erased)
	require.Equal(t, "erased", one[string](t, s, "SELECT stage FROM leads WHERE id = $1", ada))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM leads WHERE email IS NOT NULL OR profile <> '{}'"))
	require.Equal(t, key, one[string](t, s, "SELECT actor_id FROM timeline WHERE lead_id = $1 AND kind = 'erased'", ada))
	_, err = s.RecordStage(t.Context(), carried(ada, 3, lifecycle.StageErased))
	require.NoError(t, err, "the same again")
}
