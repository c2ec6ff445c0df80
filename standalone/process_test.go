package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// made is the binary that make has built; without it the tests build one. It is read before the product of the tests
// forgets its environment.
var made = os.Getenv("LEADFLOW_STANDALONE")

var binary = sync.OnceValues(func() (string, error) {
	if made != "" {
		return filepath.Abs(made)
	}
	path := filepath.Join(product.dir, "leadflow-standalone") // gone with the product of the tests
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

// process is the real binary as somebody runs it in a terminal.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	dir      string
	out, err lines
	ended    chan struct{}
}

// lines is what a process says; it may be read meanwhile.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func launch(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	p := &process{t: t, cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.cmd.Start())
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s\n%s%s", strings.Join(args, " "), &p.out, &p.err)
		}
	})
	return p
}

// within polls until ok or the time is over.
func within(t *testing.T, most time.Duration, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, most, 20*time.Millisecond, what)
}

var readyAfter = regexp.MustCompile(`ready after ([0-9.]+) s`)

// ready waits for the block, and answers how long the binary says that it took.
func (p *process) ready() float64 {
	p.t.Helper()
	within(p.t, 2*time.Minute, "it is ready", func() bool {
		select {
		case <-p.ended:
			p.t.Fatalf("it ended: %s", &p.err)
		default:
		}
		return strings.Contains(p.out.String(), "Ctrl-C stops everything.")
	})
	took, err := strconv.ParseFloat(readyAfter.FindStringSubmatch(p.out.String())[1], 64)
	require.NoError(p.t, err)
	p.dir = regexp.MustCompile(`Data +(\S+)`).FindStringSubmatch(p.out.String())[1]
	return took
}

func (p *process) await() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(time.Minute):
		p.t.Fatal("it does not end")
		return 0
	}
}

// postmaster is the number of the stack's Postgres.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	return pid
}

func gone(pid int) func() bool { return func() bool { return syscall.Kill(pid, 0) != nil } }

// environment is what the stack left for programs.
func environment(t *testing.T, dir string) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "leadflow.env"))
	require.NoError(t, err)
	defer f.Close()
	env := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		name, value, _ := strings.Cut(s.Text(), "=")
		env[name] = value
	}
	return env
}

// ask sends a request to a stack of its own, with its key.
func ask(t *testing.T, env map[string]string, method, url string, body any) object {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(raw))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+env["LEADFLOW_API_KEY"])
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, "%s %s: %s", method, url, raw)
	out := object{}
	if json.Unmarshal(raw, &out) != nil {
		out["text"] = string(raw)
	}
	return out
}

// place is a directory for data that the account of Postgres can reach.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "leadflow-process-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

// patient leaves time for a kill before its first mail: one that is just being sent then is parked, not sent.
const patient = `
name: patient
entry: {stages: [nurturing]}
steps:
  - {id: w0, wait: 6s}
  - {id: one, mail: {subject: First, body: "First mail."}}
  - {id: w1, wait: 1s}
  - {id: two, mail: {subject: Second, body: "Second mail."}}
`

// The whole story of somebody's machine: a start, a lead, a kill in the middle of it, a start on the same data, a second
// start beside it, one Ctrl-C.
func TestProcess_losesNothingToAKill(t *testing.T) {
	dir := place(t)
	first := launch(t, "--data", dir, "--port", "0", "--no-demo")
	fresh := first.ready()
	env := environment(t, dir)
	api := env["LEADFLOW_URL"]
	seq := ask(t, env, "POST", api+"/v1/sequences", object{"source": patient, "default": true})
	ask(t, env, "POST", fmt.Sprintf("%s/v1/sequences/patient/%.0f/publish", api, seq["version"]), object{})
	lead := ask(t, env, "POST", api+"/v1/leads", object{"email": "ada@person.example", "profile": object{"first_name": "Ada"}})
	within(t, time.Minute, "its run is told", func() bool {
		return strings.Contains(ask(t, env, "GET", env["METRICS_URL"], nil)["text"].(string), "leadflow_outbox_rows 0\n")
	})
	pid := postmaster(t, dir)
	require.NoError(t, first.cmd.Process.Kill())
	first.await()
	if runtime.GOOS == "linux" { // elsewhere the next start stops it
		within(t, 30*time.Second, "no Postgres outlives its starter", gone(pid))
	}

	second := launch(t, "--data", dir, "--port", "0", "--no-demo")
	again := second.ready()
	t.Logf("ready after %.1f s on fresh data, after %.1f s on known data", fresh, again)
	require.Less(t, min(fresh, again), 10.0, "seconds from the start of the binary to ready")
	env = environment(t, dir)
	id := lead["id"].(string)
	require.Equal(t, id, ask(t, env, "GET", env["LEADFLOW_URL"]+"/v1/leads/"+id, nil)["id"])
	within(t, time.Minute, "the mails arrive", func() bool {
		return len(ask(t, env, "GET", env["MAIL_URL"]+"/api/messages?to=ada@person.example", nil)["items"].([]any)) == 2
	})
	askTheRun(t, env, id)
	allGreen(t, env)
	measuresItself(t, env)

	other := launch(t, "--data", dir, "--port", "0", "--no-demo")
	require.Equal(t, 1, other.await())
	require.Contains(t, other.err.String(), "another Leadflow runs on "+dir)
	require.NotEmpty(t, environment(t, dir), "it takes nothing from the one that runs")

	pid = postmaster(t, dir)
	for range 2 { // one Ctrl-C, as tools send it that mean well
		require.NoError(t, second.cmd.Process.Signal(os.Interrupt))
	}
	require.Zero(t, second.await())
	require.True(t, gone(pid)(), "no Postgres is left")
	require.NoFileExists(t, filepath.Join(dir, "leadflow.env"), "what is announced is there")
	require.Contains(t, second.err.String(), "Stopping")
}

func askTheRun(t *testing.T, env map[string]string, id string) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: env["TEMPORAL_ADDRESS"], Identity: "test"})
	require.NoError(t, err)
	defer c.Close()
	answer, err := c.QueryWorkflow(t.Context(), "lead/"+id, "", wire.QueryState)
	require.NoError(t, err)
	var state wire.State
	require.NoError(t, answer.Get(&state))
	require.EqualValues(t, "nurturing", state.Stage)
}

// allGreen asks the doctor about everything.
func allGreen(t *testing.T, env map[string]string) {
	t.Helper()
	t.Setenv("TEMPORAL_ADDRESS", env["TEMPORAL_ADDRESS"])
	for _, c := range app.Doctor(t.Context(), app.Config{
		DatabaseURL: env["DATABASE_URL"], Secret: strings.Repeat("s", 32), SMTPAddress: env["SMTP_ADDRESS"], SMTPTLS: "none",
		MailPostal: env["LEADFLOW_MAIL_POSTAL"],
	}) {
		require.True(t, c.OK, "%+v", c)
	}
}

// measuresItself reads the metrics after a first lead: ours, those of Temporal's SDK, and what runs measure.
func measuresItself(t *testing.T, env map[string]string) {
	t.Helper()
	told := ask(t, env, "GET", env["METRICS_URL"], nil)["text"].(string)
	for _, name := range []string{
		`leadflow_deliveries_total{lane="bulk",outcome="sent"} 2`, `leadflow_relay_signals_total `, `leadflow_clock_lateness_`,
		`leadflow_http_request_duration_seconds_count{route="GET /v1/leads/{id}",status="200"} 1`,
		`temporal_workflow_task_execution_latency_`, `temporal_request_`, `leadflow_outbox_rows `,
	} {
		require.Contains(t, told, name)
	}
	require.NotContains(t, told, "person.example")
}

// What is thrown away at the end is thrown away after a kill as well.
func TestProcess_ephemeralLeavesNothing(t *testing.T) {
	t.Parallel()
	p := launch(t, "--ephemeral", "--port", "0", "--no-demo")
	p.ready()
	pid := postmaster(t, p.dir)
	require.NoError(t, p.cmd.Process.Kill())
	p.await()
	within(t, time.Minute, "the data is gone", func() bool {
		_, err := os.Stat(filepath.Dir(p.dir))
		return os.IsNotExist(err) && gone(pid)()
	})
}

// One Ctrl-C stops it also while it starts, and a kill then is no harm to the next start.
func TestProcess_canBeStoppedWhileItStarts(t *testing.T) {
	t.Parallel()
	dir := place(t)
	for _, part := range []string{"Postgres", "Temporal", "Leadflow"} {
		for _, signal := range []os.Signal{os.Kill, os.Interrupt} {
			p := launch(t, "--data", dir, "--port", "0", "--no-demo")
			within(t, time.Minute, part+" is started", func() bool { return strings.Contains(p.err.String(), part) })
			require.NoError(t, p.cmd.Process.Signal(signal))
			code := p.await()
			if signal == os.Interrupt {
				require.Zero(t, code, &p.err)
				require.NoFileExists(t, filepath.Join(dir, "postgres", "postmaster.pid"), "Postgres has stopped")
			}
			require.NoFileExists(t, filepath.Join(dir, "leadflow.env"))
		}
	}
}

func TestProcess_namesTakenPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	p := launch(t, "--ephemeral", "--port", "0", "--smtp-port", port, "--ui-port", port)
	require.Equal(t, 2, p.await())
	for _, flag := range []string{"--smtp-port", "--ui-port"} {
		require.Contains(t, p.err.String(), "port "+port+" is taken: stop what listens there, or choose another with "+flag)
	}
	require.NotContains(t, p.err.String(), "--postgres-port")
}

// Between the choice and the last part's start lie seconds in which the system gives its own ports to connections.
func TestOptions_freePortsAreNoneTheSystemGivesAway(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"--port", "0"}, t.Output())
	require.NoError(t, err)
	seen := map[int]bool{}
	for name, port := range o.ports.named() {
		require.Greater(t, *port, 1024, name)
		require.Less(t, *port, 32768, "%s: there Linux begins to give ports to connections", name)
		require.False(t, seen[*port], "%s: %d twice", name, *port)
		seen[*port] = true
	}
}
