package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var reasonColumns = []column[record.Reason]{
	{"kind", func(r record.Reason) any { return r.Kind }},
	{"code", func(r record.Reason) any { return r.Code }},
	{"title", func(r record.Reason) any { return r.Title }},
	{"path", func(r record.Reason) any { return r.Path }},
	{"cool_down", func(r record.Reason) any { return r.CoolDown }},
	{"sequence", func(r record.Reason) any { return r.Sequence }},
	{"retired", func(r record.Reason) any { return r.Retired }},
	{"origin", func(r record.Reason) any { return r.Origin }},
}

var endColumns = []column[record.Outcome]{
	{"at", func(o record.Outcome) any { return o.At }},
	{"lead_id", func(o record.Outcome) any { return o.LeadID }},
	{"kind", func(o record.Outcome) any { return o.Kind }},
	{"reason", func(o record.Outcome) any { return o.Reason }},
	{"amount", func(o record.Outcome) any { return o.Amount }},
	{"currency", func(o record.Outcome) any { return o.Currency }},
	{"model", func(o record.Outcome) any { return o.ModelVersion }},
	{"score", func(o record.Outcome) any { return o.Score }},
}

const reasonsPath = "/v1/reasons"

func reasons(t *tool) *cobra.Command {
	return group("reason", "Reasons: why a lead is rejected, lost or disqualified, and what follows", "", listCommand(t, list[record.Reason]{
		short: "Lists reasons and what each leads to", path: reasonsPath, columns: reasonColumns, example: `  leadflow reason list --kind reject`,
		filters: []filter{{"kind", "kind", "only of this kind of decision: reject, lose or disqualify"}},
	}), reasonAdd(t), reasonRetire(t))
}

func reasonAdd(t *tool) *cobra.Command {
	var title, path, cool, sequence, score string
	cmd := &cobra.Command{
		Use: "add KIND CODE", Short: "Adds a reason, or changes what one leads to", Args: takes("reject, lose or disqualify", "a code"),
		Example: "  leadflow reason add reject wrong_product --path reroute --title \"Wants another product\"\n" +
			"  leadflow reason add reject next_year --path recycle --cool-down 180d --sequence winback",
	}
	f := cmd.Flags()
	f.StringVar(&path, "path", "", "recycle, reroute, disqualify, stay_lost or duplicate")
	f.StringVar(&title, "title", "", "what people read (default: the code)")
	f.StringVar(&cool, "cool-down", "", "recycle: how long the lead rests, such as 30d (default: the policy's)")
	f.StringVar(&sequence, "sequence", "", "recycle: the sequence of its next cycle (default: the one of before)")
	f.StringVar(&score, "score", "", "recycle: keep, halve, zero or floor (default keep)")
	_ = cmd.MarkFlagRequired("path") // fails for a flag that does not exist
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"kind": args[0], "code": args[1]}
		for name, value := range map[string]string{"path": path, "title": title, "cool_down": cool, "sequence": sequence, "score": score} {
			body.put(name, value)
		}
		return ask(ctx, t, http.MethodPost, reasonsPath, body, reasonColumns)
	})
	return cmd
}

func reasonRetire(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "retire KIND CODE", Short: "Retires a reason, also a built-in one; what was decided by it goes on by its path", Args: takes("reject, lose or disqualify", "a code"),
		Example: "  leadflow reason retire reject no_capacity",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, reasonsPath+"/"+url.PathEscape(args[0])+"/"+url.PathEscape(args[1])+"/retire", fields{}, reasonColumns)
		}),
	}
}

func outcomes(t *tool) *cobra.Command {
	return list[record.Outcome]{
		short: "Lists how offers and leads ended, with the score of the moment of the offer", path: "/v1/outcomes", columns: endColumns,
		example: `  leadflow outcomes --kind won --all -o csv`, filters: []filter{{"kind", "kind", "only won, lost, rejected or disqualified"}},
	}.command(t, "outcomes", cobra.NoArgs, func([]string) string { return "/v1/outcomes" })
}
