package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
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

// A second start must not take the server away from a program that lives.
func TestStart_leavesALivingServerAlone(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	first, err := begin(t, dir, 0)
	require.NoError(t, err)
	link := dir + "-link"
	require.NoError(t, os.Symlink(dir, link))
	for _, name := range []string{dir, link} {
		_, err = begin(t, name, 0)
		var inUse *InUseError
		require.ErrorAs(t, err, &inUse)
	}
	sql(t, first, "CREATE TABLE kept (x int)")
}

// Where a child cannot be bound to its starter's life, it runs on after it: the next start takes over. A lock that is
// free while the server runs is what such an orphan looks like.
func TestStart_stopsWhatOutlivedItsStarter(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	first, err := begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, first, "CREATE TABLE kept (x int)")
	first.release()
	second, err := begin(t, dir, 0)
	require.NoError(t, err)
	select {
	case <-first.Exited():
	case <-time.After(10 * time.Second):
		t.Fatal("two servers on one directory")
	}
	sql(t, second, "INSERT INTO kept VALUES (1)")
}

// envVictim makes the test binary a program that starts a server on the directory and is killed then.
const envVictim = "LEADFLOW_TEST_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(envVictim); dir != "" {
		s, err := Start(context.Background(), Options{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.process.cmd.Process.Pid)
		select {}
	}
	os.Exit(m.Run())
}

// victim runs that program and gives its first line of output.
func victim(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envVictim+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return cmd, strings.TrimSpace(line)
}

func TestStart_comesBackAfterItsStarterWasKilled(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	program, line := victim(t, dir)
	pid, err := strconv.Atoi(line)
	require.NoError(t, err, line)
	require.NoError(t, program.Process.Kill())
	_ = program.Wait()
	if runtime.GOOS == "linux" {
		require.Eventually(t, func() bool { return syscall.Kill(pid, 0) != nil }, 20*time.Second, 20*time.Millisecond, "an orphan")
	}
	s, err := begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, s, "CREATE TABLE kept (x int)")
}

// Killed at any moment of its first start, from before initdb to the first answer, it starts the next time.
func TestStart_comesBackWhenItsFirstStartWasKilled(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{30, 100, 200, 350, 550, 900} {
		dir := cluster(t)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envVictim+"="+dir)
		require.NoError(t, cmd.Start())
		timer := time.AfterFunc(after*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		timer.Stop()
		s, err := begin(t, dir, 0)
		require.NoError(t, err, "killed after %d ms", after)
		sql(t, s, "CREATE TABLE kept (x int)")
		end(t, s)
	}
}

func TestRemoveAll_removesWhatIsStillWrittenTo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "unfinished")
	require.NoError(t, os.Mkdir(dir, 0o700))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // as the child of an initdb that was killed: files come until their directory is gone, or we say so
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o600) != nil {
				return
			}
		}
	}()
	require.Eventually(t, func() bool { e, _ := os.ReadDir(dir); return len(e) > 100 }, 10*time.Second, time.Millisecond)
	require.NoError(t, removeAll(t.Context(), dir))
	close(stop)
	<-stopped
	require.NoDirExists(t, dir)
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
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.EqualValues(t, 0o755, info.Mode().Perm(), "nothing was changed")
}

func TestStart_refusesAClusterOfSomebodyElse(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("15\n"), 0o600))
	_, err := begin(t, dir, 0)
	require.ErrorContains(t, err, "not ours")
}

// A socket's path has 107 bytes at most.
func TestStart_inADirectoryWithALongName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(cluster(t), strings.Repeat("long", 25), "data")
	s, err := begin(t, dir, 0)
	require.NoError(t, err)
	sql(t, s, "CREATE TABLE kept (x int)")
	end(t, s)
	require.NoDirExists(t, s.socket)
}

// The server's account cannot pass through a closed home.
func TestStart_saysWhichDirectoryIsClosed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs Postgres as somebody else")
	}
	home := filepath.Dir(cluster(t)) + "/home"
	require.NoError(t, os.Mkdir(home, 0o700))
	_, err := begin(t, filepath.Join(home, "x", "data"), 0)
	require.ErrorContains(t, err, home+" is closed to the user")
	require.NoDirExists(t, filepath.Join(home, "x"))
	require.Error(t, Reachable(home))
}

func TestStart_saysWhatPostgresSaid(t *testing.T) {
	t.Parallel()
	dir := cluster(t)
	_, err := Start(context.Background(), Options{Dir: dir, Settings: map[string]string{"no_such_setting": "1"}})
	require.ErrorContains(t, err, "no_such_setting")
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
