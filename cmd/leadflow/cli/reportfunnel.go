package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// percent is a share as people read it; empty where there is none.
func percent(share *float64) string {
	if share == nil {
		return ""
	}
	return strconv.FormatFloat(*share*100, 'f', 1, 64) + " %"
}

// funnelColumns are one line of the breakdown: of each step how many reached it, and which share of those of the step before.
func funnelColumns() []column[record.FunnelLine] {
	out := []column[record.FunnelLine]{{"of", func(l record.FunnelLine) any { return lineName(l.Name, l.Key) }}}
	for i, step := range funnel.Steps {
		out = append(out, column[record.FunnelLine]{step, func(l record.FunnelLine) any { return l.Steps[i].Reached }})
		if i > 0 {
			out = append(out,
				column[record.FunnelLine]{step + "_rate", func(l record.FunnelLine) any { return percent(l.Steps[i].Conversion.Rate) }},
				column[record.FunnelLine]{step + "_p50", func(l record.FunnelLine) any { return lasted(l.Steps[i].Took.P50) }})
		}
	}
	return append(out,
		column[record.FunnelLine]{"open", func(l record.FunnelLine) any { return l.Endings.Open }},
		column[record.FunnelLine]{"lost", func(l record.FunnelLine) any { return l.Endings.Lost }},
		column[record.FunnelLine]{"disqualified", func(l record.FunnelLine) any { return l.Endings.Disqualified }},
		column[record.FunnelLine]{"dormant", func(l record.FunnelLine) any { return l.Endings.Dormant }})
}

// lineName names a line of a breakdown.
func lineName(name, key string) string {
	switch {
	case name != "":
		return name
	case key != "":
		return key
	}
	return "(none)"
}

func reportFunnel(t *tool) *cobra.Command {
	var p period
	var by string
	var compare bool
	cmd := &cobra.Command{
		Use: "funnel", Short: "How far the leads of a period came: captured, MQL, accepted, opportunity, won", Args: cobra.NoArgs,
		Long: "How far the leads came that began in a period. *_rate: of those who reached the step before, the share who reached this one; *_p50: half of\n" +
			"them took no longer. -o json has 95 % intervals, p90, and the share of all. Figures are a few seconds behind what happens.\n" +
			"`leadflow report leads` opens a figure into its leads.",
		Example: "  leadflow report funnel --by source\n  leadflow report funnel --from 2026-10-01 --to 2026-11-01 --compare\n  leadflow report funnel --by week --per cycle -o csv",
	}
	p.flags(cmd.Flags())
	cmd.Flags().StringVar(&by, "by", "", strings.Join(record.FunnelBy, ", "))
	cmd.Flags().BoolVar(&compare, "compare", false, "also the period of the same length before")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/funnel?"+p.query(comparing(by, compare)), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.FunnelReport](got.body)
		if err != nil {
			return err
		}
		r.Total.Name = "all"
		lines := append(r.Items, r.Total)
		if r.Before != nil {
			r.Before.Name = "before"
			lines = append(lines, *r.Before)
		}
		if err := showAll(t, got.body, lines, funnelColumns()); err != nil {
			return err
		}
		t.tellPeriod(r.FunnelFilter, r.Says)
		return nil
	})
	return cmd
}

// tellPeriod says what a report says of itself.
func (t *tool) tellPeriod(f record.FunnelFilter, says string) {
	if says != "" {
		t.tell("%s", fmt.Sprintf("From %s to %s: %s.", f.From.Format(time.DateOnly), f.To.Format(time.DateOnly), says))
	}
}
