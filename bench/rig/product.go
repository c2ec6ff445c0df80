package rig

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/leadflow-dev/leadflow/postgres/freeport"
)

// Product is the product on a database of the rig.
type Product struct {
	Database string
	URL      string // of the API, once Serve was called
	Host     string // the same as host:port
	Metrics  string // URL of the metrics of the process that was started last
	Key      string
	rig      *Rig
	env      []string
}

// NewProduct makes and migrates a database, and a key for it.
func (r *Rig) NewProduct(ctx context.Context, database string) (*Product, error) {
	if err := r.Server.CreateDatabase(ctx, database); err != nil {
		return nil, err
	}
	p := &Product{Database: database, rig: r}
	p.env = []string{
		"DATABASE_URL=" + r.Server.URL(database), "LEADFLOW_SECRET=" + r.secret, "LEADFLOW_LOG_LEVEL=warn",
		"LEADFLOW_WEBHOOK_ALLOW=127.0.0.0/8", "LEADFLOW_MAIL_POSTAL=1 Bench Street",
	}
	if _, err := p.run(ctx, "migrate"); err != nil {
		return nil, err
	}
	key, err := p.run(ctx, "key", "create", "--first", "--name", "bench")
	p.Key = key
	return p, err
}

// run runs a command of the product to its end and answers what it printed.
func (p *Product) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(p.rig.Bin, "leadflow"), args...)
	cmd.Env = p.env
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("leadflow %s: %w: %s", args[0], err, exit.Stderr)
		}
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

// Serve starts the API. Temporal is told of where it runs.
func (p *Product) Serve(ctx context.Context, more ...string) (*Program, error) {
	port, err := freeport.One()
	if err != nil {
		return nil, err
	}
	p.Host = fmt.Sprintf("127.0.0.1:%d", port)
	p.URL = "http://" + p.Host
	return p.start(ctx, "serve", append(more, "LEADFLOW_LISTEN="+p.Host, "LEADFLOW_PUBLIC_URL="+p.URL))
}

// Work starts the worker.
func (p *Product) Work(ctx context.Context, more ...string) (*Program, error) {
	if p.URL != "" {
		more = append(more, "LEADFLOW_PUBLIC_URL="+p.URL)
	}
	return p.start(ctx, "work", more)
}

func (p *Product) start(ctx context.Context, part string, more []string) (*Program, error) {
	port, err := freeport.One()
	if err != nil {
		return nil, err
	}
	metrics := fmt.Sprintf("127.0.0.1:%d", port)
	p.Metrics = "http://" + metrics + "/metrics"
	temporal := p.rig.Temporal
	if temporal == "" {
		temporal = "127.0.0.1:9" // discard: nobody is there, and nobody is asked
	}
	env := append(append(append([]string{}, p.env...), "LEADFLOW_METRICS_LISTEN="+metrics, "TEMPORAL_ADDRESS="+temporal), more...)
	program, err := p.rig.launch(part, env, filepath.Join(p.rig.Bin, "leadflow"), part)
	if err != nil {
		return nil, err
	}
	return program, program.answers(ctx, "http://"+metrics+"/readyz")
}
