package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func leadRestart(t *tool) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "restart ID | --all", Short: "Starts a run again from what the database knows", Args: cobra.MaximumNArgs(1),
		Long: "Starts a run again from what the database knows, after it was terminated or Temporal's database was lost. A run that is well\n" +
			"goes on, and the read side learns anew what it knows. With --all, runs of leads that the database does not know (after a restore\n" +
			"from a backup) are ended as well. It speaks to DATABASE_URL and Temporal; the workers do the rest.",
		Example: "  leadflow lead restart 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59\n  leadflow lead restart --all",
	}
	cmd.Flags().BoolVar(&all, "all", false, "every lead whose life is not over")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		if all == (len(args) == 1) {
			return misused("either the lead's id or --all", cmd.CommandPath()+" --help shows examples")
		}
		cfg, err := t.config()
		if err != nil {
			return err
		}
		if all {
			return t.restartAll(ctx, cfg)
		}
		switch err := t.engine.restartLead(ctx, cfg, args[0]); {
		case errors.Is(err, record.ErrNotFound):
			return &failure{what: "no run was started", why: "there is no lead with this id", next: "leadflow lead list shows ids", code: ExitFailure}
		case errors.Is(err, record.ErrErased):
			return &failure{what: "no run was started", why: "the person was erased", code: ExitFailure}
		case err != nil:
			return failed("no run was started", err, "leadflow doctor says what is wrong")
		}
		t.tell("The workers start the run, or tell the one that runs.")
		return nil
	})
	return cmd
}

func (t *tool) restartAll(ctx context.Context, cfg app.Config) error {
	bar := t.newBar("restart")
	n, err := t.engine.restartAll(ctx, cfg, func(done, total int) { bar.at(done, total, 0, 0) })
	bar.end()
	if err != nil {
		f := failed("not every run was started again", err, "repeat it: runs that are well go on")
		if n > 0 {
			t.tell("%d were.", n)
		}
		return f
	}
	t.tell("%d leads: the workers start their runs, or tell those that run.", n)
	switch n, err = t.engine.endStrays(ctx, cfg); {
	case err != nil:
		t.tell("Whether there are runs of leads that this database does not know could not be seen: repeat it when leadflow doctor finds nothing.")
	case n > 0:
		t.tell("%d runs of leads that this database does not know end: they are of people who came after its backup.", n)
	}
	return nil
}
