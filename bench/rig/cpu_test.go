package rig

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseStat_readsACommandWithAnything(t *testing.T) {
	t.Parallel()
	s, ok := parseStat([]byte("42 (a (very) odd name) S 7 42 42 0 -1 4194304 1 2 3 4 150 50 25 75 20 0 1 0 100\n"))
	require.True(t, ok)
	require.Equal(t, stat{command: "a (very) odd name", parent: 7, seconds: 3}, s)
	for _, bad := range []string{"", "42", "42 (x", "42 (x) S 7", "42 (x) S y 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7"} {
		_, ok := parseStat([]byte(bad))
		require.False(t, ok, bad)
	}
}

func TestCPU_countsUs(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc here")
	}
	r := &Rig{}
	r.cpu.name(os.Getpid(), "load")
	before := r.CPU()["load"]
	x := 1.0
	require.Eventually(t, func() bool {
		for until := time.Now().Add(20 * time.Millisecond); time.Now().Before(until); {
			x *= 1.0000001
		}
		return r.CPU()["load"] > before
	}, 10*time.Second, time.Millisecond)
	require.Positive(t, x)
	require.Empty(t, r.CPU()["postgres"], "another's Postgres is not ours")
}

// Postgres's backends are named by whose child they are, and only below us.
func TestProcesses_findTheirNames(t *testing.T) {
	t.Parallel()
	us := os.Getpid()
	p := &processes{}
	p.name(us, "load")
	p.name(1_000_001, "serve")
	all := map[int]stat{
		us: {command: "bench", parent: 1}, 1_000_001: {command: "leadflow", parent: us}, 1_000_002: {command: "postgres", parent: us},
		1_000_003: {command: "postgres", parent: 1_000_002}, 1_000_004: {command: "postgres", parent: 1}, 1_000_005: {command: "sh", parent: us},
		1_000_006: {command: "helper", parent: 1_000_001},
	}
	for pid, want := range map[int]string{us: "load", 1_000_001: "serve", 1_000_002: "postgres", 1_000_003: "postgres", 1_000_004: "", 1_000_005: "", 1_000_006: "serve"} {
		require.Equal(t, want, p.of(all, pid, all[pid]), pid)
	}
}
