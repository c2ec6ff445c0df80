package cli

import (
	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

var sourcesBy = []string{"source", "campaign"}

// sourceRow is a source in one currency.
type sourceRow struct {
	record.SourceLine
	name  string
	money record.SourceMoney
}

func sourceColumns() []column[sourceRow] {
	out := []column[sourceRow]{
		{"of", func(r sourceRow) any { return lineName(r.name, r.Key) }},
		{"leads", func(r sourceRow) any { return r.Leads }},
		{"mql", func(r sourceRow) any { return r.MQL }},
		{"accepted", func(r sourceRow) any { return r.Accepted }},
		{"won", func(r sourceRow) any { return r.Won }},
		{"win_rate", func(r sourceRow) any { return percent(r.WinRate.Rate) }},
		{"currency", func(r sourceRow) any { return r.money.Currency }},
		{"revenue", func(r sourceRow) any { return r.money.Revenue }},
		{"cost", func(r sourceRow) any { return r.money.Cost }},
		{"per_lead", func(r sourceRow) any { return r.money.PerLead }},
		{"per_won", func(r sourceRow) any { return r.money.PerWon }},
		{"roi", func(r sourceRow) any { return percent(r.money.ROI) }},
	}
	for _, way := range funnel.Attributions {
		out = append(out, column[sourceRow]{way, func(r sourceRow) any { return r.money.Attributed[way] }})
	}
	return out
}

// sourceRows are the lines of a source, one a currency.
func sourceRows(line record.SourceLine, name string) (rows []sourceRow) {
	if len(line.Money) == 0 {
		return []sourceRow{{SourceLine: line, name: name}}
	}
	for _, m := range line.Money {
		rows = append(rows, sourceRow{line, name, m})
	}
	return rows
}

func reportSources(t *tool) *cobra.Command {
	return report[record.SourcesReport, sourceRow]{
		use: "sources", short: "What came of each source or campaign, and what it cost",
		long: "What came of each source or campaign. revenue: won by the leads that began in the period. cost: what `leadflow cost` was told of its days. first, last, linear,\n" +
			"position, decay: what was won in the period, shared among the touches before it. Currencies are never converted: each has a line.\n" +
			"`leadflow report leads --figure paid` opens revenue into its leads, `leadflow report attributed` what is attributed.",
		example: "  leadflow report sources --from 2026-07-01 --compare\n  leadflow report sources --by campaign --source ads -o csv",
		filters: journeyFilters(brokenDown(sourcesBy, "source")), columns: sourceColumns(),
		lines: func(r record.SourcesReport) (rows []sourceRow) {
			for _, line := range r.Items {
				rows = append(rows, sourceRows(line, "")...)
			}
			if len(r.Items) > 0 || r.Before != nil {
				rows = append(rows, sourceRows(r.Total, "all")...)
			}
			if r.Before != nil {
				rows = append(rows, sourceRows(*r.Before, "before")...)
			}
			return rows
		},
	}.command(t)
}

func reportAttributed(t *tool) *cobra.Command {
	const path = "/v1/analytics/sources/leads"
	columns := []column[record.Attributed]{
		{"lead_id", func(a record.Attributed) any { return a.LeadID }},
		{"cycle", func(a record.Attributed) any { return a.Cycle }},
		{"won_at", func(a record.Attributed) any { return a.WonAt }},
		{"amount", func(a record.Attributed) any { return a.Amount }},
		{"currency", func(a record.Attributed) any { return a.Currency }},
		{"touches", func(a record.Attributed) any { return a.Touches }},
	}
	for _, way := range funnel.Attributions {
		columns = append(columns, column[record.Attributed]{way, func(a record.Attributed) any { return percent(new(a.Shares[way])) }})
	}
	return list[record.Attributed]{
		short: "What was won and is attributed to a source or campaign, with its share by each way, the last first", path: path, columns: columns,
		example: "  leadflow report attributed --key ads --all\n  leadflow report attributed --by campaign --key autumn --from 2026-10-01 -o csv",
		filters: journeyFilters(brokenDown(sourcesBy, "source"), filter{"key", "key", "the source or campaign"}),
	}.command(t, "attributed", cobra.NoArgs, func([]string) string { return path })
}
