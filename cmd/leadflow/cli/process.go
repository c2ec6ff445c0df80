package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// config is the configuration of the environment, or what is wrong with it.
func (t *tool) config() (app.Config, error) {
	cfg, err := t.engine.load()
	if err != nil {
		return cfg, &failure{
			what: "the configuration cannot be used", why: err.Error(), code: ExitFailure, cause: err,
			next: "set what is named, or read it from a file with --env-file; leadflow config explains every variable",
		}
	}
	return cfg, nil
}

// process is a command that runs one of the program's own parts.
func (t *tool) process(what, next string, part func(context.Context, app.Config) error) func(*cobra.Command, []string) error {
	return t.do(func(ctx context.Context, _ []string) error {
		cfg, err := t.config()
		if err != nil {
			return err
		}
		if err := part(ctx, cfg); err != nil {
			return failed(what, err, next)
		}
		return nil
	})
}

func serve(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Runs the API until it is stopped", Args: cobra.NoArgs, Example: `  leadflow serve`,
		Long: "Runs the API until it is stopped. It speaks to DATABASE_URL and to Temporal (TEMPORAL_ADDRESS and its other variables).\nMore of it scale out.",
		RunE: t.process("the API did not run", "leadflow doctor checks what it stands on; a taken port is changed by LEADFLOW_LISTEN", t.engine.serve),
	}
}

func work(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "work", Short: "Runs the worker until it is stopped", Args: cobra.NoArgs, Example: `  leadflow work`,
		Long: "Runs the worker until it is stopped: it leads the leads, sends mails and webhooks, and works off imports. More of it scale out.",
		RunE: t.process("the worker did not run", "leadflow doctor checks what it stands on; a taken port is changed by LEADFLOW_METRICS_LISTEN", t.engine.work),
	}
}

func migrate(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Brings the database to this version", Args: cobra.NoArgs, Example: `  DATABASE_URL=postgres://leadflow@localhost/leadflow leadflow migrate`,
		Long: "Brings the database of DATABASE_URL to this version, and puts the default documents into an empty one. Run it before serve\nand work; running it again changes nothing.",
		RunE: t.process("the database was not migrated", "leadflow doctor checks the database; nothing of a migration that failed was kept", func(ctx context.Context, cfg app.Config) error {
			if err := t.engine.migrate(ctx, cfg); err != nil {
				return err
			}
			t.tell("The database is at this version.")
			return nil
		}),
	}
}

func config(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "Lists every variable with its value and meaning", Args: cobra.NoArgs, Example: `  leadflow config --env-file data/leadflow.env`,
		Long: "Lists every variable of the processes with its value and meaning; secrets are not shown. It fails when they cannot run with it.",
		RunE: t.do(func(context.Context, []string) error {
			cfg, err := t.engine.load()
			settings := t.engine.describe(cfg)
			out := make([]fields, len(settings))
			for i, s := range settings {
				out[i] = fields{"name": s.Name, "value": s.Value, "help": s.Help}
			}
			if shown := showAll(t, asJSON(fields{"items": out}), settings, settingColumns); shown != nil || err == nil {
				return shown
			}
			_, err = t.config()
			return err
		}),
	}
}

var settingColumns = []column[app.Setting]{
	{"name", func(s app.Setting) any { return s.Name }},
	{"value", func(s app.Setting) any { return s.Value }},
	{"meaning", func(s app.Setting) any { return s.Help }},
}

func version(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Says which version this is", Args: cobra.NoArgs, Example: `  leadflow version`,
		RunE: t.do(func(context.Context, []string) error {
			return show(t, asJSON(fields{"version": record.Version}), []column[struct{ Version string }]{
				{"version", func(v struct{ Version string }) any { return v.Version }},
			})
		}),
	}
}

// asJSON writes what is known to be writable: plain values of ours.
func asJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
