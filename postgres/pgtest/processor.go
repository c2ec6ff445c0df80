package pgtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Processor tells the processor time of the server whose data directory this is, with all that it started and that ended. It reads /proc.
func Processor(b testing.TB, dir string) func() time.Duration {
	b.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		b.Fatal(err)
	}
	parent, _, _ := strings.Cut(string(raw), "\n")
	return func() (sum time.Duration) {
		files, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, file := range files {
			raw, _ := os.ReadFile(file)
			_, rest, _ := strings.Cut(string(raw), ") ") // proc_pid_stat(5): ppid is the fourth field, times are the fourteenth and on
			fields := strings.Fields(rest)
			if len(fields) < 15 || fields[1] != parent && filepath.Base(filepath.Dir(file)) != parent {
				continue
			}
			for _, field := range fields[11:15] {
				ticks, err := strconv.Atoi(field)
				if err == nil {
					sum += time.Duration(ticks) * 10 * time.Millisecond
				}
			}
		}
		return sum
	}
}
