package temporal

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/metrics/metricstest"

	"github.com/leadflow-dev/leadflow/postgres"
	"github.com/leadflow-dev/leadflow/postgres/freeport"
)

func greet(workflow.Context) (string, error) { return "hello", nil }

func begin(t *testing.T, ctx context.Context, pg *postgres.Server, measured metrics.Handler) *Server {
	t.Helper()
	ports, err := freeport.Find(2)
	require.NoError(t, err)
	s, err := Start(ctx, Options{PostgresURL: pg.URL("postgres"), Port: ports[0], UIPort: ports[1], Metrics: measured, Attributes: map[string]Kind{"LeadStage": Keyword, "LeadCycle": Int}})
	require.NoError(t, err)
	answer, err := http.Get(s.UI())
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return s
}

// A run that ended before a restart can still be read after it; a second server on the same data is refused.
func TestServer_findsItsHistoriesAgain(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "leadflow-temporal-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	defer os.RemoveAll(dir)
	pg, err := postgres.Start(ctx, postgres.Options{Dir: dir + "/data", Settings: map[string]string{"fsync": "off"}})
	if errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer func() { _ = pg.Stop(context.WithoutCancel(ctx)) }()

	measured := metricstest.NewCaptureHandler()
	capture := measured.StartCapture()
	s := begin(t, ctx, pg, measured)
	_, err = Start(ctx, Options{PostgresURL: pg.URL("postgres"), Port: 1})
	require.ErrorIs(t, err, ErrRunning)
	c, err := client.Dial(client.Options{HostPort: s.Address()})
	require.NoError(t, err)
	w := worker.New(c, "q", worker.Options{})
	w.RegisterWorkflow(greet)
	require.NoError(t, w.Start())
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "greeting", TaskQueue: "q"}, greet)
	require.NoError(t, err)
	var got string
	require.NoError(t, run.Get(ctx, &got))
	require.NotEmpty(t, capture.Snapshot()[metrics.ActionCounter.Name()], "the start of a run is a billable action")
	w.Stop()
	c.Close()
	require.NoError(t, s.Stop(ctx))

	s = begin(t, ctx, pg, nil)
	c, err = client.Dial(client.Options{HostPort: s.Address()})
	require.NoError(t, err)
	require.NoError(t, c.GetWorkflow(ctx, "greeting", "").Get(ctx, &got))
	require.Equal(t, "hello", got)
	c.Close()
	require.NoError(t, s.Stop(ctx))
}
