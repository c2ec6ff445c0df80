package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// modelRow is a version, or what is told of all of them.
type modelRow struct {
	name string
	record.ModelLine
}

var modelReportColumns = []column[modelRow]{
	{"model", func(r modelRow) any { return r.name }},
	{"state", func(r modelRow) any { return r.State }},
	{"leads", func(r modelRow) any { return r.Leads }},
	{"won", func(r modelRow) any { return r.Won }},
	{"win_rate", func(r modelRow) any { return between(r.WinRate) }},
	{"offers", func(r modelRow) any { return r.Offers }},
	{"accepted", func(r modelRow) any { return r.Accepted }},
	{"rejected", func(r modelRow) any { return r.Rejected }},
	{"acceptance", func(r modelRow) any { return between(r.Acceptance) }},
	{"met", func(r modelRow) any { return r.Met }},
	{"breached", func(r modelRow) any { return r.Breached }},
	{"sla", func(r modelRow) any { return between(r.SLA) }},
	{"took_p50", func(r modelRow) any { return lasted(r.TookP50) }},
}

func reportModels(t *tool) *cobra.Command {
	return report[record.ModelsReport, modelRow]{
		use: "models", short: "Versions of the scoring model side by side: acceptance, win rate, deadlines met",
		long: "Versions of the scoring model side by side. leads, won, win_rate: of the leads that began in the period, by the version of their first offer. offers,\n" +
			"acceptance, sla: of the offers made in the period. Rates with their 95 % intervals: two versions whose intervals overlap much need not differ.\n" +
			"`leadflow report leads --by model --key 12 --figure won` and `leadflow report offers --model 12 --figure breached` open the figures.",
		example: "  leadflow report models --from 2026-07-01\n  leadflow report models --source web --compare -o json",
		filters: journeyFilters(), columns: modelReportColumns,
		lines: func(r record.ModelsReport) []modelRow {
			var rows []modelRow
			for _, line := range r.Items {
				name := "(none)"
				if line.Model != 0 {
					name = strconv.Itoa(line.Model)
				}
				rows = append(rows, modelRow{name, line})
			}
			var before *modelRow
			if r.Before != nil {
				before = &modelRow{"", *r.Before}
			}
			return withTotals(rows, modelRow{"", r.Total}, before, func(l *modelRow, name string) { l.name = name })
		},
	}.command(t)
}
