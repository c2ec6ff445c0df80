package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// profiled has perf look at the whole machine while a side is measured, and leaves what took the time in a text beside
// the recording: by process, library and function. It costs a few percent, so a run with it is no measurement.
func (b *bench) profiled(side measure.Side) measure.Side {
	if b.profile == "" {
		return side
	}
	whole := side.Measure
	side.Measure = func(ctx context.Context) (measure.Sample, error) {
		name := strings.Map(func(r rune) rune {
			if strings.ContainsRune(" ,/%", r) {
				return '-'
			}
			return r
		}, b.row+"-"+side.Name)
		data := filepath.Join(b.profile, name+".perf")
		perf := exec.Command("perf", "record", "-a", "-F", "199", "-o", data)
		if err := perf.Start(); err != nil {
			return measure.Sample{}, fmt.Errorf("-profile needs perf: %w", err)
		}
		s, err := whole(ctx)
		_ = perf.Process.Signal(syscall.SIGINT)
		_ = perf.Wait() // it ends by the signal
		if err != nil {
			return s, err
		}
		text, err := exec.CommandContext(ctx, "perf", "report", "-i", data, "--stdio", "--sort", "comm,dso,symbol", "--percent-limit", "0.3").Output()
		if err != nil {
			return s, fmt.Errorf("perf report: %w", err)
		}
		return s, os.WriteFile(filepath.Join(b.profile, name+".txt"), text, 0o644)
	}
	return side
}
