package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

// announce tells people, and leaves DATA/leadflow.env for programs: its presence means that everything is ready.
func (s *stack) announce(out io.Writer, took time.Duration) error {
	env := []struct{ name, value string }{
		{"LEADFLOW_URL", "http://" + loopback(s.ports.app)},
		{"LEADFLOW_API_KEY", s.key},
		{"DATABASE_URL", s.postgres.URL("leadflow")},
		{"TEMPORAL_ADDRESS", s.temporal.Address()},
		{"TEMPORAL_UI_URL", s.temporal.UI()},
		{"MAIL_URL", "http://" + loopback(s.ports.mail)},
		{"SMTP_ADDRESS", loopback(s.ports.smtp)},
		{"METRICS_URL", "http://" + loopback(s.ports.metrics) + "/metrics"},
		{"LEADFLOW_SECRET_FILE", filepath.Join(s.dir, "leadflow.secret")},
		{"INBOUND_ADDRESS", loopback(s.ports.inbound)},
		{"LEADFLOW_MAIL_BOUNCE_DOMAIN", "back.leadflow.example"},
		{"LEADFLOW_SMTP_ADDRESS", loopback(s.ports.smtp)},
		{"LEADFLOW_MAIL_ALLOW", allowed()}, // for leadflow doctor, serve and work
		{"LEADFLOW_MAIL_POSTAL", "'" + postal + "'"},
	}
	var b strings.Builder
	for _, e := range env {
		fmt.Fprintf(&b, "%s=%s\n", e.name, e.value)
	}
	if err := keep(s.envFile(), b.String()); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nLeadflow is ready after %.1f s.\n\n", took.Seconds())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"App and API", env[0].value},
		{"API docs", env[0].value + "/docs"},
		{"Mail catcher", env[5].value},
		{"Temporal UI", env[4].value},
		{"Postgres", env[2].value},
		{"Metrics", env[7].value},
		{"Data", s.dir},
		{"API key", s.key + "  (for development)"},
	} {
		fmt.Fprintf(w, "  %s\t%s\n", line[0], line[1])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nFor the command line: bin/leadflow --env-file %s lead list\nCtrl-C stops everything.\n", s.envFile())
	return err
}

func (s *stack) envFile() string { return filepath.Join(s.dir, "leadflow.env") }

// withdraw takes back what an earlier run announced: nothing is ready yet, or any more.
func (s *stack) withdraw() error {
	if err := os.Remove(s.envFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// keep writes a file whole or not at all, for us alone.
func keep(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
