package rig

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// processes knows the names of the processes that were started here.
type processes struct {
	mu    sync.Mutex
	names map[int]string
}

func (p *processes) name(pid int, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil {
		p.names = map[int]string{}
	}
	p.names[pid] = name
}

// ticks is USER_HZ, in which /proc counts: 100 on every Linux that Go runs on (proc_pid_stat(5), sysconf(_SC_CLK_TCK)).
const ticks = 100

// CPU is the processor seconds of each process that takes part, with those of its children that have ended: this one
// ("load"), Postgres with all its backends ("postgres"), and what the rig has started. Empty where there is no /proc.
func (r *Rig) CPU() map[string]float64 {
	all := readProcesses()
	out := map[string]float64{}
	r.cpu.mu.Lock()
	defer r.cpu.mu.Unlock()
	for pid, p := range all {
		if name := r.cpu.of(all, pid, p); name != "" {
			out[name] += p.seconds
		}
	}
	return out
}

// of is the name under which a process counts: its own, Postgres's for what descends from it, or its parent's.
func (p *processes) of(all map[int]stat, pid int, s stat) string {
	for range 8 {
		if name := p.names[pid]; name != "" {
			return name
		}
		if s.command == "postgres" {
			return s.underUs(all, pid, os.Getpid())
		}
		pid = s.parent
		var ok bool
		if s, ok = all[pid]; !ok || pid == os.Getpid() {
			return ""
		}
	}
	return ""
}

// underUs names Postgres where it descends from this process.
func (s stat) underUs(all map[int]stat, pid, us int) string {
	for range 8 {
		if pid == us {
			return "postgres"
		}
		pid = all[pid].parent
	}
	return ""
}

// stat is a line of /proc/<pid>/stat.
type stat struct {
	command string
	parent  int
	seconds float64
}

func readProcesses() map[int]stat {
	out := map[int]stat{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		raw, err := os.ReadFile(file)
		if s, ok := parseStat(raw); ok && err == nil {
			out[pid] = s
		}
	}
	return out
}

// parseStat reads fields 2, 4 and 14-17 of proc_pid_stat(5). The command may hold spaces and parentheses.
func parseStat(raw []byte) (stat, bool) {
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 0 || end < open {
		return stat{}, false
	}
	fields := strings.Fields(string(raw[end+1:]))
	if len(fields) < 15 {
		return stat{}, false
	}
	s := stat{command: string(raw[open+1 : end])}
	var err error
	if s.parent, err = strconv.Atoi(fields[1]); err != nil {
		return stat{}, false
	}
	for _, field := range fields[11:15] { // utime stime cutime cstime
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return stat{}, false
		}
		s.seconds += n / ticks
	}
	return s, true
}
