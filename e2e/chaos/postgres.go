package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/leadflow-dev/leadflow/postgres"
)

// database is the private Postgres: killing it means its postmaster, whose children follow.
type database struct {
	options postgres.Options
	mu      sync.Mutex
	server  *postgres.Server
	down    bool // killed, and not started anew
	closed  bool
	waiting sync.WaitGroup
}

// openDatabase starts a Postgres that promises what it acknowledges to whoever kills processes. Without fsync it would
// lose only to a power cut.
func openDatabase(ctx context.Context, dir string, port int, log *os.File) (*database, error) {
	d := &database{options: postgres.Options{
		Dir: filepath.Join(dir, "postgres"), Port: port, Log: log, Settings: map[string]string{"fsync": "off", "shared_buffers": "256MB"},
	}}
	return d, d.start(ctx)
}

func (d *database) start(ctx context.Context) error {
	server, err := postgres.Start(ctx, d.options)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server, d.down = server, false
	return nil
}

func (d *database) Name() string { return "postgres" }
func (d *database) Fell() int    { return 0 }

func (d *database) Kill(down time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw, err := os.ReadFile(filepath.Join(d.server.Dir(), "postmaster.pid"))
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, wrong := strconv.Atoi(first)
	if d.closed || d.down || err != nil || wrong != nil {
		return
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	d.down = true
	gone := d.server.Exited()
	d.waiting.Go(func() {
		<-gone
		<-time.After(down)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := d.start(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "chaos: postgres does not come back:", err)
		}
	})
}

func (d *database) url(name string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server.URL(name)
}

// Ready is whether it can be asked, and killed: while it recovers its port is open, and nobody could say of whom to wait for the end.
func (d *database) Ready(ctx context.Context) error {
	d.mu.Lock()
	down := d.down
	d.mu.Unlock()
	if down {
		return errors.New("it is being started")
	}
	return dial(ctx, d.options.Port)
}

func (d *database) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.waiting.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = d.server.Stop(ctx)
}
