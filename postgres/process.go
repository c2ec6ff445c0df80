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
	pid  int
	done chan struct{}
	err  error
}

// launch starts the command in a process group of its own, so that a Ctrl-C reaches only us, and bound to our life where
// the system can do that. The kernel ties that bond to the thread that started the child: the thread is kept.
func launch(cmd *exec.Cmd, who account) (*process, error) {
	who.apply(cmd)
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, <-started
}

func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(p.pid, s) }

// stopOrphan stops a server that still runs on the directory although its parent is gone, and waits for one that is
// about to stop. A pid file without a process is Postgres's own business.
func stopOrphan(ctx context.Context, dir string) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		pid := postmaster(dir)
		if pid == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("a Postgres server (process %d) already runs on %s: stop it, or choose another data directory", pid, dir)
		}
		_ = syscall.Kill(pid, syscall.SIGINT)
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
