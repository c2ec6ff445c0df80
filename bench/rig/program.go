package rig

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Program is a process of the product that runs.
type Program struct {
	Name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// launch starts a program in a directory; what it says goes to a file there. It ends with us, however we end.
func (r *Rig) launch(name string, env []string, path string, args ...string) (*Program, error) {
	log := filepath.Join(r.Dir, strings.ReplaceAll(name, " ", "-")+".log")
	f, err := os.OpenFile(log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TEMPORAL_CONFIG_FILE=" + os.DevNull}, env...)
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is meant for us: we stop it in good order
	dieWithParent(cmd.SysProcAttr)
	p := &Program{Name: name, cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the bond to our life is one to the thread that started it
		defer f.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	r.cpu.name(cmd.Process.Pid, name)
	r.mu.Lock()
	r.programs = append(r.programs, p)
	r.mu.Unlock()
	return p, nil
}

// Pid is the number of its process.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Stop ends it in good order; after half a minute it is killed.
func (p *Program) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// failed is what a program that does not do as it should has said last.
func (p *Program) failed(what string) error {
	raw, _ := os.ReadFile(p.log)
	return fmt.Errorf("%s %s; it said: %s", p.Name, what, raw[max(0, len(raw)-2000):])
}

// await polls until ok, the program ends or the time is over.
func (p *Program) await(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for !ok() {
		select {
		case <-p.done:
			return p.failed("ended")
		case <-ctx.Done():
			return p.failed("is not ready: " + what)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// says waits until what it said holds a text, and answers what follows it on the line.
func (p *Program) says(ctx context.Context, text string) (string, error) {
	var found string
	err := p.await(ctx, text, func() bool {
		raw, _ := os.ReadFile(p.log)
		_, rest, ok := strings.Cut(string(raw), text)
		line, _, whole := strings.Cut(rest, "\n")
		found = strings.TrimSpace(line)
		return ok && whole
	})
	return found, err
}

// answers waits until a URL answers 200.
func (p *Program) answers(ctx context.Context, url string) error {
	return p.await(ctx, url, func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}
