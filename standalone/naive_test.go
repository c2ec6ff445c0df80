package main

import (
	"context"
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
