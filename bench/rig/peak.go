package rig

import (
	"fmt"
	"os"
	"strings"
)

// Peak is the most memory that a program has held so far, in bytes: VmHWM of proc_pid_status(5).
func (p *Program) Peak() (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			return kb * 1024, nil
		}
	}
	return 0, fmt.Errorf("/proc/%d/status says no VmHWM", p.Pid())
}
