package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var unscoredColumns = []column[record.Unscored]{
	{"events", func(u record.Unscored) any { return len(u.EventIDs) }},
	{"points_taken_back", func(u record.Unscored) any { return u.Points }},
	{"score_before", func(u record.Unscored) any { return u.ScoreBefore }},
	{"score", func(u record.Unscored) any { return u.Score }},
	{"band_before", func(u record.Unscored) any { return u.BandBefore }},
	{"band", func(u record.Unscored) any { return u.Band }},
	{"mql_revoked", func(u record.Unscored) any { return u.MQLRevoked }},
}

func leadUnscore(t *tool) *cobra.Command {
	var events []string
	var mail, reason string
	cmd := &cobra.Command{
		Use: "unscore ID", Short: "Takes engagement back that was no person's: it counts nowhere any more", Args: takes("the lead's id"),
		Long: "Takes engagement back that was no person's. The events stay, marked, and count nowhere any more. A band or an MQL that\n" +
			"only they had made is reversed, the timeline says why, and a rep who was alerted is told.",
		Example: `  leadflow lead unscore 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --mail 0199... --reason scanner
  leadflow lead unscore 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --event 0199... --event 0199... --reason test`,
	}
	f := cmd.Flags()
	f.StringArrayVar(&events, "event", nil, "an event, by its id as lead score names it, or by yours; again for each")
	f.StringVar(&mail, "mail", "", "all opens and clicks of this mail, by its id")
	f.StringVar(&reason, "reason", "scanner", "a code that the timeline and the score show")
	cmd.MarkFlagsOneRequired("event", "mail")
	cmd.MarkFlagsMutuallyExclusive("event", "mail")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"reason": reason}
		body.put("mail", mail)
		if len(events) > 0 {
			body["event_ids"] = events
		}
		return ask(ctx, t, http.MethodPost, leadPath(args[0], "unscore"), body, unscoredColumns)
	})
	return cmd
}
