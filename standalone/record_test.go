package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
)

// recordInto is where `make histories` keeps the histories of the lives that the tests play.
var recordInto = flag.String("record", "", "`directory` in which to keep the histories of the lives that are played")

// recorded keeps every run of a life in a file of its own, for the replay tests.
func recorded(t *testing.T, story, leadID string) {
	t.Helper()
	if *recordInto == "" {
		return
	}
	runs := runsOf(t, temporalClient(t), "lead/"+leadID)
	for i, run := range runs {
		scrub(run)
		name := fmt.Sprintf("%s.%d.json", story, i+1)
		require.NoError(t, os.WriteFile(filepath.Join(*recordInto, name), eventLines(t, run), 0o644))
	}
	t.Logf("%s: %d runs recorded", story, len(runs))
}

// runsOf reads the histories of a life, first run first.
func runsOf(t *testing.T, c client.Client, workflowID string) []*historypb.History {
	t.Helper()
	var runs []*historypb.History
	for runID, first := "", true; first || runID != ""; first = false {
		h := &historypb.History{}
		for it := c.GetWorkflowHistory(t.Context(), workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
			e, err := it.Next()
			require.NoError(t, err)
			h.Events = append(h.Events, e)
		}
		runs = append(runs, h)
		runID = h.Events[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
	}
	slices.Reverse(runs)
	return runs
}

// scrub takes the name of the machine out of a history: the queue of a worker's own tasks carries it.
func scrub(h *historypb.History) {
	for _, e := range h.Events {
		q := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue()
		if q.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
			q.Name = "sticky"
		}
	}
}

// eventLines is a history as JSON, an event a line, so that two recordings can be compared.
func eventLines(t *testing.T, h *historypb.History) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`{"events":[` + "\n")
	for i, e := range h.Events {
		raw, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(e)
		require.NoError(t, err)
		b.Write(raw)
		if i < len(h.Events)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]}\n")
	return b.Bytes()
}
