package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"leadflow": func() {
		os.Exit(Main(context.Background(), os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}})
}

// TestScripts runs the command line as people do, against a server that answers in the shapes of the contract. Beside the
// usual commands, scripts know `exits CODE leadflow ...` and `sent REGEXP`, which looks at the requests so far.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			api := newFakeAPI()
			env.Defer(api.server.Close)
			env.Values["api"] = api
			env.Setenv("LEADFLOW_URL", api.server.URL)
			env.Setenv("API_URL", api.server.URL)
			env.Setenv("LEADFLOW_API_KEY", fakeKey)
			env.Setenv("TZ", "UTC")
			env.Setenv("GORACE", quickExit)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "sent": sent},
	})
}

// quickExit: under the race detector every process would sleep a second before it ends.
const quickExit = "atexit_sleep_ms=0"

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func sent(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: sent REGEXP")
	}
	re, err := regexp.Compile(`(?m)` + args[0])
	ts.Check(err)
	log := ts.Value("api").(*fakeAPI).requests()
	if re.MatchString(log) == neg {
		ts.Fatalf("looking for %q (not wanted: %v) in\n%s", args[0], neg, log)
	}
}
