package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var slaColumns = []column[record.SLALine]{
	{"who", func(l record.SLALine) any { return lineName(l.Name, l.Key) }},
	{"offers", func(l record.SLALine) any { return l.Offers }},
	{"met", func(l record.SLALine) any { return l.Met }},
	{"breached", func(l record.SLALine) any { return l.Breached }},
	{"attainment", func(l record.SLALine) any { return between(l.Attainment) }},
	{"running", func(l record.SLALine) any { return l.Running }},
	{"withdrawn", func(l record.SLALine) any { return l.Withdrawn }},
	{"house_p50", func(l record.SLALine) any { return lasted(l.System.CrossedToDelivered.P50) }},
	{"house_p99", func(l record.SLALine) any { return lasted(l.System.CrossedToDelivered.P99) }},
	{"told_late", func(l record.SLALine) any { return l.System.DueToTold.Count }},
	{"seen_p50", func(l record.SLALine) any { return lasted(l.Human.DeliveredToSeen.P50) }},
	{"decided_p50", func(l record.SLALine) any { return lasted(l.Human.DeliveredToDecided.P50) }},
	{"decided_p90", func(l record.SLALine) any { return lasted(l.Human.DeliveredToDecided.P90) }},
	{"decided_p99", func(l record.SLALine) any { return lasted(l.Human.DeliveredToDecided.P99) }},
	{"touched_p50", func(l record.SLALine) any { return lasted(l.Human.AcceptedToTouched.P50) }},
	{"touch_breached", func(l record.SLALine) any { return l.TouchBreached }},
}

func reportSLA(t *tool) *cobra.Command {
	return report[record.SLAReport, record.SLALine]{
		use: "sla", short: "How offers went: deadlines met and breached, the house's delay apart from its people's",
		long: "How the offers of a period went. attainment: met, of met and breached, with its 95 % interval. house: from the crossing until the rep was told, by mail that was\n" +
			"sent. seen, decided: from then until the rep looked (inbox, link) and until they decided. touched: from acceptance to the first logged activity. told_late:\n" +
			"offers of which a clock was told a minute late or more, after an outage. -o json has all spans in seconds, with p50, p90 and p99.\n" +
			"`leadflow report offers --due true` opens a figure into its offers.",
		example: "  leadflow report sla --by rep --compare\n  leadflow report sla --from 2026-10-01 --to 2026-11-01 --by source -o csv",
		filters: slices.Concat([]filter{brokenDown(record.SLABy, "team")}, periodFilters, offeredFilters, sellerFilters), columns: slaColumns,
		lines: func(r record.SLAReport) []record.SLALine {
			if len(r.Items) == 0 && r.Before == nil {
				return nil
			}
			return withTotals(r.Items, r.Total, r.Before, func(l *record.SLALine, name string) { l.Name = name })
		},
	}.command(t)
}

func reportOffers(t *tool) *cobra.Command {
	const path = "/v1/analytics/offers"
	return list[record.OfferedLead]{
		short: "The offers behind a figure of the reports about models and deadlines, the newest first", path: path,
		columns: []column[record.OfferedLead]{
			{"assignment_id", func(o record.OfferedLead) any { return o.AssignmentID }},
			{"lead_id", func(o record.OfferedLead) any { return o.LeadID }},
			{"rep_id", func(o record.OfferedLead) any { return o.RepID }},
			{"model", func(o record.OfferedLead) any { return o.Model }},
			{"band", func(o record.OfferedLead) any { return o.Band }},
			{"source", func(o record.OfferedLead) any { return o.Source }},
			{"state", func(o record.OfferedLead) any { return o.State }},
			{"offered_at", func(o record.OfferedLead) any { return o.OfferedAt }},
			{"due_at", func(o record.OfferedLead) any { return o.DueAt }},
			{"decided_at", func(o record.OfferedLead) any { return o.DecidedAt }},
		},
		example: "  leadflow report offers --figure breached --model 12 --all\n  leadflow report offers --figure met --due true --by rep --key 0193... -o csv",
		filters: slices.Concat([]filter{
			figures(record.OfferFigures), brokenDown(record.SLABy, ""), keyFilter,
			{"due", "due", "true: only offers with a deadline, as report sla counts them"},
		}, periodFilters, offeredFilters, sellerFilters),
	}.command(t, "offers", cobra.NoArgs, func([]string) string { return path })
}
