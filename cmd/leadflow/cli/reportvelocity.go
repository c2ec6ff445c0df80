package cli

import (
	"context"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// paceLine is one line of the report in a table, which has several kinds of them.
type paceLine struct {
	what, n, p50, p90, share string
}

var paceColumns = []column[paceLine]{
	{"what", func(l paceLine) any { return l.what }},
	{"count", func(l paceLine) any { return l.n }},
	{"p50", func(l paceLine) any { return l.p50 }},
	{"p90", func(l paceLine) any { return l.p90 }},
	{"share", func(l paceLine) any { return l.share }},
}

// agesShown are the ages in days at which a table tells which share was won; -o json has all.
var agesShown = []int{1, 3, 7, 14, 30, 60, 90, 180, 365}

func paceLines(r record.VelocityReport) (out []paceLine) {
	for _, s := range r.Stages {
		out = append(out, paceLine{what: "in " + s.Stage, n: strconv.Itoa(s.Count), p50: lasted(s.P50), p90: lasted(s.P90)})
	}
	for _, s := range r.Spans {
		out = append(out, paceLine{what: s.From + " to " + s.To, n: strconv.Itoa(s.Count), p50: lasted(s.P50), p90: lasted(s.P90)})
	}
	for _, m := range r.Months {
		line := paceLine{what: "qualified in " + m.Month, n: strconv.Itoa(m.Qualified)}
		if m.Growth != nil {
			line.share = strconv.FormatFloat(*m.Growth*100, 'f', 1, 64) + " % to the month before"
			if *m.Growth >= 0 {
				line.share = "+" + line.share
			}
		}
		out = append(out, line)
	}
	for _, age := range agesShown {
		var at *record.FunnelPoint
		for i := range r.Conversion {
			if r.Conversion[i].Age <= age {
				at = &r.Conversion[i]
			}
		}
		if at != nil {
			out = append(out, paceLine{what: "won within " + strconv.Itoa(age) + " days", share: percent(&at.Share) + " (" + percent(&at.Low) + " - " + percent(&at.High) + ")"})
		}
	}
	return out
}

func reportVelocity(t *tool) *cobra.Command {
	var p period
	cmd := &cobra.Command{
		Use: "velocity", Short: "How fast the leads of a period went: time in stages, from step to step, and until they were won", Args: cobra.NoArgs,
		Long: "How fast the leads went that began in a period. The share won by an age is estimated by Kaplan and Meier, with its 95 % interval: who is still open\n" +
			"counts for as long as they are known. Leads qualified by month: growth is the lead velocity rate, between whole months. -o json has all ages.",
		Example: "  leadflow report velocity --from 2026-07-01\n  leadflow report velocity --source web -o json",
	}
	p.flags(cmd.Flags())
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/velocity?"+p.query(nil), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.VelocityReport](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, paceLines(r), paceColumns); err != nil {
			return err
		}
		t.tellPeriod(r.FunnelFilter, r.Says)
		return nil
	})
	return cmd
}
