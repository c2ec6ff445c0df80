package worker_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/leadflow-dev/leadflow/worker"
)

// histories were recorded from a real server by `make histories`, a directory for each release. They bind: what changes
// the order of commands in a run that was recorded breaks a run that is alive somewhere.
const histories = "../workflows/testdata/histories"

// recordings counts the stories and the runs of each release, so that none goes missing.
var recordings = map[string]struct{ stories, runs int }{
	"v0.1.0": {stories: 16, runs: 28},
}

func replay(t *testing.T, h *historypb.History) error {
	t.Helper()
	r := sdkworker.NewWorkflowReplayer()
	worker.Register(r)
	return r.ReplayWorkflowHistory(nil, h)
}

func read(t *testing.T, path string) *historypb.History {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	h, err := client.HistoryFromJSON(bytes.NewReader(raw), client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h
}

func TestReplay_everyRecordedRunGoesTheSameWay(t *testing.T) {
	for release, want := range recordings {
		files, err := filepath.Glob(filepath.Join(histories, release, "*.json"))
		require.NoError(t, err)
		stories := map[string]bool{}
		for _, path := range files {
			name, _, _ := strings.Cut(filepath.Base(path), ".")
			stories[name] = true
			t.Run(release+"/"+filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				require.NoError(t, replay(t, read(t, path)))
			})
		}
		require.Len(t, files, want.runs, "recorded runs of %s", release)
		require.Len(t, stories, want.stories, "recorded stories of %s", release)
		require.Contains(t, stories, "worker-away")
	}
}

// A replayer that finds nothing finds nothing also where there is something: a history in which a run asked for another
// activity than the code asks for must fail.
func TestReplay_whatTheCodeNeverDidIsRefused(t *testing.T) {
	golden := filepath.Join(histories, "v0.1.0", "golden.1.json")
	h := read(t, golden)
	require.NoError(t, replay(t, h))
	h = read(t, golden)
	i := slices.IndexFunc(h.Events, func(e *historypb.HistoryEvent) bool { return e.GetActivityTaskScheduledEventAttributes() != nil })
	require.Positive(t, i)
	h.Events[i].GetActivityTaskScheduledEventAttributes().ActivityType.Name = "AskTheOracle"
	require.ErrorContains(t, replay(t, h), "nondeterministic")
}

// What a recording machine is called belongs in no file, and what a person is called in no history.
func TestHistories_nameNoMachine(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(histories, "*", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		for _, e := range read(t, path).Events {
			if q := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); q != nil {
				require.Contains(t, []string{"leads", "sticky"}, q.GetName(), path)
			}
			require.Contains(t, []string{"", "leadflow-standalone"}, e.GetWorkflowTaskStartedEventAttributes().GetIdentity(), path)
			require.Contains(t, []string{"", "leadflow-standalone"}, e.GetWorkflowTaskCompletedEventAttributes().GetIdentity(), path)
			require.Contains(t, []string{"", "leadflow-standalone"}, e.GetActivityTaskStartedEventAttributes().GetIdentity(), path)
			require.NotContains(t, strings.ToLower(e.String()), strings.ToLower(host), path)
		}
	}
}
