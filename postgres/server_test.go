package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// cluster is a fresh data directory that the server's account can reach.
func cluster(t *testing.T) string {
	t.Helper()
	if _, err := FindBinaries(); errors.Is(err, ErrNoBinaries) {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "leadflow-postgres-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func begin(t *testing.T, dir string, port int) (*Server, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := Start(ctx, Options{Dir: dir, Port: port})
	if err == nil {
		t.Cleanup(func() { end(t, s) })
	}
	return s, err
}

func end(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(t, s.Stop(ctx))
}

func sql(t *testing.T, s *Server, text string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), s.URL("postgres"))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), text)
	require.NoError(t, err)
}

func TestStart_findsItsDataAgain(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	s, err := begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, s, "CREATE TABLE kept (x int)")
	end(t, s)
	s, err = begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, s, "INSERT INTO kept VALUES (1)")
}

// A server whose parent was killed still runs, or is still stopping: the next start takes over.
func TestStart_stopsWhatOutlivedItsParent(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	first, err := begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, first, "CREATE TABLE kept (x int)")
	second, err := begin(t, dir, 0)
	require.NoError(t, err)
	select {
	case <-first.Exited():
	case <-time.After(10 * time.Second):
		t.Fatal("two servers on one directory")
	}
	sql(t, second, "INSERT INTO kept VALUES (1)")
}

func TestStart_comesBackAfterAKill(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	s, err := begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, s, "CREATE TABLE kept (x int)")
	s.process.signal(syscall.SIGKILL)
	<-s.Exited()
	s, err = begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, s, "INSERT INTO kept VALUES (1)")
}

func TestStart_refusesDataOfAnotherVersionAndLeavesItAlone(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	s, err := begin(t, dir, 0)
	require.NoError(t, err)
	end(t, s)
	version := filepath.Join(dir, "PG_VERSION")
	require.NoError(t, os.WriteFile(version, []byte("9\n"), 0o600))
	_, err = begin(t, dir, 0)
	require.ErrorContains(t, err, "was made by Postgres 9")
	require.DirExists(t, filepath.Join(dir, "base"))
}

func TestStart_refusesADirectoryThatHoldsSomethingElse(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	mine := filepath.Join(dir, "thesis.txt")
	require.NoError(t, os.WriteFile(mine, []byte("x"), 0o600))
	_, err := begin(t, dir, 0)
	require.ErrorContains(t, err, "is not empty")
	require.FileExists(t, mine)
}

func TestStart_goesOnAfterAnInterruptedInitdb(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, unfinished, "base"), 0o755))
	_, err := begin(t, dir, 0)
	require.NoError(t, err)
}

func TestStart_namesATakenPort(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, err = begin(t, dir, l.Addr().(*net.TCPAddr).Port)
	var taken *PortTakenError
	require.ErrorAs(t, err, &taken)
}

func TestFindBinaries_saysWhatToInstall(t *testing.T) {
	t.Setenv(EnvBin, t.TempDir())
	_, err := FindBinaries()
	require.ErrorContains(t, err, EnvBin)
	require.True(t, strings.Contains(ErrNoBinaries.Error(), "install"))
}
