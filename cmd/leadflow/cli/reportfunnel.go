package cli

import (
	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

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
		column[record.FunnelLine]{"dormant", func(l record.FunnelLine) any { return l.Endings.Dormant }},
		column[record.FunnelLine]{"acceptance", func(l record.FunnelLine) any { return percent(l.Steps[2].OfAll.Rate) }},
		column[record.FunnelLine]{"win_rate", func(l record.FunnelLine) any { return percent(l.Steps[4].OfAll.Rate) }},
		column[record.FunnelLine]{"recycled", func(l record.FunnelLine) any { return l.Recycled.Recycled }},
		column[record.FunnelLine]{"rewon", func(l record.FunnelLine) any { return l.Recycled.Won }})
}

func reportFunnel(t *tool) *cobra.Command {
	return report[record.FunnelReport, record.FunnelLine]{
		use: "funnel", short: "How far the leads of a period came: captured, MQL, accepted, opportunity, won",
		long: "How far the leads came that began in a period. *_rate: of those who reached the step before, the share who reached this one; *_p50: half of\n" +
			"them took no longer. acceptance, win_rate: of all of the line, the shares accepted and won; by band, that is lead quality. recycled: taken up again; rewon: and won\n" +
			"afterwards. -o json has 95 % intervals and p90. Figures are a few seconds behind what happens. `leadflow report leads` opens a figure into its leads.",
		example: "  leadflow report funnel --by source\n  leadflow report funnel --from 2026-10-01 --to 2026-11-01 --compare\n  leadflow report funnel --by persona --per cycle -o csv",
		filters: journeyFilters(brokenDown(record.FunnelBy, "")), columns: funnelColumns(),
		lines: func(r record.FunnelReport) []record.FunnelLine {
			return withTotals(r.Items, r.Total, r.Before, func(l *record.FunnelLine, name string) { l.Name = name })
		},
	}.command(t)
}
