package rig

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/leadflow-dev/leadflow/postgres"
)

// Settings are those of the product's own Postgres (standalone/stack.go), and whatever else is asked for. Nothing is
// turned off that keeps data.
var Settings = map[string]string{"shared_buffers": "512MB"}

// Rig is what runs for one benchmark. Its parts share one Postgres.
type Rig struct {
	Dir      string // of all data and logs; gone when the process ends
	Bin      string // where the product's binaries are
	Server   *postgres.Server
	Temporal string // host:port, once StartTemporal was called

	mu       sync.Mutex
	programs []*Program
	alone    *Program // Temporal
	pools    []*pgxpool.Pool
	cpu      processes
	secret   string
	remove   func()
	log      *os.File
}

// New starts a Postgres with its data in the place for temporary files, synced to disk as in production; the product's
// binaries are in bin.
func New(ctx context.Context, bin string) (*Rig, error) {
	dir, remove, err := postgres.Ephemeral("leadflow-bench-")
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	r := &Rig{Dir: dir, Bin: bin, remove: remove, secret: hex.EncodeToString(secret)}
	r.cpu.name(os.Getpid(), "load")
	if r.log, err = os.OpenFile(filepath.Join(dir, "postgres.log"), os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		remove()
		return nil, err
	}
	r.Server, err = postgres.Start(ctx, postgres.Options{Dir: filepath.Join(dir, "postgres"), Log: r.log, Settings: Settings})
	if err != nil {
		remove()
		return nil, err
	}
	return r, nil
}

// Close stops everything, last first, and removes the data.
func (r *Rig) Close() {
	r.mu.Lock()
	programs, pools := r.programs, r.pools
	r.mu.Unlock()
	for i := len(programs) - 1; i >= 0; i-- {
		programs[i].Stop()
	}
	for _, p := range pools {
		p.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = r.Server.Stop(ctx)
	_ = r.log.Close()
	r.remove()
}

// Pool connects to a database, up to so many times.
func (r *Rig) Pool(ctx context.Context, database string, connections int) (*pgxpool.Pool, error) {
	p, err := pgxpool.New(ctx, fmt.Sprintf("%s&pool_max_conns=%d", r.Server.URL(database), connections))
	if err == nil {
		r.mu.Lock()
		r.pools = append(r.pools, p)
		r.mu.Unlock()
	}
	return p, err
}

// StartTemporal starts the embedded Temporal server alone, on the Postgres of the rig.
func (r *Rig) StartTemporal(ctx context.Context) error {
	if r.Temporal != "" {
		return nil
	}
	p, err := r.launch("temporal", nil, filepath.Join(r.Bin, "leadflow-standalone"), "--only", "temporal", "--postgres", r.Server.URL("postgres"), "--port", "0")
	if err != nil {
		return err
	}
	r.alone = p
	line, err := p.says(ctx, "Temporal is ready after ")
	if err != nil {
		return err
	}
	var took float64
	_, err = fmt.Sscanf(line, "%f s: %s", &took, &r.Temporal)
	return err
}

// StopTemporal stops it; it can be started again on what it has.
func (r *Rig) StopTemporal() {
	if r.alone != nil {
		r.alone.Stop()
	}
	r.alone, r.Temporal = nil, ""
}
