package main

import (
	"io"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/postgres"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Temporal alone, on a Postgres that somebody else runs: killed and started again it has what it had.
func TestOnly_temporalOnAPostgresThatRuns(t *testing.T) {
	t.Parallel()
	pg, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(place(t), "pg")})
	require.NoError(t, err)
	defer func() { _ = pg.Stop(t.Context()) }()
	up := func() (*process, client.Client) {
		p := launch(t, "--only", "temporal", "--postgres", pg.URL("postgres"), "--port", "0")
		ready := regexp.MustCompile(`Temporal is ready after [0-9.]+ s: (\S+)`)
		within(t, time.Minute, "it is ready", func() bool { return ready.MatchString(p.out.String()) })
		c, err := client.Dial(client.Options{HostPort: ready.FindStringSubmatch(p.out.String())[1], Identity: "test"})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		return p, c
	}
	p, c := up()
	require.NotContains(t, p.out.String(), "UI")
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "one", TaskQueue: "nobody"}, wire.TypeLead, wire.LeadInput{})
	require.NoError(t, err)
	require.NoError(t, p.cmd.Process.Kill())
	p.await()
	p, c = up()
	described, err := c.DescribeWorkflowExecution(t.Context(), "one", "")
	require.NoError(t, err)
	require.Equal(t, run.GetRunID(), described.WorkflowExecutionInfo.Execution.RunId)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Zero(t, p.await())
}

func TestOnly_saysWhatIsMissing(t *testing.T) {
	for _, wrong := range [][]string{
		{"--only", "postgres"},
		{"--only", "temporal"},
		{"--only", "temporal", "--postgres", "here"},
		{"--postgres", "postgres://x@localhost:1/x"},
	} {
		_, err := parse(append(wrong, "--port", "0"), io.Discard)
		require.ErrorContains(t, err, "--only", "%q", wrong)
	}
}
