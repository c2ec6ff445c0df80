package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child that is always waited for.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// launch starts the command in a process group of its own, so that a Ctrl-C reaches only us, and bound to our life where
// the system can do that: it gets the last signal when we are gone. The kernel ties that bond to the thread that started
// the child: the thread is kept.
func launch(cmd *exec.Cmd, who account, last syscall.Signal) (*process, error) {
	who.apply(cmd)
	cmd.SysProcAttr.Setpgid = true
	cmd.WaitDelay = time.Second // its children may hold its output longer than it lives
	dieWithParent(cmd.SysProcAttr, last)
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, <-started
}

// signal reaches the child only while it has not been waited for: its number may be somebody else's later.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// stopOrphan stops a server that still runs on the directory although its starter is gone, and waits for one that is
// about to stop. The caller holds the directory's lock, so no living starter loses its server. A pid file without a
// process is Postgres's own business.
func stopOrphan(ctx context.Context, dir string) error {
	began := time.Now()
	how := syscall.SIGINT
	for {
		pid := postmaster(dir)
		if pid == 0 {
			return nil
		}
		switch waited := time.Since(began); {
		case waited > 30*time.Second:
			return fmt.Errorf("a Postgres server (process %d) runs on %s and does not stop: stop it, or choose another data directory", pid, dir)
		case waited > 15*time.Second:
			how = syscall.SIGQUIT // without a checkpoint: it recovers at the next start
		}
		_ = syscall.Kill(pid, how)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// postmaster is the process that serves the directory, or 0.
func postmaster(dir string) int {
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || syscall.Kill(pid, 0) != nil {
		return 0
	}
	return servesDir(pid, dir)
}
