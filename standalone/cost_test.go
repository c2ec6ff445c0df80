package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/metrics/metricstest"
)

// measured is what the embedded server says of itself.
var measured = metricstest.NewCaptureHandler()

var capture = measured.StartCapture()

// billed counts the billable actions since the start of the server.
func billed() int64 {
	var n int64
	for _, r := range capture.Snapshot()[metrics.ActionCounter.Name()] {
		n += r.Value.(int64)
	}
	return n
}

// cost is what a life costs the server, over all its runs.
type cost struct{ events, actions, transitions, bytes int64 }

func (c cost) String() string {
	return fmt.Sprintf("%d history events, %d billable actions, %d state transitions, %d bytes", c.events, c.actions, c.transitions, c.bytes)
}

func costOf(t *testing.T, c client.Client, id string, actions int64) cost {
	t.Helper()
	sum := cost{actions: actions}
	for run := ""; ; { // from the last run of the life to its first
		info, err := c.DescribeWorkflowExecution(t.Context(), id, run)
		require.NoError(t, err)
		i := info.WorkflowExecutionInfo
		sum.events += i.HistoryLength
		sum.transitions += i.StateTransitionCount
		sum.bytes += i.HistorySizeBytes
		first, err := c.GetWorkflowHistory(t.Context(), id, i.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Next()
		require.NoError(t, err)
		if run = first.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId(); run == "" {
			return sum
		}
	}
}
