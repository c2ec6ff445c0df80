package chaos

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	seed    = flag.Uint64("seed", 0, "of the storm and the load; 0: by the clock")
	load    = flag.Duration("load", 20*time.Second, "how long the load is written")
	kills   = flag.Int("kills", 6, "how many parts are killed meanwhile; at least one of each kind")
	writers = flag.Int("writers", 4, "writers at once")
	rest    = flag.Duration("rest", 2*time.Minute, "how long it may take to come to rest")
)

// envBin names the directory of both binaries; make builds them and sets it.
const envBin = "LEADFLOW_BIN"

// openHouse starts a house for a test.
func openHouse(t *testing.T, change ...func(*House) error) *House {
	t.Helper()
	bin := os.Getenv(envBin)
	if bin == "" {
		t.Skip("it needs both binaries: run `make storm`, or `make chaos` for long")
	}
	bin, err := filepath.Abs(bin)
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "leadflow-chaos-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755)) // Postgres may run as another user
	h, err := Open(t.Context(), dir, bin, change...)
	t.Cleanup(func() {
		h.Close()
		if t.Failed() {
			t.Logf("the logs are in %s", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	require.NoError(t, err)
	return h
}

// Everything is killed with -9 while people and events come in. Afterwards what was acknowledged is there, once.
func TestChaos(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: again with -seed %d", *seed, *seed)

	h := openHouse(t)
	require.NoError(t, h.Settle(t.Context()))
	l, s := NewLoad(h, *seed), &Storm{Seed: *seed, Kills: *kills, Over: *load, Talk: t.Output()}
	ctx, cancel := context.WithTimeout(t.Context(), *load+*rest)
	defer cancel()
	raged := make(chan struct{})
	go func() { defer close(raged); s.Rage(ctx, h) }()
	l.Run(ctx, *writers, *load)
	<-raged
	require.NoError(t, ctx.Err(), "everything is acknowledged in the end")
	require.NoError(t, h.Rest(t.Context(), *rest))
	v, err := Judge(t.Context(), h, l, s)
	v.Print(t.Output())
	require.NoError(t, err)
	require.Empty(t, v.Wrong, "seed %d", *seed)
}
