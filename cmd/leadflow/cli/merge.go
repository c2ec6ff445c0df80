package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var mergeColumns = []column[record.MergeReport]{
	{"merge", func(m record.MergeReport) any { return m.ID }},
	{"lead", func(m record.MergeReport) any { return m.LeadID }},
	{"into", func(m record.MergeReport) any { return m.Into }},
	{"at", func(m record.MergeReport) any { return m.At }},
	{"reason", func(m record.MergeReport) any { return m.Reason }},
	{"undo_until", func(m record.MergeReport) any { return m.UndoUntil }},
	{"undone", func(m record.MergeReport) any { return m.UndoneAt }},
}

// joinedColumns are what a merge did, or would do.
var joinedColumns = append(append([]column[record.MergeReport]{}, mergeColumns...),
	column[record.MergeReport]{"dry_run", func(m record.MergeReport) any { return m.DryRun }},
	column[record.MergeReport]{"events", func(m record.MergeReport) any { return m.Joined.Events }},
	column[record.MergeReport]{"duplicate_events", func(m record.MergeReport) any { return m.Joined.Duplicates }},
	column[record.MergeReport]{"visitors", func(m record.MergeReport) any { return m.Joined.Visitors }},
	column[record.MergeReport]{"mails", func(m record.MergeReport) any { return m.Joined.Mails }},
	column[record.MergeReport]{"offers", func(m record.MergeReport) any { return m.Joined.Offers }},
	column[record.MergeReport]{"decisions", func(m record.MergeReport) any { return m.Joined.Decisions }},
	column[record.MergeReport]{"notes", func(m record.MergeReport) any { return m.Joined.Notes }},
	column[record.MergeReport]{"merged_before", func(m record.MergeReport) any { return m.Joined.Leads }},
	column[record.MergeReport]{"offers_ended", func(m record.MergeReport) any { return m.Joined.OffersEnded }},
	column[record.MergeReport]{"mails_ended", func(m record.MergeReport) any { return m.Joined.MailsEnded }},
	column[record.MergeReport]{"alerts_ended", func(m record.MergeReport) any { return m.Joined.AlertsEnded }},
	column[record.MergeReport]{"decisions_refused", func(m record.MergeReport) any { return m.Joined.Refused }},
	column[record.MergeReport]{"mails_not_again", func(m record.MergeReport) any { return m.Effects.NotAgain }},
	column[record.MergeReport]{"fields", func(m record.MergeReport) any { return m.Effects.Fields }},
	column[record.MergeReport]{"withdrawn", func(m record.MergeReport) any { return m.Effects.Withdrawn }},
	column[record.MergeReport]{"suppressed", func(m record.MergeReport) any { return m.Effects.Suppressed }},
	column[record.MergeReport]{"score_before", func(m record.MergeReport) any { return m.Effects.ScoreBefore }},
	column[record.MergeReport]{"score", func(m record.MergeReport) any { return m.Effects.Score }},
	column[record.MergeReport]{"band", func(m record.MergeReport) any { return m.Effects.Band }},
	column[record.MergeReport]{"triggers", func(m record.MergeReport) any { return m.Effects.Triggers }},
)

var unmergeColumns = []column[record.UnmergeReport]{
	{"merge", func(m record.UnmergeReport) any { return m.ID }},
	{"lead", func(m record.UnmergeReport) any { return m.LeadID }},
	{"was_into", func(m record.UnmergeReport) any { return m.Into }},
	{"undone", func(m record.UnmergeReport) any { return m.UndoneAt }},
	{"events_back", func(m record.UnmergeReport) any { return m.Events }},
	{"visitors_back", func(m record.UnmergeReport) any { return m.Visitors }},
	{"not_back", func(m record.UnmergeReport) any { return m.NotBack }},
}

func leadMerge(t *tool) *cobra.Command {
	var into, reason string
	var dry, yes bool
	cmd := &cobra.Command{
		Use: "merge ID", Short: "Merges a lead into another: it ends, and the other goes on for both", Args: takes("the lead that ends"),
		Long: "Merges a lead into another that is the same person. The one named first ends and points to the other, which has the events,\n" +
			"the visitors and the history of both from then on; the stricter of what both said of mail holds. What names the one that\n" +
			"ended afterwards is about the other. It can be undone for a day (lead unmerge).",
		Example: `  leadflow lead merge 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --into 0199a2c4-9f01-7d02-8b11-0a1b2c3d4e5f --dry-run
  leadflow lead merge 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --into 0199a2c4-9f01-7d02-8b11-0a1b2c3d4e5f --reason duplicate`,
	}
	f := cmd.Flags()
	f.StringVar(&into, "into", "", "the lead that goes on, by id")
	f.StringVar(&reason, "reason", "", "a code that both timelines show")
	f.BoolVar(&dry, "dry-run", false, "only say what would be joined")
	f.BoolVar(&yes, "yes", false, "do not ask")
	_ = cmd.MarkFlagRequired("into")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		if !dry {
			if err := t.confirm(yes, "Merge lead "+args[0]+" into "+into+"?"); err != nil {
				return err
			}
		}
		body := fields{"into": into, "dry_run": dry}
		body.put("reason", reason)
		return ask(ctx, t, http.MethodPost, leadPath(args[0], "merge"), body, joinedColumns)
	})
	return cmd
}

func leadUnmerge(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "unmerge ID", Short: "Undoes the merge of a lead, within a day", Args: takes("the lead that ended"),
		Long: "Undoes the merge of a lead, within a day. Both go on where they were; what came for the one that is back is its own again.\n" +
			"What cannot be taken back is named in not_back: a mail that was sent, what was decided or learnt since, a rep who was told.",
		Example: `  leadflow lead unmerge 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, leadPath(args[0], "unmerge"), fields{}, unmergeColumns)
		}),
	}
}

func leadMerges(t *tool) *cobra.Command {
	return list[record.MergeReport]{
		short: "Lists merges, newest first", path: "/v1/merges", columns: mergeColumns,
		example: `  leadflow lead merges --state done`,
		filters: []filter{{"state", "state", "only done or undone"}, {"lead", "lead_id", "only of this lead, by id"}},
	}.command(t, "merges", cobra.NoArgs, func([]string) string { return "/v1/merges" })
}

func leadDoubles(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "doubles", Short: "Lists leads that were rejected as the double of another and are not merged", Args: cobra.NoArgs,
		Example: `  leadflow lead doubles`,
		RunE: t.do(func(ctx context.Context, _ []string) error {
			got, err := t.call(ctx, http.MethodGet, "/v1/merges/proposed", nil)
			if err != nil {
				return err
			}
			page, err := decode[record.Page[record.MergeProposal]](got.body)
			if err != nil {
				return err
			}
			return showAll(t, got.body, page.Items, []column[record.MergeProposal]{
				{"lead", func(p record.MergeProposal) any { return p.LeadID }},
				{"into", func(p record.MergeProposal) any { return p.Into }},
				{"at", func(p record.MergeProposal) any { return p.At }},
				{"rep", func(p record.MergeProposal) any { return p.RepID }},
				{"reason", func(p record.MergeProposal) any { return p.Reason }},
			})
		}),
	}
}
