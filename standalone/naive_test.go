package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// naive is the golden life as one would write it first: a signal for each event, an activity for each step, a timer for
// each wait. It does nothing but cost, and stands here to be compared with.
func naive(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	do := func(times int) error {
		for range times {
			if err := workflow.ExecuteActivity(ctx, naiveStep).Get(ctx, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if err := do(3); err != nil { // load, score, record the stage
		return err
	}
	for range 6 { // each mail: wait, render, send, record
		if err := workflow.Sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
		if err := do(3); err != nil {
			return err
		}
	}
	events := workflow.GetSignalChannel(ctx, "event")
	for range 40 { // each event: score, record
		events.Receive(ctx, nil)
		if err := do(2); err != nil {
			return err
		}
	}
	if err := do(4); err != nil { // choose a rep, notify, plan the clock, record
		return err
	}
	if err := workflow.Sleep(ctx, 10*time.Millisecond); err != nil {
		return err
	}
	if err := do(2); err != nil { // remind, record
		return err
	}
	decisions := workflow.GetSignalChannel(ctx, "decision")
	for range 3 { // accepted, qualified, won: check, record
		decisions.Receive(ctx, nil)
		if err := do(2); err != nil {
			return err
		}
	}
	return nil
}

func naiveStep(context.Context) error { return nil }

// naiveCycles are the other lives as one would write them first: how many cycles, how many mails in all, and what else
// each cycle has: signals with two steps each, a handoff or none. A timer for each wait, an activity for each step.
type naiveCycles struct {
	Cycles, Mails, Signals int
	Handoff                bool
}

// naiveAgain lives them: load, score and record; each mail waits, is rendered, sent and recorded; engagement and decisions
// are scored or checked, and recorded; a handoff chooses, notifies, plans the clock and records; in the end the stage is
// recorded, and a timer waits for the next cycle.
func naiveAgain(ctx workflow.Context, life naiveCycles) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	do := func(times int) error {
		for range times {
			if err := workflow.ExecuteActivity(ctx, naiveStep).Get(ctx, nil); err != nil {
				return err
			}
		}
		return nil
	}
	wait := func() error { return workflow.Sleep(ctx, 10*time.Millisecond) }
	told := workflow.GetSignalChannel(ctx, "event")
	for cycle := range life.Cycles {
		if err := do(3); err != nil {
			return err
		}
		mails := life.Mails / life.Cycles
		if cycle < life.Mails%life.Cycles {
			mails++
		}
		for range mails {
			if err := errors.Join(wait(), do(3)); err != nil {
				return err
			}
		}
		for range life.Signals {
			told.Receive(ctx, nil)
			if err := do(2); err != nil {
				return err
			}
		}
		if life.Handoff {
			if err := do(4); err != nil {
				return err
			}
		}
		if err := errors.Join(wait(), do(1), wait(), do(1)); err != nil { // it goes stale, or is closed; it comes back
			return err
		}
	}
	return nil
}

// costOfNaiveCycles plays it and reads its cost off the server.
func costOfNaiveCycles(t *testing.T, c client.Client, id string, life naiveCycles) cost {
	t.Helper()
	w := worker.New(c, id, worker.Options{Identity: "naive"})
	w.RegisterWorkflow(naiveAgain)
	w.RegisterActivity(naiveStep)
	require.NoError(t, w.Start())
	defer w.Stop()
	before := billed()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: id}, naiveAgain, life)
	require.NoError(t, err)
	for range life.Cycles * life.Signals {
		require.NoError(t, c.SignalWorkflow(t.Context(), id, "", "event", nil))
	}
	require.NoError(t, run.Get(t.Context(), nil))
	return costOf(t, c, id, billed()-before)
}

// costOfNaive plays it and reads its cost off the server.
func costOfNaive(t *testing.T, c client.Client) cost {
	t.Helper()
	w := worker.New(c, "naive", worker.Options{Identity: "naive"})
	w.RegisterWorkflow(naive)
	w.RegisterActivity(naiveStep)
	require.NoError(t, w.Start())
	defer w.Stop()
	before := billed()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "naive", TaskQueue: "naive"}, naive)
	require.NoError(t, err)
	for range 40 {
		require.NoError(t, c.SignalWorkflow(t.Context(), "naive", "", "event", nil))
	}
	for range 3 {
		require.NoError(t, c.SignalWorkflow(t.Context(), "naive", "", "decision", nil))
	}
	require.NoError(t, run.Get(t.Context(), nil))
	return costOf(t, c, "naive", billed()-before)
}
