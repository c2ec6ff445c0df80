package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var journeyedColumns = []column[record.Journeyed]{
	{"lead_id", func(j record.Journeyed) any { return j.LeadID }},
	{"cycle", func(j record.Journeyed) any { return j.Cycle }},
	{"began_at", func(j record.Journeyed) any { return j.BeganAt }},
	{"mql_at", func(j record.Journeyed) any { return j.MQLAt }},
	{"accepted_at", func(j record.Journeyed) any { return j.AcceptedAt }},
	{"opportunity_at", func(j record.Journeyed) any { return j.OpportunityAt }},
	{"won_at", func(j record.Journeyed) any { return j.WonAt }},
	{"stage", func(j record.Journeyed) any { return j.Stage }},
	{"source", func(j record.Journeyed) any { return j.Source }},
	{"campaign", func(j record.Journeyed) any { return j.Campaign }},
	{"personas", func(j record.Journeyed) any { return strings.Join(j.Personas, " ") }},
	{"amount", func(j record.Journeyed) any { return j.Amount }},
	{"currency", func(j record.Journeyed) any { return j.Currency }},
}

// reportLeads lists the leads behind a figure. Its flags are filters of the list, so that it pages as all lists do.
func reportLeads(t *tool) *cobra.Command {
	const path = "/v1/analytics/leads"
	return list[record.Journeyed]{
		short: "The leads behind a figure of a report, the newest first", path: path, columns: journeyedColumns,
		example: "  leadflow report leads --figure won --by source --key web --all\n  leadflow report leads --figure mql --counted reached --from 2026-10-01 --to 2026-11-01\n" +
			"  leadflow report leads --figure won_by --age 30 -o csv",
		filters: journeyFilters(figures(record.JourneyFigures), brokenDown(record.FunnelBy, ""), keyFilter,
			filter{"counted", "counted", "reached: of whom the step of the figure was reached in that time, as months and attribution are counted (default began)"},
			filter{"age", "age", "in whole days, of won_by and at_risk"}),
	}.command(t, "leads", cobra.NoArgs, func([]string) string { return path })
}
