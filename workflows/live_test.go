package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// message is one thing that reaches the lead at a fixed moment of the story.
type message struct {
	at      time.Duration
	signal  string
	update  string
	body    any
	do      func(*world) // something that happens in Postgres first
	granted bool         // reaches the run together with the next offer it is granted
	away    bool         // the worker is away: the run sees the signal with whatever wakes it next
	refused string       // the code an update is refused with
}

func at(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

func tell(h float64, seq int64, kinds ...string) message {
	s := wire.Engagement{Seq: seq, Score: int(seq), Band: "warm"}
	for _, k := range kinds {
		s.Triggers = append(s.Triggers, wire.Trigger{Kind: k, Seq: seq})
	}
	return message{at: at(h), signal: wire.SignalEngagement, body: s}
}

func decide(h float64, update string, d wire.Decision) message {
	return message{at: at(h), update: update, body: d}
}

func by(rep string) wire.Decision { return wire.Decision{RepID: rep} }

func because(rep, reason string) wire.Decision { return wire.Decision{RepID: rep, Reason: reason} }

// staging is how a story is played: how often it rolls over, or must whatever is under way, and how slow the outside
// world is. A run that is lost, as when somebody terminates it, is started again from what Postgres knows.
type staging struct {
	roll, must, lost, slow time.Duration
	old                    bool // as a worker of v0.1.0 began it
}

// live plays a story to the end of its last run and returns how the lead stood then. The world keeps when that was.
func live(t *testing.T, w *world, story []message, s staging) lifecycle.Lead {
	t.Helper()
	now, in := start, wire.LeadInput{LeadID: "l"}
	sent := make([]bool, len(story))
	for runs := 1; ; runs++ {
		require.Less(t, runs, 500, "the chain of runs does not end")
		ended, can := play(t, w, story, sent, s, now, in)
		now, w.ended = ended, ended
		switch {
		case can != nil:
			in = *can
			w.startsBy(nil)
		default:
			next := nextSignal(story, now)
			if next == 0 {
				return w.lead()
			}
			// Signal with start is one step: the run finds the signal when it has loaded.
			now, in = start.Add(next-time.Nanosecond), wire.LeadInput{LeadID: "l"}
			signalled := make(chan struct{})
			w.startsBy(signalled)
			w.told = sync.OnceFunc(func() { close(signalled) })
		}
	}
}

func (w *world) lead() lifecycle.Lead {
	if w.erased || w.saved == nil {
		return lifecycle.Lead{Stage: lifecycle.StageErased}
	}
	return w.saved.Lead
}

// nextSignal is when the next signal of the story would start a run again.
func nextSignal(story []message, now time.Time) time.Duration {
	var next time.Duration
	for _, m := range story {
		if start.Add(m.at).After(now) && (next == 0 || m.at < next) {
			next = m.at
		}
	}
	return next
}

func play(t *testing.T, w *world, story []message, sent []bool, s staging, now time.Time, in wire.LeadInput) (time.Time, *wire.LeadInput) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(now)
	env.SetWorkflowRunTimeout(100_000 * time.Hour)
	env.RegisterWorkflowWithOptions(workflows.Lead, workflow.RegisterOptions{Name: wire.TypeLead})
	h, sc := &activities.Handoffs{Sales: w}, &activities.Scoring{Scores: w}
	env.RegisterActivity(&activities.Journals{Journal: w})
	env.RegisterActivity(sc)
	env.RegisterActivity(h)
	env.RegisterActivity(&activities.Nurturing{Nurture: w})
	if s.old {
		env.OnActivity((&activities.Journals{}).LoadLead, mock.Anything, mock.Anything).Return(func(ctx context.Context, in activities.LoadInput) (record.Loaded, error) {
			return w.LoadLead(ctx, in.LeadID, in.Now)
		})
	}
	env.SetOnTimerScheduledListener(func(string, time.Duration) { w.timers++ })
	env.SetOnTimerCanceledListener(func(string) { w.canceled++ })
	if s.slow > 0 { // so that messages arrive and deadlines pass meanwhile
		env.OnActivity(h.OfferHandoff, mock.Anything, mock.Anything).After(s.slow).Return(h.OfferHandoff)
		env.OnActivity(h.ClaimLead, mock.Anything, mock.Anything).After(s.slow).Return(h.ClaimLead)
		env.OnActivity(h.AssignLead, mock.Anything, mock.Anything).After(s.slow).Return(h.AssignLead)
		env.OnActivity(sc.BeginCycle, mock.Anything, mock.Anything).After(s.slow).Return(sc.BeginCycle)
	}
	for i, m := range story {
		if !sent[i] {
			env.RegisterDelayedCallback(func() {
				send(t, env, w, m, fmt.Sprintf("u%d", i), &sent[i])
			}, max(0, start.Add(m.at).Sub(now)))
		}
	}
	if s.roll > 0 {
		env.RegisterDelayedCallback(func() { env.SetContinueAsNewSuggested(true) }, s.roll)
	}
	if s.lost > 0 {
		env.RegisterDelayedCallback(env.CancelWorkflow, s.lost)
	}
	if s.must > 0 {
		env.RegisterDelayedCallback(func() { env.SetCurrentHistoryLength(10_000) }, s.must)
	}
	env.ExecuteWorkflow(wire.TypeLead, in)
	require.True(t, env.IsWorkflowCompleted())
	err := env.GetWorkflowError()
	if err == nil {
		return env.Now().UTC(), nil
	}
	if s.lost > 0 && temporal.IsCanceledError(err) {
		return env.Now().UTC(), &wire.LeadInput{LeadID: "l"}
	}
	var can *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &can)
	var next wire.LeadInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(can.Input, &next))
	return env.Now().UTC(), &next
}

func send(t *testing.T, env *testsuite.TestWorkflowEnvironment, w *world, m message, id string, sent *bool) {
	if env.IsWorkflowCompleted() {
		return // the next run gets it
	}
	if m.do != nil {
		m.do(w)
	}
	*sent = m.update == ""
	if w.signalled != nil {
		defer w.told()
	}
	switch {
	case m.granted:
		w.granting = func() { env.SignalWorkflowSkippingWorkflowTask(m.signal, m.body) }
	case m.away:
		env.SignalWorkflowSkippingWorkflowTask(m.signal, m.body)
	case m.signal != "":
		env.SignalWorkflow(m.signal, m.body)
	}
	if m.update == "" {
		return
	}
	check := func(err error) {
		code := ""
		var app *temporal.ApplicationError
		if errors.As(err, &app) {
			code = app.Type()
		}
		if code == "RunHandedOver" {
			*sent = false // whoever decided asks the next run
			return
		}
		if code != m.refused {
			t.Errorf("%s at %s: refused %q (%v), want %q", m.update, m.at, code, err, m.refused)
		}
	}
	env.UpdateWorkflow(m.update, id, &testsuite.TestUpdateCallback{
		OnAccept: func() { *sent = true }, OnReject: func(err error) { *sent = true; check(err) }, OnComplete: func(_ any, err error) { check(err) },
	}, m.body)
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
