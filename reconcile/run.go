package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Run is what Temporal says of the newest run of a lead.
type Run struct {
	Open   bool
	Status string // how it ended, else running; empty: there never was one
	State  wire.State
	Silent string      // why the query was not answered; empty: it was
	Failed int         // how often in a row its workflow task has failed or timed out
	Timers []time.Time // when those that are pending fire
}

// patience is how long one question to Temporal may take.
const patience = 15 * time.Second

// ask looks at one run: a description, then, where it is open, its state, and where it waits for a deadline, its timers.
func ask(ctx context.Context, c client.Client, leadID string) (Run, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	id := wire.WorkflowID(leadID)
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return Run{}, nil
	}
	if err != nil {
		return Run{}, err
	}
	info := described.GetWorkflowExecutionInfo()
	run := Run{Open: info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, Status: info.GetStatus().String()}
	if !run.Open {
		return run, nil
	}
	run.Failed = int(described.GetPendingWorkflowTask().GetAttempt()) - 1
	asked, enough := context.WithTimeout(ctx, patience)
	defer enough()
	answer, err := c.QueryWorkflow(asked, id, "", wire.QueryState)
	if err == nil {
		err = answer.Get(&run.State)
	}
	if err != nil {
		run.Silent = silence(err)
		return run, nil
	}
	if !run.State.Next.At.IsZero() {
		run.Timers, err = timers(ctx, c, id, info.GetExecution().GetRunId())
	}
	return run, err
}

// silence is a query's error as a code: what the server writes of it may be anything.
func silence(err error) string {
	var failed *serviceerror.QueryFailed
	switch {
	case errors.As(err, &failed):
		return "query_failed"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "unavailable"
}

// timers reads out of a run's history when its pending timers fire: nothing else tells.
func timers(ctx context.Context, c client.Client, id, runID string) ([]time.Time, error) {
	pending := map[string]time.Time{}
	for events := c.GetWorkflowHistory(ctx, id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		e, err := events.Next()
		var gone *serviceerror.NotFound
		if errors.As(err, &gone) {
			return nil, nil // it rolled over meanwhile, and will be looked at again
		}
		if err != nil {
			return nil, err
		}
		note(pending, e)
	}
	var out []time.Time
	for _, at := range pending {
		out = append(out, at)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out, nil
}

func note(pending map[string]time.Time, e *historypb.HistoryEvent) {
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		a := e.GetTimerStartedEventAttributes()
		pending[a.GetTimerId()] = e.GetEventTime().AsTime().Add(a.GetStartToFireTimeout().AsDuration())
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		delete(pending, e.GetTimerFiredEventAttributes().GetTimerId())
	case enumspb.EVENT_TYPE_TIMER_CANCELED:
		delete(pending, e.GetTimerCanceledEventAttributes().GetTimerId())
	}
}
