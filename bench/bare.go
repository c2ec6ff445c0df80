package main

import (
	"context"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const bareQueue = "bench-bare"

// steps is a workflow that does nothing but have state transitions: an activity after the other.
func steps(ctx workflow.Context, n int) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for range n {
		if err := workflow.ExecuteActivity(ctx, nothing).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func nothing(context.Context) error { return nil }

// idle is a workflow that waits as a lead does: for a signal or for a timer, whichever comes first.
func idle(ctx workflow.Context) error {
	woken := 0
	if err := workflow.SetQueryHandler(ctx, "state", func() (int, error) { return woken, nil }); err != nil {
		return err
	}
	signal, timer := workflow.GetSignalChannel(ctx, signalName), workflow.NewTimer(ctx, 30*24*time.Hour)
	over := false
	s := workflow.NewSelector(ctx)
	s.AddReceive(signal, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil); woken++ })
	s.AddFuture(timer, func(workflow.Future) { over = true })
	for !over {
		s.Select(ctx)
	}
	return nil
}

// newBare starts a worker for the bare workflows.
func newBare(c client.Client) (worker.Worker, error) {
	w := bareWorker(c, bareQueue)
	w.RegisterWorkflow(steps)
	w.RegisterWorkflow(idle)
	w.RegisterActivity(nothing)
	return w, w.Start()
}

func startBare(ctx context.Context, c client.Client, id string, flow any, args ...any) (client.WorkflowRun, error) {
	return c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: bareQueue}, flow, args...)
}

// transitions counts the state transitions of a whole life, over all its runs.
func transitions(ctx context.Context, c client.Client, id string) (n int64, err error) {
	for run := ""; ; {
		info, err := c.DescribeWorkflowExecution(ctx, id, run)
		if err != nil {
			return 0, err
		}
		n += info.WorkflowExecutionInfo.StateTransitionCount
		first, err := c.GetWorkflowHistory(ctx, id, info.WorkflowExecutionInfo.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Next()
		if err != nil {
			return 0, err
		}
		if run = first.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId(); run == "" {
			return n, nil
		}
	}
}
