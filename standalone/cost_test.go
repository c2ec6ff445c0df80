package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
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

// cost is what a run costs the server.
type cost struct{ events, actions, transitions, bytes int64 }

func (c cost) String() string {
	return fmt.Sprintf("%d history events, %d billable actions, %d state transitions, %d bytes", c.events, c.actions, c.transitions, c.bytes)
}

func costOf(t *testing.T, c client.Client, id string, actions int64) cost {
	t.Helper()
	info, err := c.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	i := info.WorkflowExecutionInfo
	return cost{i.HistoryLength, actions, i.StateTransitionCount, i.HistorySizeBytes}
}
