package cli

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const costsPath = "/v1/costs"

var costColumns = []column[record.Cost]{
	{"id", func(c record.Cost) any { return c.ID }},
	{"source", func(c record.Cost) any { return c.Source }},
	{"campaign", func(c record.Cost) any { return c.Campaign }},
	{"from", func(c record.Cost) any { return c.From }},
	{"to", func(c record.Cost) any { return c.To }},
	{"amount", func(c record.Cost) any { return c.Amount }},
	{"currency", func(c record.Cost) any { return c.Currency }},
	{"note", func(c record.Cost) any { return c.Note }},
}

func costs(t *tool) *cobra.Command {
	return group("cost", "Costs: what sources and campaigns cost, for `leadflow report sources`", "", listCommand(t, list[record.Cost]{
		short: "Lists costs, said last first", path: costsPath, columns: costColumns, example: `  leadflow cost list --all -o csv`,
	}), costSet(t), costImport(t), costRemove(t))
}

func costSet(t *tool) *cobra.Command {
	var campaign, from, to, note string
	cmd := &cobra.Command{
		Use: "set SOURCE AMOUNT CURRENCY", Short: "Says what a source or campaign cost over some days; the same days and currency again replace it",
		Args:    takes("a source", "an amount", "a currency"),
		Example: "  leadflow cost set ads 1200.50 EUR --from 2026-10-01 --to 2026-10-31 --campaign autumn",
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "first day, such as 2026-10-01, by UTC")
	f.StringVar(&to, "to", "", "last day, included (default: the first)")
	f.StringVar(&campaign, "campaign", "", "of this campaign (default: of the source as a whole)")
	f.StringVar(&note, "note", "", "up to 200 characters")
	_ = cmd.MarkFlagRequired("from") // fails for a flag that does not exist
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"source": args[0], "amount": args[1], "currency": args[2], "from": from, "to": from}
		body.put("to", to)
		body.put("campaign", campaign)
		body.put("note", note)
		return ask(ctx, t, http.MethodPost, costsPath, body, costColumns)
	})
	return cmd
}

func costImport(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Says many costs at once; - is standard input", Args: takes("the file"),
		Long: "Says many costs: CSV with columns source, from, amount and currency, and maybe to (default: from), campaign and note. The same days and currency again\n" +
			"replace what was said of them. Rows that cannot be read are listed and cost no other; then the exit code is 3.",
		Example: "  leadflow cost import spend.csv",
		RunE: t.do(func(ctx context.Context, args []string) error {
			raw, err := readInput(args[0], t.In)
			if err != nil {
				return err
			}
			c, err := t.client()
			if err != nil {
				return err
			}
			resp, err := c.send(ctx, http.MethodPost, costsPath+"/import", "text/csv", bytes.NewReader(raw))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			return t.took(resp.Body, "%d said, %d were and are replaced, %d rows were not taken.", "%d rows were not taken")
		}),
	}
}

func costRemove(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Takes back what was said of a cost", Args: takes("the id of a cost"), Example: "  leadflow cost remove 01a0c0de-0000-4000-8000-000000000000",
		RunE: t.do(func(ctx context.Context, args []string) error {
			if _, err := t.call(ctx, http.MethodDelete, costsPath+"/"+url.PathEscape(args[0]), nil); err != nil {
				return err
			}
			t.tell("Removed.")
			return nil
		}),
	}
}
