package rig

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// Whole is the whole product in one process, with a Postgres of its own.
type Whole struct {
	*Program
	URL, Key string
}

// StartWhole starts it on data that outlives it, without the invented leads, and answers once it says that it is ready.
func (r *Rig) StartWhole(ctx context.Context) (*Whole, error) {
	dir := filepath.Join(r.Dir, "whole")
	p, err := r.launch("whole", nil, filepath.Join(r.Bin, "leadflow-standalone"), "--data", dir, "--no-demo", "--port", "0")
	if err != nil {
		return nil, err
	}
	w := &Whole{Program: p}
	return w, p.await(ctx, "leadflow.env", func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, "leadflow.env")) // it appears whole, and last
		if err != nil {
			return false
		}
		for line := range strings.Lines(string(raw)) {
			switch name, value, _ := strings.Cut(strings.TrimSpace(line), "="); name {
			case "LEADFLOW_URL":
				w.URL = value
			case "LEADFLOW_API_KEY":
				w.Key = value
			}
		}
		return true
	})
}
