package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// Machine is where and on what something was measured.
type Machine struct {
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	MemoryGB float64           `json:"memory_gb"`
	Kernel   string            `json:"kernel"`
	Go       string            `json:"go"`
	Commit   string            `json:"commit"` // of the binaries
	Postgres string            `json:"postgres"`
	Settings map[string]string `json:"settings"`
	Fsync    float64           `json:"fsyncs_per_second"`
	At       time.Time         `json:"at"`
	Load     string            `json:"load_average"` // before anything was started
}

const sqlSettings = `SELECT name, current_setting(name) FROM unnest(ARRAY['server_version', 'fsync', 'synchronous_commit', 'full_page_writes',
	'shared_buffers', 'wal_level', 'max_wal_size', 'checkpoint_timeout', 'commit_delay', 'max_connections', 'wal_sync_method', 'autovacuum']) AS name`

// Describe says what this machine and its Postgres are.
func (r *Rig) Describe(ctx context.Context) (Machine, error) {
	m := Machine{
		Cores: runtime.NumCPU(), Go: runtime.Version(), Settings: map[string]string{}, At: time.Now().UTC().Truncate(time.Second),
		CPU: field("/proc/cpuinfo", "model name"), Kernel: first("/proc/sys/kernel/osrelease"), Load: first("/proc/loadavg"),
	}
	var kB float64
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%f kB", &kB); err == nil {
		m.MemoryGB = kB / (1 << 20)
	}
	if out, err := exec.CommandContext(ctx, filepath.Join(r.Bin, "leadflow"), "--version").Output(); err == nil {
		if words := strings.Fields(string(out)); len(words) > 0 {
			m.Commit = words[len(words)-1]
		}
	}
	pool, err := r.Pool(ctx, "postgres", 1)
	if err != nil {
		return m, err
	}
	rows, err := pool.Query(ctx, sqlSettings)
	if err != nil {
		return m, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return m, err
		}
		m.Settings[name] = value
	}
	m.Postgres = m.Settings["server_version"]
	delete(m.Settings, "server_version")
	if err := rows.Err(); err != nil {
		return m, err
	}
	m.Fsync, err = fsyncRate(filepath.Join(r.Dir, "fsync"), time.Second)
	return m, err
}

// fsyncRate writes blocks of 8 kB into a file beside the data, each made safe, for a while: what one client's commits
// cannot outrun.
func fsyncRate(path string, d time.Duration) (perSecond float64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	defer f.Close()
	block := make([]byte, 8192)
	began, n := time.Now(), 0
	for ; time.Since(began) < d; n++ {
		if _, err := f.WriteAt(block, int64(n%1024)*8192); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

func first(path string) string {
	raw, _ := os.ReadFile(path)
	return strings.TrimSpace(string(raw))
}

// field is the first value of a name in a file of "name : value" lines.
func field(path, name string) string {
	raw, _ := os.ReadFile(path)
	for line := range strings.Lines(string(raw)) {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(n) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// String is the machine in a few lines of Markdown.
func (m Machine) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Commit %s, %s. %s, %d cores, %s GB, Linux %s, load before %s. %s, Postgres %s, %s fsyncs/s on the data directory.\n",
		m.Commit, m.At.Format(time.DateTime), m.CPU, m.Cores, measure.Number(m.MemoryGB), m.Kernel, m.Load, m.Go, m.Postgres, measure.Number(m.Fsync))
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size", "checkpoint_timeout", "wal_level", "commit_delay"} {
		fmt.Fprintf(&b, "%s=%s ", name, m.Settings[name])
	}
	return strings.TrimSpace(b.String())
}
