package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var absenceColumns = []column[record.Absence]{
	{"id", func(a record.Absence) any { return a.ID }},
	{"from", func(a record.Absence) any { return a.From }},
	{"until", func(a record.Absence) any { return a.Until }},
	{"kind", func(a record.Absence) any { return a.Kind }},
}

func absencesPath(rep string, more ...string) string {
	path := "/v1/reps/" + url.PathEscape(rep) + "/absences"
	for _, part := range more {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// repAbsence is the commands of when a rep is away.
func repAbsence(t *tool) *cobra.Command {
	return group("absence", "When a rep is away: nothing is offered to them then, and what was goes to others", "", absenceList(t), absenceAdd(t), absenceRemove(t))
}

func absenceList(t *tool) *cobra.Command {
	var past bool
	cmd := &cobra.Command{Use: "list REP", Short: "Lists when a rep is away", Args: takes("the rep's id"), Example: "  leadflow rep absence list 0199..."}
	cmd.Flags().BoolVar(&past, "past", false, "also what is over")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		path := absencesPath(args[0])
		if past {
			path += "?past=true"
		}
		got, err := t.call(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		p, err := decode[record.Page[record.Absence]](got.body)
		if err != nil {
			return err
		}
		return showAll(t, got.body, p.Items, absenceColumns)
	})
	return cmd
}

func absenceAdd(t *tool) *cobra.Command {
	var from, until, kind string
	cmd := &cobra.Command{
		Use: "add REP", Short: "Says when a rep is away", Args: takes("the rep's id"),
		Example: "  leadflow rep absence add 0199... --from 2026-12-24 --until 2027-01-01\n  leadflow rep absence add 0199... --from 2026-12-03T12:00:00Z --until 2026-12-03T15:00:00Z --kind other",
	}
	cmd.Flags().StringVar(&from, "from", "", "a day, in the rep's time zone, or a moment")
	cmd.Flags().StringVar(&until, "until", "", "the last day away, or a moment")
	cmd.Flags().StringVar(&kind, "kind", "", "vacation (default) or other")
	_ = cmd.MarkFlagRequired("from") // fails for a flag that does not exist
	_ = cmd.MarkFlagRequired("until")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"from": from, "until": until}
		body.put("kind", kind)
		return ask(ctx, t, http.MethodPost, absencesPath(args[0]), body, absenceColumns)
	})
	return cmd
}

func absenceRemove(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "remove REP ABSENCE", Short: "Takes an absence back", Args: takes("the rep's id", "the absence's id"), Example: "  leadflow rep absence remove 0199... 0199...",
		RunE: t.do(func(ctx context.Context, args []string) error {
			if _, err := t.call(ctx, http.MethodDelete, absencesPath(args[0], args[1]), nil); err != nil {
				return err
			}
			t.tell("Removed.")
			return nil
		}),
	}
}
