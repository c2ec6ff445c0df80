package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Part is something that can be killed and comes back by itself.
type Part interface {
	Name() string
	// Kill ends it with -9; it stays away so long and is started again.
	Kill(down time.Duration)
	// Fell is how often it ended although nobody killed it.
	Fell() int
	// Ready answers nil once it can be used.
	Ready(ctx context.Context) error
	// Close ends it for good.
	Close()
}

// process keeps one of our programs running, as a supervisor would: whatever ends is started again.
type process struct {
	name  string
	bin   string
	args  []string
	env   []string
	log   *os.File
	ready func(ctx context.Context) error

	mu     sync.Mutex
	cmd    *exec.Cmd
	killed bool
	down   time.Duration
	fell   int
	closed bool
	stay   chan struct{} // not nil: it stays away until this is closed
	gone   chan struct{}
}

func (h *House) launch(name, bin string, ready func(context.Context) error, env map[string]string, args ...string) (*process, error) {
	log, err := os.Create(filepath.Join(h.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	p := &process{name: name, bin: bin, args: args, log: log, ready: ready, gone: make(chan struct{})}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "LEADFLOW_") && !strings.HasPrefix(pair, "TEMPORAL_") && !strings.HasPrefix(pair, "OTEL_") && !strings.HasPrefix(pair, "DATABASE_URL") {
			p.env = append(p.env, pair)
		}
	}
	for k, v := range env {
		p.env = append(p.env, k+"="+v)
	}
	go p.keep()
	return p, nil
}

// restartAfter is a supervisor's patience with what ended by itself.
const restartAfter = 500 * time.Millisecond

func (p *process) keep() {
	defer close(p.gone)
	runtime.LockOSThread() // its end is the end of the process: see dieWithUs
	for {
		cmd := exec.Command(p.bin, p.args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = p.env, p.log, p.log
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		dieWithUs(cmd.SysProcAttr)
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return
		}
		fmt.Fprintf(p.log, "--- started at %s\n", time.Now().Format(time.TimeOnly))
		err := cmd.Start()
		p.cmd = cmd
		p.mu.Unlock()
		if err == nil {
			err = cmd.Wait()
		}
		p.mu.Lock()
		rest := restartAfter
		if p.killed {
			rest, p.killed = p.down, false
		} else if !p.closed {
			p.fell++
		}
		fmt.Fprintf(p.log, "--- ended at %s: %v\n", time.Now().Format(time.TimeOnly), err)
		stay := p.stay
		p.mu.Unlock()
		if stay != nil {
			<-stay
			continue
		}
		<-time.After(rest)
	}
}

func (p *process) Name() string { return p.name }

func (p *process) Kill(down time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil && p.cmd.Process != nil && p.cmd.ProcessState == nil {
		p.killed, p.down = true, down
		_ = p.cmd.Process.Kill()
	}
}

// Away ends it with -9 until back is called.
func (p *process) Away() (back func()) {
	p.mu.Lock()
	stay := make(chan struct{})
	p.stay = stay
	p.mu.Unlock()
	p.Kill(0)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.comeBack()
	}
}

// comeBack ends its being away, once.
func (p *process) comeBack() {
	if p.stay != nil {
		close(p.stay)
		p.stay = nil
	}
}

func (p *process) Fell() int { p.mu.Lock(); defer p.mu.Unlock(); return p.fell }

func (p *process) Ready(ctx context.Context) error { return p.ready(ctx) }

func (p *process) Close() {
	p.mu.Lock()
	p.closed = true
	p.comeBack() // a test that failed meanwhile has not called it
	if p.cmd != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Kill()
	}
	p.mu.Unlock()
	<-p.gone
	_ = p.log.Close()
}
