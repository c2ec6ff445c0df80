package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func newRoot(t *tool) *cobra.Command {
	root := group("leadflow", "Leadflow: every lead is one durable workflow, from capture to conversion", `
serve, work, migrate, doctor and config run the product and speak to DATABASE_URL and Temporal.
Everything else asks the API at LEADFLOW_URL with LEADFLOW_API_KEY.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 partly done. Data goes to standard output, talk to standard error.`)
	root.Example = `  leadflow --env-file data/leadflow.env lead list --stage handoff
  leadflow lead get 0193... -o json
  leadflow import leads.csv --map mapping.yaml`
	root.Version = record.Version
	root.SilenceErrors, root.SilenceUsage = true, true
	flags := root.PersistentFlags()
	flags.StringVarP(&t.format, "output", "o", formatTable, "table, json or csv")
	flags.StringVar(&t.url, "url", "", "address of the API (default LEADFLOW_URL, or "+defaultURL+")")
	flags.StringVar(&t.envFile, "env-file", "", "read KEY=VALUE lines from this file; variables already set win")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return t.prepare() }
	root.AddGroup(&cobra.Group{ID: "data", Title: "Leads and what moves them:"}, &cobra.Group{ID: "run", Title: "The product itself:"})
	for _, c := range []*cobra.Command{leads(t), bulk(t), export(t), erase(t), importCommand(t), inbox(t), mails(t), suppressions(t), reps(t), teams(t), calendars(t), models(t), predictors(t), personas(t), sequences(t), policies(t), routes(t), reasons(t), outcomes(t), questions(t), themes(t), webhooks(t), reports(t), costs(t), simulateCommand(t)} {
		c.GroupID = "data"
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{serve(t), work(t), migrate(t), doctor(t), lanes(t), auditLog(t), config(t), keys(t), version(t)} {
		c.GroupID = "run"
		root.AddCommand(c)
	}
	return root
}

// prepare reads what is common to all commands.
func (t *tool) prepare() error {
	switch t.format {
	case formatTable, formatJSON, formatCSV:
	default:
		return misused(fmt.Sprintf("-o %s is unknown", t.format), "take table, json or csv")
	}
	if t.envFile == "" {
		return nil
	}
	return readEnvFile(t.envFile)
}

// do makes what a command does: an error of it is a failure, never a wrong use, unless it says so itself.
func (t *tool) do(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := f(cmd.Context(), args); err != nil {
			return failed(cmd.CommandPath()+" did not succeed", err, "")
		}
		return nil
	}
}

// group is a command that only holds others.
func group(use, short, long string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: strings.TrimSpace(short + ".\n" + long), Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			cmd.SuggestionsMinimumDistance = 2
			why := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return misused(why, "did you mean: "+cmd.CommandPath()+" "+strings.Join(near, ", "))
			}
			return misused(why, cmd.CommandPath()+" --help lists them")
		}
		cmd.SetOut(cmd.ErrOrStderr())
		return errors.Join(cmd.Help(), misused(cmd.CommandPath()+" needs a command", "take one of the above"))
	}
	cmd.AddCommand(subs...)
	return cmd
}

// takes names the arguments a command wants, so that a wrong number of them says which.
func takes(what ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(what) {
			return nil
		}
		return misused(fmt.Sprintf("%s takes %s; %d given", cmd.CommandPath(), strings.Join(what, " and "), len(args)), cmd.CommandPath()+" --help shows an example")
	}
}
