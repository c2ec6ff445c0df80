package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/postgres"
	"github.com/leadflow-dev/leadflow/standalone/catcher"
)

func (s *stack) startCatcher(context.Context) error {
	s.catcher = catcher.New(catcher.Options{
		HTTP: loopback(s.ports.mail), SMTP: loopback(s.ports.smtp), Answers: loopback(s.ports.inbound), Dir: filepath.Join(s.dir, "mails"),
	})
	return s.catcher.Start()
}

// startApp runs the real program, serving and working in one, with what was started before it.
func (s *stack) startApp(ctx context.Context) error {
	cfg, err := s.config()
	if err != nil {
		return err
	}
	if err := app.Migrate(ctx, cfg); err != nil {
		return err
	}
	if s.key, err = s.developmentKey(ctx, cfg); err != nil {
		return err
	}
	s.app, err = app.Start(ctx, cfg, app.Serving, app.Working)
	if err != nil {
		return err
	}
	go func() {
		if err := s.app.Wait(); err != nil {
			s.failed <- err
		}
	}()
	return nil
}

func (s *stack) config() (app.Config, error) {
	secret, err := s.secret()
	if err != nil {
		return app.Config{}, err
	}
	level := "warn"
	if s.verbose {
		level = "info"
	}
	for name, value := range map[string]string{
		"DATABASE_URL": s.postgres.URL("leadflow"), "LEADFLOW_SECRET": secret, "LEADFLOW_LISTEN": loopback(s.ports.app),
		"LEADFLOW_METRICS_LISTEN": loopback(s.ports.metrics), "LEADFLOW_PUBLIC_URL": "http://" + loopback(s.ports.app),
		"LEADFLOW_SMTP_ADDRESS": loopback(s.ports.smtp), "LEADFLOW_MAIL_FROM": "Leadflow Demo <hello@leadflow.example>",
		"LEADFLOW_MAIL_ALLOW": allowed(), "LEADFLOW_MAIL_POSTAL": postal, "LEADFLOW_LOG_LEVEL": level,
		"LEADFLOW_INBOUND_LISTEN": loopback(s.ports.inbound), "LEADFLOW_MAIL_BOUNCE_DOMAIN": "back.leadflow.example",
		"LEADFLOW_IDENTITY": "leadflow-standalone", "LEADFLOW_WEBHOOK_ALLOW": "127.0.0.0/8,::1/128",
		"TEMPORAL_ADDRESS": s.temporal.Address(), "TEMPORAL_NAMESPACE": "default",
	} {
		if err := os.Setenv(name, value); err != nil {
			return app.Config{}, err
		}
	}
	return app.LoadConfig()
}

// postal is in the footer of the demo's mails. It is one line: leadflow.env has it, too.
const postal = "Leadflow Demo, 1 Example Street, 12345 Example"

// allowed is whom mail may go to: everybody, since all of it goes into the catcher, unless somebody wants to see safe mode.
func allowed() string { return cmp.Or(os.Getenv("LEADFLOW_MAIL_ALLOW"), os.Getenv("MAIL_ALLOW"), "*") }

// developmentKey is made once and kept beside the data, for whoever may read that.
func (s *stack) developmentKey(ctx context.Context, cfg app.Config) (string, error) {
	return once(filepath.Join(s.dir, "leadflow.key"), func() (string, error) {
		return app.CreateKey(ctx, cfg, "development", "admin")
	})
}

// ownEnvironment forgets what the developer's environment says about another Temporal, or about where traces go: the
// embedded server reads the same variables.
func ownEnvironment() {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "TEMPORAL_") || strings.HasPrefix(name, "OTEL_") || strings.HasPrefix(name, "LEADFLOW_") && name != postgres.EnvBin && name != "LEADFLOW_MAIL_ALLOW" {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("TEMPORAL_CONFIG_FILE", os.DevNull)
}
