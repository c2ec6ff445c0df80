package cli

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// TestReal runs the command line against the real API on a real database; Temporal is away. Scripts know `ready`, which
// waits until the API answers, beside exits.
func TestReal(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t, pgtest.Template{Name: "cli_empty", Migrate: func(context.Context, string) error { return nil }})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/real",
		Setup: func(env *testscript.Env) error {
			listen := freePort(t)
			for name, value := range map[string]string{
				"DATABASE_URL": database, "LEADFLOW_SECRET": strings.Repeat("not a secret ", 4), "LEADFLOW_LISTEN": listen,
				"LEADFLOW_URL": "http://" + listen, "LEADFLOW_METRICS_LISTEN": freePort(t), "TEMPORAL_ADDRESS": freePort(t),
				"LEADFLOW_SMTP_ADDRESS": freePort(t), "TZ": "UTC", "GORACE": quickExit,
			} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "ready": ready},
	})
}

// freePort is an address on which nothing listened a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func ready(ts *testscript.TestScript, _ bool, _ []string) {
	for deadline := time.Now().Add(30 * time.Second); ; {
		resp, err := http.Get(ts.Getenv("LEADFLOW_URL") + "/livez")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the API is not there after 30 s: %v", err)
		}
		<-time.After(50 * time.Millisecond)
	}
}
