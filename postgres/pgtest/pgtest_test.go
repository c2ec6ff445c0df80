package pgtest_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

func run(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

var migrations atomic.Int32

func fresh(t testing.TB) string {
	return pgtest.New(t, pgtest.Template{
		Name: fmt.Sprintf("pgtest-own_%d", os.Getpid()),
		Migrate: func(ctx context.Context, url string) error {
			migrations.Add(1)
			return run(ctx, url, "CREATE TABLE things (x int PRIMARY KEY)")
		},
	})
}

func TestNew_givesEachItsOwnDatabaseFromOneTemplate(t *testing.T) {
	for i := range 6 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, run(t.Context(), fresh(t), "INSERT INTO things VALUES (1)"))
			require.EqualValues(t, 1, migrations.Load())
		})
	}
}

func TestNew_dropsTheDatabaseAfterTheTest(t *testing.T) {
	var url string
	t.Run("uses one", func(t *testing.T) { url = fresh(t) })
	require.ErrorContains(t, run(t.Context(), url, "SELECT 1"), "does not exist")
}

// envVictim makes a test that never ends of TestNew_victim.
const envVictim = "LEADFLOW_TEST_VICTIM"

func TestNew_victim(t *testing.T) {
	if os.Getenv(envVictim) == "" {
		t.Skip("only runs as the process that TestServer_leavesNothing kills")
	}
	url := fresh(t)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("TMPDIR"), "ready"), nil, 0o600))
	if os.Getenv(envVictim) == "panic" {
		go panic("as a test that breaks does")
	}
	_, _ = conn.Exec(t.Context(), "SELECT pg_sleep(300)")
}

func TestServer_leavesNothing(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"kill", "panic"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			tmp, err := os.MkdirTemp("", "leadflow-victim-")
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(tmp) })
			require.NoError(t, os.Chmod(tmp, 0o711))
			cmd := exec.Command(os.Args[0], "-test.run=^TestNew_victim$")
			for _, v := range os.Environ() {
				if !strings.HasPrefix(v, pgtest.EnvURL+"=") {
					cmd.Env = append(cmd.Env, v)
				}
			}
			cmd.Env = append(cmd.Env, "TMPDIR="+tmp, envVictim+"="+end)
			cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
			require.NoError(t, cmd.Start())
			ready := func() bool { _, err := os.Stat(filepath.Join(tmp, "ready")); return err == nil }
			require.Eventually(t, ready, time.Minute, 20*time.Millisecond)
			if end == "kill" {
				require.NoError(t, cmd.Process.Kill())
			}
			_ = cmd.Wait()
			gone := func() bool {
				left, err := filepath.Glob(filepath.Join(tmp, "leadflow-pgtest-*"))
				return err == nil && len(left) == 0
			}
			require.Eventually(t, gone, 30*time.Second, 50*time.Millisecond, "the data of a server for tests stays")
		})
	}
}
