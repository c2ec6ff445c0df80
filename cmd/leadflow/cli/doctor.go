package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
)

// quickly is how long a health check may take.
const quickly = 5 * time.Second

func doctor(t *tool) *cobra.Command {
	var quick, process, mail, runs, offers, journeys, mend bool
	var scores, dns string
	cmd := &cobra.Command{
		Use: "doctor", Short: "Checks everything Leadflow stands on, and says how to mend it", Args: cobra.NoArgs,
		Example: "  leadflow doctor\n  leadflow doctor --quick && echo healthy\n  leadflow doctor --process\n  leadflow doctor --mail\n  leadflow doctor --verify-scores=all\n  leadflow doctor --verify-runs",
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "only whether Postgres and Temporal answer")
	cmd.Flags().BoolVar(&process, "process", false, "only whether the process of this configuration is ready: the health check of a container")
	cmd.Flags().BoolVar(&mail, "mail", false, "only whether mails will be believed: SPF, DKIM, DMARC, EHLO, TLS, safe mode, the postal address")
	cmd.Flags().StringVar(&dns, "dns", "", "with --mail: ask this DNS server, host:port (default: those of the machine)")
	cmd.Flags().StringVar(&scores, "verify-scores", "", "only recompute scores from events and compare: so many leads chosen at random, or all")
	cmd.Flags().Lookup("verify-scores").NoOptDefVal = defaultSample
	cmd.Flags().BoolVar(&runs, "verify-runs", false, "only compare all leads that are not over, and the ledger of their offers, with their runs in Temporal")
	cmd.Flags().BoolVar(&offers, "verify-offers", false, "only recompute the score that is stored with each offer, from what was known then, and compare")
	cmd.Flags().BoolVar(&journeys, "verify-journeys", false, "only fold anew how far leads came and compare it with what reports count")
	cmd.Flags().BoolVar(&mend, "mend", false, "with --verify-journeys: store what differs as it is now")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		if runs {
			return t.verifyRuns(ctx)
		}
		if offers {
			return t.verifyOffers(ctx)
		}
		if journeys {
			return t.verifyJourneys(ctx, mend)
		}
		if scores != "" {
			return t.verifyScores(ctx, scores)
		}
		looked := func() []app.Check { return t.checks(ctx, quick, process) }
		if mail {
			looked = func() []app.Check { return t.mailChecks(ctx, dns) }
		}
		checks := looked()
		if err := showAll(t, asJSON(fields{"items": checks}), checks, checkColumns); err != nil {
			return err
		}
		var wrong []string
		for _, c := range checks {
			if !c.OK {
				wrong = append(wrong, c.Name)
				t.line("  "+c.Name+": ", c.Mend)
			}
		}
		if len(wrong) > 0 {
			return &failure{what: "not everything is well", why: "see " + strings.Join(wrong, ", "), next: "mend the first, then look again: the others may follow from it", code: ExitFailure}
		}
		return nil
	})
	return cmd
}

// mailChecks looks at mail alone.
func (t *tool) mailChecks(ctx context.Context, dns string) []app.Check {
	cfg, err := t.engine.load()
	if err != nil {
		return unconfigured(err)
	}
	return t.engine.doctorMail(ctx, cfg, dns)
}

func unconfigured(err error) []app.Check {
	return []app.Check{{Name: "configuration", Says: strings.ReplaceAll(err.Error(), "\n", "; "), Mend: "set what is named; leadflow config explains every variable"}}
}

func (t *tool) checks(ctx context.Context, quick, process bool) []app.Check {
	cfg, err := t.engine.load()
	if err != nil {
		return unconfigured(err)
	}
	if !quick && !process {
		return t.engine.doctor(ctx, cfg)
	}
	ctx, cancel := context.WithTimeout(ctx, quickly)
	defer cancel()
	if process {
		return []app.Check{t.engine.ready(ctx, cfg)}
	}
	return slices.DeleteFunc(t.engine.doctor(ctx, cfg), func(c app.Check) bool { return c.Name != "postgres" && c.Name != "temporal" })
}

var checkColumns = []column[app.Check]{
	{"check", func(c app.Check) any { return c.Name }},
	{"ok", func(c app.Check) any { return c.OK }},
	{"says", func(c app.Check) any { return c.Says }},
}
