package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

var suppressionColumns = []column[record.Suppression]{
	{"email", func(s record.Suppression) any { return s.Email }},
	{"reason", func(s record.Suppression) any { return s.Reason }},
	{"lead_id", func(s record.Suppression) any { return s.LeadID }},
	{"at", func(s record.Suppression) any { return s.At }},
}

var refusedColumns = []column[intake.RefusedRow]{
	{"row", func(r intake.RefusedRow) any { return r.Row }},
	{"field", func(r intake.RefusedRow) any { return r.Field }},
	{"detail", func(r intake.RefusedRow) any { return r.Detail }},
}

const suppressionsPath = "/v1/suppressions"

func suppressions(t *tool) *cobra.Command {
	return group("suppression", "Suppressions: addresses no nurture mail goes to", "", listCommand(t, list[record.Suppression]{
		short: "Lists suppressed addresses, newest first", path: suppressionsPath, columns: suppressionColumns,
		example: "  leadflow suppression list --reason complaint --all",
		filters: []filter{{"reason", "reason", "only unsubscribe, hard_bounce, complaint, consent, manual or erased"}},
	}), suppressionAdd(t), suppressionRemove(t), suppressionImport(t), suppressionExport(t))
}

func suppressionAdd(t *tool) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "add EMAIL", Short: "Keeps nurture mail from an address, whoever it belongs to now or later", Args: takes("the address"),
		Example: "  leadflow suppression add ada@example.com --reason manual",
	}
	cmd.Flags().StringVar(&reason, "reason", "manual", "unsubscribe, hard_bounce, complaint, consent or manual")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		return ask(ctx, t, http.MethodPost, suppressionsPath, fields{"email": args[0], "reason": reason}, suppressionColumns)
	})
	return cmd
}

func suppressionRemove(t *tool) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "remove EMAIL", Short: "Lets mail go to an address again", Args: takes("the address"),
		Long: "Lets mail go to an address again. Who unsubscribed or complained has said no: be sure that they said yes since.\n" +
			"A run that ended its mail because of it does not begin it again in this cycle.",
		Example: "  leadflow suppression remove ada@example.com --yes",
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		if err := t.confirm(yes, "Let mail go to "+args[0]+" again?"); err != nil {
			return err
		}
		if _, err := t.call(ctx, http.MethodDelete, suppressionsPath+"?"+url.Values{"email": {args[0]}}.Encode(), nil); err != nil {
			return err
		}
		t.tell("Removed.")
		return nil
	})
	return cmd
}

func suppressionImport(t *tool) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Suppresses a list of addresses; - is standard input", Args: takes("the file"),
		Long: "Suppresses a list of addresses: CSV with a column email, and maybe reason and at; one address a line; or NDJSON, by\n" +
			"the name of the file (.ndjson, .jsonl). Rows that cannot be read are listed and cost no other; then the exit code is 3.",
		Example: "  leadflow suppression import unsubscribed.csv --reason unsubscribe\n  leadflow suppression import list.ndjson -o json",
	}
	cmd.Flags().StringVar(&reason, "reason", "manual", "of rows that say none: unsubscribe, hard_bounce, complaint, consent or manual")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		raw, err := readInput(args[0], t.In)
		if err != nil {
			return err
		}
		c, err := t.client()
		if err != nil {
			return err
		}
		c.http.Timeout = 0 // a long list takes its time
		media := "text/csv"
		if strings.HasSuffix(args[0], ".ndjson") || strings.HasSuffix(args[0], ".jsonl") {
			media = "application/x-ndjson"
		}
		resp, err := c.send(ctx, http.MethodPost, suppressionsPath+"/import?"+url.Values{"reason": {reason}}.Encode(), media, bytes.NewReader(raw))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return t.took(resp.Body, "%d suppressed, %d were already, %d rows were not taken.", "%d rows were not taken")
	})
	return cmd
}

// took shows what became of a list: said has the numbers added, known and refused, refused the last of them.
func (t *tool) took(from io.Reader, said, refused string) error {
	body, err := io.ReadAll(io.LimitReader(from, answerLimit))
	if err != nil {
		return unreadable(err)
	}
	taken, err := decode[struct {
		Added, Known, Rejected int
		Errors                 []intake.RefusedRow
	}](body)
	if err != nil {
		return err
	}
	if t.format == formatJSON || len(taken.Errors) > 0 {
		if err := showAll(t, body, taken.Errors, refusedColumns); err != nil {
			return err
		}
	}
	t.tell(said, taken.Added, taken.Known, taken.Rejected)
	if taken.Rejected > 0 {
		return &failure{what: fmt.Sprintf(refused, taken.Rejected), next: "correct them and give the file again: what was taken stays", code: ExitPartial}
	}
	return nil
}

func suppressionExport(t *tool) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "export", Short: "Writes all suppressed addresses as CSV, or as NDJSON with -o json", Args: cobra.NoArgs,
		Long:    "Writes all suppressed addresses as CSV, or as NDJSON with -o json, in a form that import takes. Addresses of people who were\nerased are known to nobody and are not in it.",
		Example: "  leadflow suppression export > suppressed.csv",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "only of this reason")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		query := url.Values{}
		if reason != "" {
			query.Set("reason", reason)
		}
		if t.format == formatJSON {
			query.Set("format", "ndjson")
		}
		c, err := t.client()
		if err != nil {
			return err
		}
		c.http.Timeout = 0
		resp, err := c.send(ctx, http.MethodGet, suppressionsPath+"/export?"+query.Encode(), "", nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if _, err := io.Copy(t.Out, resp.Body); err != nil {
			return unwritable(err)
		}
		return nil
	})
	return cmd
}
