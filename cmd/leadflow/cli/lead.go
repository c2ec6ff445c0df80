package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func leads(t *tool) *cobra.Command {
	cmd := group("lead", "Leads: find, look, decide", "")
	cmd.AddCommand(leadList(t), leadGet(t), leadCreate(t), leadTimeline(t), leadLife(t), leadScore(t), leadUnscore(t), leadMerge(t), leadUnmerge(t), leadMerges(t), leadDoubles(t), leadNote(t), leadRestart(t))
	cmd.AddCommand(decisions(t)...)
	return cmd
}

func leadList(t *tool) *cobra.Command {
	return listCommand(t, list[record.Lead]{
		short: "Lists leads, newest first", path: "/v1/leads", columns: leadColumns,
		example: `  leadflow lead list --stage handoff --band hot
  leadflow lead list --all -o csv > leads.csv`,
		filters: []filter{
			{"stage", "stage", "only in this stage; several by comma"},
			{"owner", "owner", "only of this rep, by id"},
			{"band", "band", "only hot, warm or cold"},
			{"source", "source", "only from this channel"},
			{"q", "q", "part of an address, a name or a company"},
		},
	})
}

// leadPath is the path of one lead, and of what belongs to it.
func leadPath(id string, more ...string) string {
	path := "/v1/leads/" + url.PathEscape(id)
	for _, part := range more {
		path += "/" + part
	}
	return path
}

func leadGet(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Shows one lead", Args: takes("the lead's id"),
		Example: `  leadflow lead get 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 -o json`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodGet, leadPath(args[0]), nil, leadDetails)
		}),
	}
}

func leadTimeline(t *tool) *cobra.Command {
	return list[record.TimelineItem]{
		short: "Tells what happened to a lead: who, what, when, why", columns: timelineColumns,
		example: `  leadflow lead timeline 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --all`,
	}.command(t, "timeline ID", takes("the lead's id"), func(args []string) string { return leadPath(args[0], "timeline") })
}

func erase(t *tool) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "erase ID", Short: "Erases a person for good", Args: takes("the lead's id"),
		Long: "Erases a person for good: profile, notes, visits, stored mails and answers. What came of the lead stays, without\n" +
			"identity, and a keyed hash keeps the address from being written to again. It cannot be taken back.",
		Example: `  leadflow erase 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --yes`,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		if err := t.confirm(yes, "Erase lead "+args[0]+" for good?"); err != nil {
			return err
		}
		if _, err := t.call(ctx, http.MethodDelete, leadPath(args[0]), nil); err != nil {
			return err
		}
		t.tell("Erased.")
		return nil
	})
	return cmd
}

func leadNote(t *tool) *cobra.Command {
	var rep string
	cmd := &cobra.Command{
		Use: "note ID TEXT", Short: "Writes a note about a lead", Args: takes("the lead's id", "the text"),
		Example: `  leadflow lead note 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 "Budget is decided in March" --rep 0199...`,
	}
	cmd.Flags().StringVar(&rep, "rep", "", "who writes it, by id of the rep")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"text": args[1]}
		body.put("rep_id", rep)
		return ask(ctx, t, http.MethodPost, leadPath(args[0], "notes"), body, noteColumns)
	})
	return cmd
}
