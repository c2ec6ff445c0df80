package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// waits says what a lead that nothing is under way for waits for; empty when it waits for nothing and is stuck.
func waits(l Lead, p Policy) string {
	for _, c := range l.Clocks {
		if !l.Paused && !l.Snoozed && c.At.IsZero() {
			return ""
		}
	}
	switch {
	case l.Asking, l.Beginning, l.Snoozed && !l.has(ClockSnooze):
		return "" // for an answer nobody will give
	case l.Stage.Terminal(), l.Stage == StageLost, l.Stage == StageWorking, l.Stage == StageOpportunity:
		return "people"
	case l.Paused:
		return "the end of the pause"
	case l.Stage == StageNurturing && l.has(ClockStale), l.Stage == StageHandoff && l.has(ClockAccept),
		l.Stage == StageDormant && l.has(ClockCoolDown), l.Stage == StageQualified && l.has(ClockRetry):
		return "a clock"
	case l.Stage == StageQualified && l.Made >= p.SLA.Accept.MaxOffers:
		return "a rep who takes it out of the queue"
	}
	return ""
}

// Whatever happens in whatever order, answers late, refused or never given: a lead always waits for something that will
// come.
func TestLead_Apply_isNeverStuck(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := begun(t)
		var under []Command // under way, as the run's outbox: one of each id
		launch := func(cmds []Command) {
			for _, c := range cmds {
				if !slices.ContainsFunc(under, func(o Command) bool { return o.ID == c.ID }) {
					under = append(under, c)
				}
			}
		}
		launch(f.wished)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			f.wished = nil // answers come from under
			var e Event
			if len(under) > 0 && rapid.IntRange(0, 2).Draw(t, "answered") > 0 {
				i := rapid.IntRange(0, len(under)-1).Draw(t, "which")
				e = f.outcome(t, under[i])
				under = slices.Delete(under, i, i+1)
			} else {
				e = f.next(t)
			}
			cmds, _ := f.apply(t, e)
			launch(cmds)
			if len(under) == 0 {
				require.NotEmpty(t, waits(f.lead, rules()), "stuck after %s: %+v", e.Kind, f.lead)
			}
		}
	})
}

// outcome is an answer, a refusal, or that the command was given up.
func (f *life) outcome(t *rapid.T, c Command) Event {
	switch n := rapid.IntRange(0, 5).Draw(t, "outcome"); {
	case n == 0:
		return Event{Kind: GivenUp, Command: c.ID, Code: "timeout", Clock: c.Clock, Clocks: c.Clocks}
	case n < 3 && (c.Kind == CommandClaim || c.Kind == CommandAssign):
		return Event{Kind: NotGranted, Command: c.ID, Code: CodeUnknownRep}
	}
	return f.answer(t, c)
}

func applied(t *testing.T, l Lead, e Event) (Lead, Outcome) {
	t.Helper()
	if e.At.IsZero() {
		e.At = noon
	}
	got, out, err := l.Apply(e, rules())
	require.NoError(t, err)
	return got, out
}

func refusal(t *testing.T, l Lead, e Event) string {
	t.Helper()
	_, _, err := l.Apply(e, rules())
	var no *Refusal
	require.ErrorAs(t, err, &no)
	return no.Code
}

// handedTo is a lead that was offered to a rep.
func handedTo(t *testing.T, rep string) Lead {
	t.Helper()
	l, _ := applied(t, New("l"), Event{Kind: Started})
	l, out := applied(t, l, Event{Kind: Triggered, Trigger: TriggerMQL})
	l, _ = applied(t, l, Event{Kind: Offered, Command: out.Commands[0].ID, Offer: offer(1, rep, noon)})
	return l
}

func TestLead_Apply_aLateAnswerReleasesOnlyWhatItAnswers(t *testing.T) {
	t.Parallel()
	l, _ := applied(t, New("l"), Event{Kind: Started})
	l, out := applied(t, l, Event{Kind: Triggered, Trigger: TriggerMQL})
	l, _ = applied(t, l, Event{Kind: NoRepFound, Command: out.Commands[0].ID})
	l, out = applied(t, l, Event{Kind: Accepted, Decision: Decision{By: "eve"}})
	claim := out.Commands[0].ID
	l, _ = applied(t, l, Event{Kind: Revoked})
	l, out = applied(t, l, Event{Kind: Triggered, Trigger: TriggerMQL})
	l, _ = applied(t, l, Event{Kind: NotGranted, Command: claim, Code: CodeUnknownRep})
	require.True(t, l.Asking, "the offer is still under way")
	l, _ = applied(t, l, Event{Kind: GivenUp, Command: l.id("sla/1/remind")})
	require.True(t, l.Asking, "an alert is not what was asked")
	l, _ = applied(t, l, Event{Kind: Offered, Command: out.Commands[0].ID, Offer: offer(2, "ann", noon)})
	require.Equal(t, StageHandoff, l.Stage)
}

func TestLead_Apply_anAssignmentOfACycleThatIsOverIsTooLate(t *testing.T) {
	t.Parallel()
	l, _ := applied(t, handedTo(t, "ann"), Event{Kind: Accepted, Decision: Decision{By: "ann"}})
	l, out := applied(t, l, Event{Kind: Reassigned, Rep: "bob"})
	late := out.Commands[0].ID
	l, _ = applied(t, l, Event{Kind: Lost, Decision: Decision{Reason: "no_fit"}})
	l, out = applied(t, l, Event{Kind: Recycled})
	l, _ = applied(t, l, Event{Kind: CycleBegun, Command: out.Commands[0].ID})
	l, out = applied(t, l, Event{Kind: Triggered, Trigger: "demo_request"})
	l, _ = applied(t, l, Event{Kind: Offered, Command: out.Commands[0].ID, Offer: offer(1, "cyd", noon)})
	l, _ = applied(t, l, Event{Kind: Accepted, Decision: Decision{By: "cyd"}})
	l, _ = applied(t, l, Event{Kind: Reassigned, Rep: "ann"})
	l, out = applied(t, l, Event{Kind: Assigned, Command: late, Offer: offer(2, "bob", noon)})
	require.Equal(t, "cyd", l.Owner)
	require.Equal(t, "withdrawn", out.Entries[0].Outcome)
	require.True(t, l.Asking)
}

func TestLead_Apply_theSameDecisionAgainHasNoEffect(t *testing.T) {
	t.Parallel()
	rejected := Event{Kind: Rejected, Decision: Decision{By: "ann", Reason: "no_capacity"}}
	l, out := applied(t, handedTo(t, "ann"), rejected)
	offered, _ := applied(t, l, Event{Kind: Offered, Command: out.Commands[0].ID, Offer: offer(2, "bob", noon)})
	for _, l := range []Lead{l, offered} { // while the next is asked, and while they have it
		got, out := applied(t, l, rejected)
		require.Equal(t, l, got)
		require.Equal(t, Outcome{Same: true}, out)
	}
	rejected.Decision.Assignment = "assignment-ann"
	got, _ := applied(t, offered, rejected)
	require.Equal(t, offered, got)
	rejected.Decision.Reason = "not_ready"
	require.Equal(t, CodeNotYourOffer, refusal(t, offered, rejected), "another decision about it")

	worked, _ := applied(t, offered, Event{Kind: Accepted, Decision: Decision{By: "bob"}})
	recycled, _ := applied(t, worked, Event{Kind: Recycled, Decision: Decision{Reason: "timing"}})
	require.Equal(t, StageDormant, recycled.Stage)
	got, _ = applied(t, recycled, Event{Kind: Recycled, Decision: Decision{Reason: "timing"}})
	require.Equal(t, recycled, got, "the cool-down is not skipped")
	got, _ = applied(t, recycled, Event{Kind: Recycled})
	require.Equal(t, 2, got.Cycle, "another decision is")
}

// What a rep decided in a cycle that is over is not taken for what they decide now.
func TestLead_Apply_aDecisionOfAnEarlierCycleIsNotRepeated(t *testing.T) {
	t.Parallel()
	l, _ := applied(t, handedTo(t, "ann"), Event{Kind: Accepted, Decision: Decision{By: "ann"}})
	l.Clocks = nil // passed
	l, _ = applied(t, l, Event{Kind: Checked, Clock: Clock{Kind: ClockIdle, Level: LevelFinal}})
	l, out := applied(t, l, Event{Kind: Triggered, Trigger: "demo_request"})
	require.Equal(t, CodeWrongStage, refusal(t, l, Event{Kind: Rejected, Decision: Decision{By: "ann", Reason: "other"}}), "of this cycle")
	l, out = applied(t, l, Event{Kind: CycleBegun, Command: out.Commands[0].ID})
	l, _ = applied(t, l, Event{Kind: NoRepFound, Command: out.Commands[0].ID})
	l, out = applied(t, l, Event{Kind: Accepted, Decision: Decision{By: "ann"}})
	require.True(t, l.Asking, "ann takes it out of the queue")
	require.Equal(t, CommandClaim, out.Commands[0].Kind)
}

func TestLead_Apply_aHardTriggerOutranksWhatWaitsBesideIt(t *testing.T) {
	t.Parallel()
	l, _ := applied(t, New("l"), Event{Kind: Started})
	l, _ = applied(t, l, Event{Kind: Paused})
	l, _ = applied(t, l, Event{Kind: Triggered, Trigger: "demo_request"})
	l, _ = applied(t, l, Event{Kind: Triggered, Trigger: TriggerMQL})
	l, _ = applied(t, l, Event{Kind: Revoked})
	l, _ = applied(t, l, Event{Kind: Resumed})
	require.Equal(t, StageQualified, l.Stage)
}

func TestLead_Apply_aCaptureThatWaitedQualifiesNobody(t *testing.T) {
	t.Parallel()
	l := handedTo(t, "ann")
	l, _ = applied(t, l, Event{Kind: Rejected, Decision: Decision{By: "ann", Reason: "not_ready"}})
	l, _ = applied(t, l, Event{Kind: Paused})
	l, _ = applied(t, l, Event{Kind: Recaptured})
	l, out := applied(t, l, Event{Kind: Recycled})
	l, _ = applied(t, l, Event{Kind: Resumed})
	l, _ = applied(t, l, Event{Kind: CycleBegun, Command: out.Commands[0].ID})
	require.Equal(t, StageNurturing, l.Stage)
	require.Equal(t, 2, l.Cycle)
}

// A plan that comes after something else was decided sets no clock of it.
func TestLead_Apply_aPlanIsForTheClocksItWasAskedFor(t *testing.T) {
	t.Parallel()
	l := handedTo(t, "ann")
	l, _ = applied(t, l, Event{Kind: Paused})
	l, out := applied(t, l, Event{Kind: Resumed})
	plan := out.Commands[0]
	l, out = applied(t, l, Event{Kind: Rejected, Decision: Decision{By: "ann", Reason: "no_capacity"}})
	l, _ = applied(t, l, Event{Kind: Offered, Command: out.Commands[0].ID, Offer: offer(2, "bob", noon)})
	due := l.Due()
	late := Event{Kind: Planned, Command: plan.ID, Clocks: []Clock{{Kind: ClockAccept, Level: LevelRemind, At: noon.Add(time.Minute)}}}
	l, _ = applied(t, l, late)
	require.Equal(t, due, l.Due(), "the clocks of the next offer stay")

	l, _ = applied(t, handedTo(t, "ann"), Event{Kind: Accepted, Decision: Decision{By: "ann"}})
	touch := l.id("plan/touch/%s", l.Assignment)
	l, out = applied(t, l, Event{Kind: Reassigned, Rep: "bob"})
	l, _ = applied(t, l, Event{Kind: Assigned, Command: out.Commands[0].ID, Offer: offer(2, "bob", noon)})
	l, _ = applied(t, l, Event{Kind: Planned, Command: touch, Clocks: []Clock{{Kind: ClockTouch, Level: LevelOwner, At: noon.Add(time.Minute)}}})
	require.False(t, l.has(ClockTouch), "it is another rep's now")
}

// A deadline that passed just before a pause was asked about: what follows from it waits for the end of the pause.
func TestLead_Apply_aPauseHoldsWhatWasBeingAsked(t *testing.T) {
	t.Parallel()
	l, _ := applied(t, New("l"), Event{Kind: Started})
	l, clock, _, ok := l.PopDue(noon.Add(hours(240).Duration()))
	require.True(t, ok)
	l, out := applied(t, l, Event{Kind: Passed, Clock: clock})
	l, _ = applied(t, l, Event{Kind: Paused})
	l, _ = applied(t, l, Event{Kind: Checked, Command: out.Commands[0].ID, Clock: clock})
	require.Equal(t, StageNurturing, l.Stage)
	l, _ = applied(t, l, Event{Kind: Resumed})
	require.Equal(t, noon, l.Due(), "asked again at once")
}

// A decision takes effect when it is granted: an assignment that is refused was never one.
func TestLead_Apply_aReassignmentCountsOnceItIsGranted(t *testing.T) {
	t.Parallel()
	worked, _ := applied(t, handedTo(t, "ann"), Event{Kind: Accepted, Decision: Decision{ID: "d1", By: "ann"}})
	asked, out := applied(t, worked, Event{Kind: Reassigned, Rep: "bob", Decision: Decision{ID: "d2"}})
	for _, e := range out.Entries {
		require.Empty(t, e.Decision)
	}
	require.Equal(t, "d2", out.Commands[0].Decision)
	require.Equal(t, worked.Last, asked.Last)

	refused, out := applied(t, asked, Event{Kind: NotGranted, Command: out.Commands[0].ID, Code: CodeUnknownRep, Decision: Decision{ID: "d2"}})
	require.Equal(t, CodeUnknownRep, out.Entries[0].Refused)
	require.Empty(t, out.Entries[0].Decision)
	require.False(t, refused.Asking)

	granted, out := applied(t, asked, Event{Kind: Assigned, Command: asked.id("assign/2/bob"), Offer: offer(2, "bob", noon), Decision: Decision{ID: "d2"}})
	require.Equal(t, "d2", out.Entries[0].Decision)
	require.Empty(t, out.Entries[0].Refused)
	_, out = applied(t, granted, Event{Kind: Reassigned, Rep: "bob", Decision: Decision{ID: "d2"}})
	require.True(t, out.Same, "asked again because the answer was lost")
}

// The retry clock of a queued lead passes while a claim is under way: the claim is refused, and nobody is asked any more.
func TestLead_Apply_aRefusedClaimLooksForARepAgain(t *testing.T) {
	t.Parallel()
	l, _ := applied(t, New("l"), Event{Kind: Started})
	l, out := applied(t, l, Event{Kind: Triggered, Trigger: TriggerMQL})
	l, _ = applied(t, l, Event{Kind: NoRepFound, Command: out.Commands[0].ID})
	l, out = applied(t, l, Event{Kind: Accepted, Decision: Decision{By: "eve"}})
	claim := out.Commands[0].ID
	at := l.Due()
	l, clock, _, _ := l.PopDue(at)
	require.Equal(t, ClockRetry, clock.Kind)
	l, _ = applied(t, l, Event{Kind: Passed, At: at, Clock: clock})
	l, _ = applied(t, l, Event{Kind: NotGranted, At: at, Command: claim, Code: CodeUnknownRep})
	require.True(t, l.has(ClockRetry))
}

// Where no calendar is to be had, an accept clock runs by the wall rather than never.
func TestLead_Apply_aPlanThatIsGivenUpLeavesNoClockHeld(t *testing.T) {
	t.Parallel()
	l, _ := applied(t, handedTo(t, "ann"), Event{Kind: Paused})
	l, out := applied(t, l, Event{Kind: Resumed, At: noon.Add(time.Hour)})
	require.True(t, l.Due().IsZero())
	l, _ = applied(t, l, Event{Kind: GivenUp, At: noon.Add(time.Hour), Command: out.Commands[0].ID, Code: "timeout"})
	require.Equal(t, noon.Add(3*time.Hour), l.Due())
}
