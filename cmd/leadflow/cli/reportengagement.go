package cli

import (
	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var engagementColumns = []column[record.EngagementLine]{
	{"of", func(l record.EngagementLine) any { return lineName(l.Name, l.Key) }},
	{"leads", func(l record.EngagementLine) any { return l.Leads }},
	{"engaged", func(l record.EngagementLine) any { return l.Engaged }},
	{"silent", func(l record.EngagementLine) any { return l.Silent }},
	{"active", func(l record.EngagementLine) any { return l.Active }},
	{"rate", func(l record.EngagementLine) any { return between(l.Rate) }},
}

func reportEngagement(t *tool) *cobra.Command {
	return report[record.EngagementReport, record.EngagementLine]{
		use: "engagement", short: "Engagement rate: how many of the leads of a period did something themselves since",
		long: "Engagement rate of the leads that began in a period, or of their cycles (--per cycle). engaged: did something themselves since, later than a minute after they began, and\n" +
			"before the cycle was over; active: in the last 30 days; rate: engaged of all, with its 95 % interval. `leadflow report engaged` opens a figure into its leads.",
		example: "  leadflow report engagement --by source --compare\n  leadflow report engagement --from 2026-07-01 --per cycle --by cycle -o csv",
		filters: journeyFilters(brokenDown(record.FunnelBy, "")), columns: engagementColumns,
		lines: func(r record.EngagementReport) []record.EngagementLine {
			return withTotals(r.Items, r.Total, r.Before, func(l *record.EngagementLine, name string) { l.Name = name })
		},
	}.command(t)
}

func reportEngaged(t *tool) *cobra.Command {
	const path = "/v1/analytics/engagement/leads"
	return list[record.EngagedLead]{
		short: "The leads behind a figure of the report about engagement, the newest first", path: path,
		columns: []column[record.EngagedLead]{
			{"lead_id", func(e record.EngagedLead) any { return e.LeadID }},
			{"cycle", func(e record.EngagedLead) any { return e.Cycle }},
			{"began_at", func(e record.EngagedLead) any { return e.BeganAt }},
			{"engaged_at", func(e record.EngagedLead) any { return e.EngagedAt }},
			{"stage", func(e record.EngagedLead) any { return e.Stage }},
			{"source", func(e record.EngagedLead) any { return e.Source }},
			{"campaign", func(e record.EngagedLead) any { return e.Campaign }},
		},
		example: "  leadflow report engaged --figure silent --by source --key ads --all",
		filters: journeyFilters(figures(record.EngagementFigures), brokenDown(record.FunnelBy, ""), keyFilter),
	}.command(t, "engaged", cobra.NoArgs, func([]string) string { return path })
}
