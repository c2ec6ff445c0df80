package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

func environment(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(start)
	return env
}

func carried(stage lifecycle.Stage, version int64) wire.LeadInput {
	l := lifecycle.New("l")
	l.Stage, l.Version = stage, version
	return wire.LeadInput{LeadID: "l", Carried: &lifecycle.Carried{Lead: l}}
}

// What was delivered and not looked at when a run is handed over is lost by the server: it must travel, and the read
// side must be told of it by the next run.
func TestRollOver_takesUnreadMessagesAlong(t *testing.T) {
	t.Parallel()
	env := environment(t)
	env.RegisterDelayedCallback(func() {
		env.SignalWorkflow(wire.SignalPause, wire.Decision{})
		env.SignalWorkflow(wire.SignalEngagement, wire.Engagement{Seq: 7, Triggers: []wire.Trigger{{Kind: wire.TriggerFirstTouch, Seq: 7}}})
	}, time.Minute)
	env.ExecuteWorkflow(workflows.HandOver, carried(lifecycle.StageNurturing, 3))
	var can *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &can)
	var next wire.LeadInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(can.Input, &next))
	require.True(t, next.Carried.Lead.Paused)
	require.EqualValues(t, 7, next.Carried.Lead.Seq)

	w := newWorld()
	w.version = 3
	var told []line
	erase := decide(1, wire.UpdateErase, wire.Decision{})
	erase.do = func(w *world) { told = w.entries }
	play(t, w, []message{erase}, make([]bool, 1), staging{}, start, next)
	require.Len(t, told, 1, "told at once, not with the next change")
}

func TestOver_looksOnceMore(t *testing.T) {
	t.Parallel()
	for _, captured := range []bool{false, true} {
		env := environment(t)
		if captured {
			env.RegisterDelayedCallback(func() {
				env.SignalWorkflow(wire.SignalEngagement, wire.Engagement{Seq: 7, Triggers: []wire.Trigger{{Kind: wire.TriggerCapture, Seq: 7}}})
			}, time.Minute)
		}
		env.ExecuteWorkflow(workflows.Over, carried(lifecycle.StageDisqualified, 3))
		var over bool
		require.NoError(t, env.GetWorkflowResult(&over))
		require.Equal(t, !captured, over)
	}
}

// What a person decided twice is granted twice and changes nothing: not even the version.
func TestLead_aSecondPauseChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var before, after int64
	got := live(t, w, []message{
		decide(1, wire.UpdatePause, wire.Decision{}),
		{at: at(2), do: func(w *world) { before = w.version }},
		decide(3, wire.UpdatePause, wire.Decision{Until: start.Add(at(5))}),
		{at: at(4), signal: wire.SignalPause, body: wire.Decision{}},
		{at: at(6), do: func(w *world) { after = w.version }},
		decide(7, wire.UpdateErase, wire.Decision{}),
	}, staging{})
	require.Equal(t, lifecycle.StageErased, got.Stage)
	require.Positive(t, before)
	require.Equal(t, before, after)
}

// A message nobody can read is ignored; the next one counts.
func TestLead_aBadSignalIsIgnored(t *testing.T) {
	t.Parallel()
	w := newWorld()
	got := live(t, w, []message{
		{at: at(1), signal: wire.SignalEngagement, body: "not an object"},
		{at: at(2), signal: wire.SignalAccept, body: 42},
		{at: at(3), signal: wire.SignalRollOver, body: []string{"x"}},
		{at: at(4), signal: wire.SignalRefresh, body: true},
		tell(5, 1, "demo_request"), decide(6, wire.UpdateAccept, by("ann")), decide(7, wire.UpdateWin, wire.Decision{}),
	}, staging{})
	require.Equal(t, lifecycle.StageWon, got.Stage)
}

// A run that has grown too long does not wait for what is under way: the next starts it again, under the same id.
func TestRollOver_doesNotWaitForEver(t *testing.T) {
	t.Parallel()
	w := newWorld()
	story := []message{tell(30, 1, "mql"), tell(50, 2), decide(200, wire.UpdateErase, wire.Decision{})}
	sent := make([]bool, len(story))
	ended, next := play(t, w, story, sent, staging{slow: 72 * time.Hour, must: at(40)}, start, wire.LeadInput{LeadID: "l"})
	require.True(t, ended.Before(start.Add(at(30+72))), "the offer is still under way at %s", ended)
	require.Len(t, next.Carried.Outbox, 1)
	require.Equal(t, "l/1/offer/1", next.Carried.Outbox[0].ID)

	_, last := play(t, w, story, sent, staging{}, ended, *next)
	require.Nil(t, last)
	require.Equal(t, []string{"nurturing", "qualified", "handoff"}, w.path()[:3], "offered by the next run")
}
