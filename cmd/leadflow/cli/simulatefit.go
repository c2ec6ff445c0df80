package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/fitting"
)

func simulateFit(t *tool) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "fit", Short: "Writes a behaviour that is like your own house: what its leads and its sales have been doing", Args: cobra.NoArgs,
		Long: `Fits a behaviour to the leads that were captured in a period: when they come and from where, what they do in visits and with mails, how long reps take and what they
say, what is won. What there was too little of is assumed, and each part says of how many cases it is, at the top of the file and on standard error.
It names nobody: a value that fewer than 10 leads have is not in it, and reps have numbers. Change what you know better.`,
		Example: "  leadflow simulate fit > ours.yaml\n  leadflow simulate fit --from 2026-01-01 --to 2026-07-01 -o json\n  leadflow simulate --house --behaviour ours.yaml --leads 2000 --days 180",
	}
	cmd.Flags().StringVar(&from, "from", "", "leads that were captured from this day or moment on (default: 180 days before --to)")
	cmd.Flags().StringVar(&to, "to", "", "and before this one (default: now)")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		query := url.Values{}
		for name, value := range map[string]string{"from": from, "to": to} {
			if value != "" {
				query.Set(name, moment(value))
			}
		}
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/behaviour?"+query.Encode(), nil)
		if err != nil {
			return err
		}
		f, err := decode[fitting.Fitted](got.body)
		if err != nil {
			return err
		}
		return t.showFitted(got.body, f)
	})
	return cmd
}

func (t *tool) showFitted(body []byte, f fitting.Fitted) error {
	if f.Leads < f.Captured {
		t.tell("%d leads were captured; the newest %d were looked at.", f.Captured, f.Leads)
	}
	if f.Imported > 0 {
		t.tell("%d imported leads are left out: they were offered to nobody.", f.Imported)
	}
	switch t.format {
	case formatJSON:
		return t.writeJSON(body)
	case formatCSV:
		return showAll(t, body, f.Findings, findingColumns)
	}
	text, err := document.WriteBehaviour(f.Behaviour)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# What %d leads did that were captured from %s to %s, %g a day. Change what you know better.\n", f.Leads, f.From.Format("2006-01-02"), f.To.Format("2006-01-02"), f.PerDay)
	assumed := 0
	for _, one := range f.Findings {
		fmt.Fprintf(&b, "# %s: %s, %d %s: %s\n", one.What, one.How, one.Of, one.Cases, one.Says)
		if one.How == fitting.ByAssumed {
			assumed++
			t.tell("%s is assumed: %d %s, %s.", one.What, one.Of, one.Cases, one.Says)
		}
	}
	t.tell("%d parts were fitted, %d are assumed. leadflow simulate --house --behaviour FILE plays it.", len(f.Findings)-assumed, assumed)
	return t.write([]byte(b.String() + text))
}

var findingColumns = []column[fitting.FittedPart]{
	{"what", func(f fitting.FittedPart) any { return f.What }},
	{"how", func(f fitting.FittedPart) any { return f.How }},
	{"of", func(f fitting.FittedPart) any { return f.Of }},
	{"cases", func(f fitting.FittedPart) any { return f.Cases }},
	{"says", func(f fitting.FittedPart) any { return f.Says }},
}
