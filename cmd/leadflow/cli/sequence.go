package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func versionPath(args []string, what string) string {
	return "/v1/sequences/" + url.PathEscape(args[0]) + "/" + url.PathEscape(args[1]) + "/" + what
}

func sequenceRetire(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "retire NAME VERSION", Short: "Lets nobody enter this version any more; who is inside goes on", Args: takes("the name", "the version"),
		Example: `  leadflow sequence retire welcome 2`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodPost, versionPath(args, "retire"), nil)
			if err != nil {
				return err
			}
			if q, err := decode[record.Sequence](got.body); err == nil && q.Default {
				t.tell("It was the default: new leads get no mail until another is published with --default.")
			}
			return show(t, got.body, sequenceColumns)
		}),
	}
}

func sequenceResults(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "results NAME VERSION", Short: "Shows how the arms of its splits do", Args: takes("the name", "the version"),
		Long: `Shows how the arms of the splits of a version do, a line for each arm and goal.

A lead counts for a goal when the goal's time is over for it (settled): then its outcome is final. The interval is that of
Wilson, 95 %, for the rate alone. A winner is named when the arms differ by a test that is valid at any time: look as often
as you like. Opens are no measure: mail programs open mails that nobody reads.`,
		Example: `  leadflow sequence results welcome 2`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodGet, versionPath(args, "results"), nil)
			if err != nil {
				return err
			}
			results, err := decode[record.SplitResults](got.body)
			if err != nil {
				return err
			}
			if len(results.Splits) == 0 {
				t.tell("This version has no split.")
			}
			return showAll(t, got.body, armsOf(results), armColumns)
		}),
	}
}

// armLine is one arm of one split by one goal.
type armLine struct {
	step string
	record.SplitArm
	goal   record.SplitGoal
	result record.ArmResult
}

func armsOf(r record.SplitResults) []armLine {
	var out []armLine
	for _, split := range r.Splits {
		for i, arm := range split.Arms {
			if len(split.Goals) == 0 {
				out = append(out, armLine{step: split.Step, SplitArm: arm})
			}
			for _, goal := range split.Goals {
				out = append(out, armLine{split.Step, arm, goal, goal.Arms[i]})
			}
		}
	}
	return out
}

// ofGoal is a cell that only a goal fills.
func ofGoal(cell func(l armLine) any) func(l armLine) any {
	return func(l armLine) any {
		if l.goal.Goal == "" {
			return nil
		}
		return cell(l)
	}
}

var armColumns = []column[armLine]{
	{"split", func(l armLine) any { return l.step }},
	{"arm", func(l armLine) any { return l.Arm }},
	{"entered", func(l armLine) any { return l.Entered }},
	{"mails_sent", func(l armLine) any { return l.MailsSent }},
	{"clicked", func(l armLine) any { return l.Clicked }},
	{"opened_unreliable", func(l armLine) any { return l.Opened.Leads }},
	{"goal", ofGoal(func(l armLine) any { return l.goal.Goal })},
	{"settled", ofGoal(func(l armLine) any { return l.result.Settled })},
	{"converted", ofGoal(func(l armLine) any { return l.result.Converted })},
	{"rate", ofGoal(func(l armLine) any { return fmt.Sprintf("%.1f %%", 100*l.result.Rate) })},
	{"interval", ofGoal(func(l armLine) any { return fmt.Sprintf("%.1f to %.1f %%", 100*l.result.Low, 100*l.result.High) })},
	{"p_value", ofGoal(func(l armLine) any { return fmt.Sprintf("%.3g", l.goal.P) })},
	{"verdict", ofGoal(func(l armLine) any {
		if l.goal.Winner == l.Arm {
			return record.SplitWinner
		}
		return l.goal.Verdict
	})},
}
