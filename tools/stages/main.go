// Command stages runs targets of make: each argument is a lane of targets, one after the other, and lanes run beside each other. Of one
// lane alone is shown at once what a target says, of several when it ends, and at the end what each took. It ends with 1
// when any failed; the others run all the same.
//
//	stages 'lint unit embedded'
//	stages 'embedded-others embedded-clocks' 'embedded-lives'
package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if !run(ctx, os.Args[1:], os.Stdout) {
		os.Exit(1)
	}
}

// stage is one target that has ended.
type stage struct {
	name       string
	took, busy time.Duration // on the clock; of the processors, by it and what it started and waited for
	err        error
}

func (s stage) String() string {
	how := "passed"
	if s.err != nil {
		how = "FAILED (" + s.err.Error() + ")"
	}
	return fmt.Sprintf("%-14s %5.0f s, %5.0f s of processors (%.1f at once): %s", s.name, s.took.Seconds(), s.busy.Seconds(), s.busy.Seconds()/max(s.took.Seconds(), 0.001), how)
}

func run(ctx context.Context, lanes []string, out io.Writer) (ok bool) {
	began := time.Now()
	var ended []stage
	var mu sync.Mutex // one tells at a time
	var all sync.WaitGroup
	for _, lane := range lanes {
		all.Go(func() {
			for _, name := range strings.Fields(lane) {
				if ctx.Err() != nil {
					return
				}
				var kept bytes.Buffer
				said := io.Writer(&kept)
				if len(lanes) == 1 {
					fmt.Fprintf(out, "\n==== %s\n", name)
					said = out
				}
				s := play(ctx, name, said)
				mu.Lock()
				ended = append(ended, s)
				fmt.Fprintf(out, "\n==== %v\n%s", s, &kept)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	ok = ctx.Err() == nil && len(ended) > 0
	var busy time.Duration
	fmt.Fprintln(out, "\nAll stages, as they ended:")
	for _, s := range ended {
		fmt.Fprintf(out, "  %v\n", s)
		ok, busy = ok && s.err == nil, busy+s.busy
	}
	took := time.Since(began)
	fmt.Fprintf(out, "%.0f s in all, %.0f s of processors (%.1f at once)\n", took.Seconds(), busy.Seconds(), busy.Seconds()/max(took.Seconds(), 0.001))
	return ok
}

// play runs one target. Where we are stopped it is interrupted, with all it started, as by a Ctrl-C of its own.
func play(ctx context.Context, name string, said io.Writer) stage {
	cmd := exec.CommandContext(ctx, cmp.Or(os.Getenv("MAKE"), "make"), "--no-print-directory", name)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	s := stage{name: name}
	began := time.Now()
	s.err = cmd.Run()
	s.took = time.Since(began)
	if p := cmd.ProcessState; p != nil {
		s.busy = p.UserTime() + p.SystemTime()
	}
	return s
}
