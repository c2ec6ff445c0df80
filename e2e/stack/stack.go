package stack

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Stack is one process that is ready.
type Stack struct {
	Dir string
	Env map[string]string // what it announced in DATA/leadflow.env

	cmd   *exec.Cmd
	said  said
	ended chan struct{}
}

// Start runs the binary on a directory (none: one that it throws away at its end, where nothing waits for the disk), on
// free ports and without the demo, and waits until it is ready. An error holds what the binary said. The caller stops it.
func Start(ctx context.Context, binary, dir string) (*Stack, error) {
	args := []string{"--port", "0", "--no-demo", "--ephemeral"}
	if dir != "" {
		args = append(args[:3], "--data", dir)
	}
	s := &Stack{Dir: dir, cmd: exec.Command(binary, args...), ended: make(chan struct{})}
	s.said.ready = make(chan struct{})
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	select {
	case <-s.said.ready:
	case <-s.ended:
		return nil, fmt.Errorf("%s ended: %s", filepath.Base(binary), s.Said())
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("%s is not ready: %w: %s", filepath.Base(binary), ctx.Err(), s.Said()), s.Kill())
	}
	if found := place.FindStringSubmatch(s.Said()); dir == "" && found != nil {
		s.Dir = found[1]
	}
	var err error
	if s.Env, err = environment(filepath.Join(s.Dir, "leadflow.env")); err != nil {
		return nil, errors.Join(err, s.Kill())
	}
	return s, nil
}

// place is where the binary says that its data is.
var place = regexp.MustCompile(`(?m)^ *Data +(\S+)`)

// Place makes a directory for data that the account of Postgres can reach, which a test's own directory is not when root
// runs it. Remove throws it away.
func Place() (dir string, remove func(), err error) {
	top, err := os.MkdirTemp("", "leadflow-e2e-")
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(top, "data"), func() { _ = os.RemoveAll(top) }, os.Chmod(top, 0o755)
}

// Said is everything the process has said so far.
func (s *Stack) Said() string { return s.said.text() }

// Stop ends the process in good order, as Ctrl-C does.
func (s *Stack) Stop() error {
	if err := s.end(syscall.SIGINT, time.Minute); err != nil {
		return err
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("it ended with %d: %s", code, s.Said())
	}
	return nil
}

// Kill ends the process at once, and waits until its Postgres has gone with it.
func (s *Stack) Kill() error {
	if err := s.end(syscall.SIGKILL, 10*time.Second); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(s.Dir, "postgres", "postmaster.pid"))
	if err != nil {
		return nil // it had none, or that has ended in good order
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	var pid int
	if _, err := fmt.Sscan(first, &pid); err != nil {
		return nil
	}
	for limit := time.Now().Add(30 * time.Second); syscall.Kill(pid, 0) == nil; <-time.After(20 * time.Millisecond) {
		if time.Now().After(limit) {
			return fmt.Errorf("its Postgres (%d) outlives it", pid)
		}
	}
	return nil
}

func (s *Stack) end(signal syscall.Signal, most time.Duration) error {
	select {
	case <-s.ended:
		return nil
	default:
	}
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(most):
		return fmt.Errorf("it does not end: %s", s.Said())
	}
}

// said is what a process says; it closes ready when the last line of its announcement is there.
type said struct {
	mu    sync.Mutex
	all   bytes.Buffer
	ready chan struct{}
	told  bool
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.all.Write(p)
	if !s.told && bytes.Contains(s.all.Bytes(), []byte("Ctrl-C stops everything.")) {
		s.told = true
		close(s.ready)
	}
	return n, err
}

func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

func environment(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	env := map[string]string{}
	in := bufio.NewScanner(f)
	for in.Scan() {
		name, value, _ := strings.Cut(in.Text(), "=")
		env[name] = value
	}
	return env, in.Err()
}
