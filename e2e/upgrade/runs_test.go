package upgrade

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// runsAreWell: no task of any run ever failed, and every open run answers what Postgres shows of it.
func runsAreWell(h *house) {
	open := column[string](h, "SELECT id::text FROM leads WHERE stage NOT IN ('won', 'disqualified', 'erased')")
	h.eventually("a run of every open lead is listed", func() bool { return len(runs(h, "ExecutionStatus = 'Running'")) == len(open) })
	for _, run := range runs(h, "") {
		id, runID := run.Execution.WorkflowId, run.Execution.RunId
		events := h.temporal.GetWorkflowHistory(h.t.Context(), id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			e, err := events.Next()
			require.NoError(h.t, err)
			// What the server refuses because a message came in meanwhile is decided again: that is no failure.
			if cause := e.GetWorkflowTaskFailedEventAttributes().GetCause(); cause != enums.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND {
				require.NotEqual(h.t, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED, e.EventType, "%s: %s", id, e)
			}
		}
		if run.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			require.Contains(h.t, []enums.WorkflowExecutionStatus{
				enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
			}, run.Status, id)
			continue
		}
		h.eventually(id+" is where Postgres shows it", func() bool { return stateOf(h, id).Stage == h.lead(strings.TrimPrefix(id, "lead/"))["stage"] })
	}
}

func stateOf(h *house, id string) (state struct{ Stage string }) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	answer, err := h.temporal.QueryWorkflow(ctx, id, "", wire.QueryState)
	require.NoError(h.t, err, "%s is stuck", id)
	require.NoError(h.t, answer.Get(&state))
	return state
}

// runs lists the runs of leads.
func runs(h *house, which string) (all []*workflow.WorkflowExecutionInfo) {
	h.t.Helper()
	query := "WorkflowType = 'Lead'"
	if which != "" {
		query += " AND " + which
	}
	for token := []byte(nil); ; {
		page, err := h.temporal.ListWorkflow(h.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 500, NextPageToken: token})
		require.NoError(h.t, err)
		all = append(all, page.Executions...)
		if token = page.NextPageToken; len(token) == 0 {
			return all
		}
	}
}
