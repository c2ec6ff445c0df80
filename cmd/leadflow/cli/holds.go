package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const catchUpHelp = "of waits: shift: what was left of them is left (the default); keep: they ran on; drop: as keep, and mails that came due meanwhile are left out"

var holdColumns = []column[record.SequenceHold]{
	{"name", func(h record.SequenceHold) any { return h.Name }},
	{"version", func(h record.SequenceHold) any { return h.Version }},
	{"held_since", func(h record.SequenceHold) any { return h.BeganAt }},
	{"until", func(h record.SequenceHold) any { return h.EndedAt }},
	{"catch_up", func(h record.SequenceHold) any { return h.CatchUp }},
	{"spread", func(h record.SequenceHold) any { return h.Spread }},
	{"held_up", func(h record.SequenceHold) any { return h.HeldUp }},
}

var insideColumns = []column[record.InsideStep]{
	{"version", func(s record.InsideStep) any { return s.Version }},
	{"step", func(s record.InsideStep) any { return s.Step }},
	{"leads", func(s record.InsideStep) any { return s.Leads }},
	{"moves_to", func(s record.InsideStep) any { return s.MovesTo }},
}

// sequenceInside are the commands about who is in a sequence.
func sequenceInside(t *tool) []*cobra.Command {
	return []*cobra.Command{sequencePublish(t), {
		Use: "inside NAME VERSION", Short: "Shows who is in other versions, and where they would go on in this one", Args: takes("the name", "the version"),
		Example: `  leadflow sequence inside welcome 3`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodGet, versionPath(args, "inside"), nil)
			if err != nil {
				return err
			}
			in, err := decode[record.Inside](got.body)
			if err != nil {
				return err
			}
			return showAll(t, got.body, in.Steps, insideColumns)
		}),
	}, {
		Use: "pause NAME VERSION", Short: "Holds a version: who comes to go on in it waits", Args: takes("the name", "the version"),
		Example: `  leadflow sequence pause welcome 2`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, versionPath(args, "pause"), nil, holdColumns)
		}),
	}, sequenceResume(t)}
}

func sequencePublish(t *tool) *cobra.Command {
	var inside string
	cmd := &cobra.Command{
		Use: "publish NAME VERSION", Short: "Lets leads enter this version", Args: takes("the name", "the version"),
		Long:    "Lets leads enter this version. Who is in other versions ends there, unless --inside says otherwise; `leadflow sequence inside` shows who that is.",
		Example: "  leadflow sequence inside welcome 2\n  leadflow sequence publish welcome 2 --inside move",
	}
	cmd.Flags().StringVar(&inside, "inside", "", "what becomes of who is in other versions: stay, move (go on here at the same step) or restart (begin this one)")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{}
		body.put("inside", inside)
		return ask(ctx, t, http.MethodPost, versionPath(args, "publish"), body, sequenceColumns)
	})
	return cmd
}

func sequenceResume(t *tool) *cobra.Command {
	var catchUp, spread string
	cmd := &cobra.Command{
		Use: "resume NAME VERSION", Short: "Ends the hold of a version, and says what becomes of the time", Args: takes("the name", "the version"),
		Example: "  leadflow sequence resume welcome 2\n  leadflow sequence resume welcome 2 --catch-up keep --spread 4h",
	}
	cmd.Flags().StringVar(&catchUp, "catch-up", "", catchUpHelp)
	cmd.Flags().StringVar(&spread, "spread", "", "those who were held up come back over so long, such as 4h; without it at once")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{}
		body.put("catch_up", catchUp)
		body.put("spread", spread)
		return ask(ctx, t, http.MethodPost, versionPath(args, "resume"), body, holdColumns)
	})
	return cmd
}
