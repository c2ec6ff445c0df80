package cli

import (
	"context"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// sourceRow is a source in one currency.
type sourceRow struct {
	record.SourceLine
	money record.SourceMoney
}

func sourceColumns() []column[sourceRow] {
	out := []column[sourceRow]{
		{"of", func(r sourceRow) any { return lineName("", r.Key) }},
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

func reportSources(t *tool) *cobra.Command {
	var p period
	var by string
	cmd := &cobra.Command{
		Use: "sources", Short: "What came of each source or campaign, and what it cost", Args: cobra.NoArgs,
		Long: "What came of each source or campaign. revenue: won by the leads that began in the period. cost: what `leadflow cost` was told of its days. first, last, linear,\n" +
			"position, decay: what was won in the period, shared among the touches before it. Currencies are never converted: each has a line.",
		Example: "  leadflow report sources --from 2026-07-01\n  leadflow report sources --by campaign --source ads -o csv",
	}
	p.flags(cmd.Flags())
	cmd.Flags().StringVar(&by, "by", "source", "source or campaign")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/sources?"+p.query(map[string]string{"by": by}), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.SourcesReport](got.body)
		if err != nil {
			return err
		}
		var rows []sourceRow
		for _, line := range r.Items {
			if len(line.Money) == 0 {
				rows = append(rows, sourceRow{SourceLine: line})
			}
			for _, m := range line.Money {
				rows = append(rows, sourceRow{line, m})
			}
		}
		if err := showAll(t, got.body, rows, sourceColumns()); err != nil {
			return err
		}
		t.tellPeriod(r.FunnelFilter, r.Says)
		return nil
	})
	return cmd
}

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
	{"amount", func(j record.Journeyed) any { return j.Amount }},
	{"currency", func(j record.Journeyed) any { return j.Currency }},
}

// reportLeads lists the leads behind a figure. Its flags are filters of the list, so that it pages as all lists do.
func reportLeads(t *tool) *cobra.Command {
	const path = "/v1/analytics/leads"
	return list[record.Journeyed]{
		short: "The leads behind a figure of a report, the newest first", path: path, columns: journeyedColumns,
		example: "  leadflow report leads --figure won --by source --key web --all\n  leadflow report leads --figure open --from 2026-10-01T00:00:00Z -o csv",
		filters: []filter{
			{"figure", "figure", strings.Join(record.JourneyFigures, ", ") + " (default captured)"},
			{"by", "by", "breakdown of the report: " + strings.Join(record.FunnelBy, ", ")},
			{"key", "key", "of which line of the breakdown, as -o json has it"},
			{"from", "from", "leads that began from then on, RFC 3339 (default 30 days before --to)"},
			{"to", "to", "and before then (default now)"},
			{"per", "per", "lead or cycle (default lead)"},
			{"source", "source", "only of this source"},
			{"campaign", "campaign", "only of this campaign"},
			{"band", "band", "only of this band"},
			{"model", "model", "only offered under this version of the model"},
			{"team", "team_id", "only of this team, by id"},
			{"rep", "rep_id", "only of this rep, by id"},
		},
	}.command(t, "leads", cobra.NoArgs, func([]string) string { return path })
}
