package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/server/common/metrics"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/postgres"
	"github.com/leadflow-dev/leadflow/standalone/catcher"
	"github.com/leadflow-dev/leadflow/standalone/temporal"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// stack is everything that runs.
type stack struct {
	options
	dir      string
	measured metrics.Handler // what Temporal tells of itself; nil: nobody asks
	postgres *postgres.Server
	temporal *temporal.Server
	catcher  *catcher.Catcher
	app      *app.App
	key      string // the development API key
	log      io.Closer
	running  []part
	failed   chan error
}

// part is one thing that is started and stopped.
type part struct {
	name  string
	start func(context.Context) error
	stop  func(context.Context) error
}

func (s *stack) parts() []part {
	s.failed = make(chan error, 1)
	return []part{
		{"Postgres", s.startPostgres, func(ctx context.Context) error { return s.postgres.Stop(ctx) }},
		{"Temporal", s.startTemporal, func(ctx context.Context) error { return s.temporal.Stop(ctx) }},
		{"mail catcher", s.startCatcher, func(ctx context.Context) error { return s.catcher.Stop(ctx) }},
		{"Leadflow", s.startApp, func(ctx context.Context) error { return s.app.Stop(ctx) }},
	}
}

// start starts the parts in their order, and says which it waits for.
func (s *stack) start(ctx context.Context, talk io.Writer) error {
	fmt.Fprint(talk, "Starting")
	defer fmt.Fprintln(talk)
	for i, p := range s.parts() {
		fmt.Fprint(talk, []string{" ", ", "}[min(i, 1)], p.name)
		if err := p.start(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.running = append(s.running, p)
	}
	return nil
}

// stop ends what was started, last first, each in bounded time.
func (s *stack) stop() error {
	errs := []error{s.withdraw()}
	for i := len(s.running) - 1; i >= 0; i-- {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		if err := s.running[i].stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.running[i].name, err))
		}
		cancel()
	}
	if s.log != nil {
		_ = s.log.Close()
	}
	return errors.Join(errs...)
}

func (s *stack) logFile() string { return filepath.Join(s.dir, "postgres.log") }

func (s *stack) startPostgres(ctx context.Context) error {
	f, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.log = f
	// Temporal's list of runs has an index for each attribute: they stay in memory or every start of a run pays for it.
	settings := map[string]string{"shared_buffers": "512MB"}
	if s.ephemeral { // nothing to recover, nobody to replicate to
		maps.Copy(settings, map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0",
		})
	}
	s.postgres, err = postgres.Start(ctx, postgres.Options{
		Dir: filepath.Join(s.dir, "postgres"), Port: s.ports.postgres, Log: f, Settings: settings,
	})
	if err != nil {
		return err
	}
	if err := s.postgres.CreateDatabase(ctx, "leadflow"); err != nil {
		return errors.Join(err, s.postgres.Stop(context.WithoutCancel(ctx)))
	}
	return nil
}

// attributes are the search attributes of the runs.
var attributes = map[string]temporal.Kind{
	wire.AttrStage: temporal.Keyword, wire.AttrOwner: temporal.Keyword, wire.AttrSource: temporal.Keyword,
	wire.AttrCycle: temporal.Int, wire.AttrSLADueAt: temporal.Datetime,
}

func (s *stack) startTemporal(ctx context.Context) error {
	return s.startTemporalOn(ctx, s.postgres.URL("postgres"))
}

func (s *stack) logger() *slog.Logger {
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// secret is made once and kept beside the data.
func (s *stack) secret() (string, error) {
	return once(filepath.Join(s.dir, "leadflow.secret"), func() (string, error) {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh)
		return hex.EncodeToString(fresh), nil
	})
}

// once reads what an earlier run kept in a file, or makes it.
func once(path string, fresh func() (string, error)) (string, error) {
	raw, err := os.ReadFile(path)
	if text := strings.TrimSpace(string(raw)); err == nil && text != "" {
		return text, nil
	}
	if err == nil {
		return "", fmt.Errorf("%s is empty: restore it from a backup, or remove it to have a new one made", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	text, err := fresh()
	if err != nil {
		return "", err
	}
	return text, keep(path, text)
}
