package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// staged is rules with a word for single stages.
func staged() Policy {
	p := rules()
	p.Recycle.Stages = map[Stage]map[string]Reason{
		StageNurturing:   {ReasonStale: {Path: PathRecycle, CoolDown: hours(5), Sequence: "winback", Score: ScoreFloor, MaxCycles: 2}},
		StageOpportunity: {"price": {Path: PathStayLost}, ReasonIdle: {Path: PathRecycle, CoolDown: hours(7), Sequence: "revive"}},
		StageWorking:     {"timing": {Path: PathRecycle, CoolDown: hours(9), Score: ScoreZero, MaxCycles: 1}},
	}
	return p
}

// follows folds an event in, under a policy.
func follows(t *testing.T, p Policy, l Lead, e Event) (Lead, Outcome) {
	t.Helper()
	if e.At.IsZero() {
		e.At = noon
	}
	next, out, err := l.Apply(e, p)
	require.NoError(t, err)
	return next, out
}

func coolDown(t *testing.T, l Lead) time.Duration {
	t.Helper()
	require.Equal(t, StageDormant, l.Stage)
	k, ok := l.Next()
	require.True(t, ok)
	require.Equal(t, ClockCoolDown, k.Kind)
	return k.At.Sub(noon)
}

func woken(t *testing.T, p Policy, l Lead) (Lead, Outcome) {
	t.Helper()
	return follows(t, p, l, Event{Kind: Passed, Clock: Clock{Kind: ClockCoolDown}})
}

func at(stage Stage) Lead {
	l := New("lead")
	l.Stage, l.CycleAt, l.Owner, l.Assignment = stage, noon, "ann", "assignment-ann"
	return l
}

// Each row is a way into rest, and what the stage it came from makes of it.
func TestPolicy_whatAStageSaysGoesOverTheReason(t *testing.T) {
	t.Parallel()
	p := staged()
	lose := func(reason string) Event {
		return Event{Kind: Lost, Decision: Decision{ID: "d", By: "ann", Reason: reason}}
	}
	idle := Event{Kind: Checked, Clock: Clock{Kind: ClockIdle, Level: LevelFinal}}
	for name, c := range map[string]struct {
		from     Stage
		by       Event
		cool     int
		sequence string
		score    ScorePolicy
	}{
		"stale":                           {StageNurturing, Event{Kind: Checked, Clock: Clock{Kind: ClockStale}}, 5, "winback", ScoreFloor},
		"idle as an opportunity":          {StageOpportunity, idle, 7, "revive", ScoreKeep},
		"idle while worked: the default":  {StageWorking, idle, 48, "", ScoreKeep},
		"price while worked: the reason":  {StageWorking, lose("price"), 36, "", ScoreZero},
		"timing while worked: the stage":  {StageWorking, lose("timing"), 9, "", ScoreZero},
		"timing as an opportunity":        {StageOpportunity, lose("timing"), 48, "", ScoreKeep},
		"recycled with a reason by hand":  {StageWorking, Event{Kind: Recycled, Decision: Decision{ID: "d", Reason: "timing"}}, 9, "", ScoreZero},
		"recycled by hand, without a one": {StageOpportunity, Event{Kind: Recycled, Decision: Decision{ID: "d"}}, 48, "", ScoreKeep},
	} {
		l, _ := follows(t, p, at(c.from), c.by)
		require.Equal(t, time.Duration(c.cool)*time.Hour, coolDown(t, l), name)
		if l.Reason == "timing" && c.from == StageWorking {
			continue // ends with its first cycle: below
		}
		l, out := woken(t, p, l)
		require.Equal(t, []any{StageNurturing, 2}, []any{l.Stage, l.Cycle}, name)
		require.Empty(t, l.Rested, name)
		require.Equal(t, CommandBegin, out.Commands[0].Kind, name)
		require.Equal(t, []any{c.sequence, c.score}, []any{out.Commands[0].Sequence, out.Commands[0].Policy}, name)
	}
	l, _ := follows(t, p, at(StageOpportunity), lose("price"))
	require.Equal(t, StageLost, l.Stage)
}

func TestPolicy_aReasonMayEndBeforeThePolicyDoes(t *testing.T) {
	t.Parallel()
	p := staged()
	l, _ := follows(t, p, at(StageWorking), Event{Kind: Lost, Decision: Decision{ID: "d", By: "ann", Reason: "timing"}})
	for name, e := range map[string]Event{"cool-down": {Kind: Passed, Clock: Clock{Kind: ClockCoolDown}}, "trigger": {Kind: Triggered, Trigger: "demo_request"}} {
		ended, out := follows(t, p, l, e)
		require.Equal(t, StageDisqualified, ended.Stage, name)
		require.Equal(t, "max_cycles:timing", out.Entries[0].Why, name)
		back, _ := follows(t, p, ended, Event{Kind: Recaptured})
		require.Equal(t, StageDisqualified, back.Stage, "its reason does not allow it")
	}
	// A reason that allows more than the policy changes nothing.
	p.Recycle.Stages[StageWorking]["timing"] = Reason{Path: PathRecycle, MaxCycles: 50}
	l.Cycle = 3
	ended, _ := woken(t, p, l)
	require.Equal(t, StageDisqualified, ended.Stage)

	stale := at(StageNurturing)
	stale.Cycle = 2
	stale, _ = follows(t, p, stale, Event{Kind: Checked, Clock: Clock{Kind: ClockStale}})
	require.Equal(t, []any{StageDisqualified, "stale"}, []any{stale.Stage, stale.Reason})
	p.Recycle.Stages[StageNurturing][ReasonStale] = Reason{Path: PathDisqualify}
	stale, _ = follows(t, p, at(StageNurturing), Event{Kind: Checked, Clock: Clock{Kind: ClockStale}})
	require.Equal(t, StageDisqualified, stale.Stage)
}

// Runs that live under a policy without stages carry nothing new: what v0.1.0 recorded is replayed to the letter.
func TestPolicy_withoutStagesNothingIsRemembered(t *testing.T) {
	t.Parallel()
	l, _ := follows(t, rules(), at(StageWorking), Event{Kind: Lost, Decision: Decision{ID: "d", By: "ann", Reason: "price"}})
	require.Equal(t, StageDormant, l.Stage)
	require.Empty(t, l.Rested)
}
