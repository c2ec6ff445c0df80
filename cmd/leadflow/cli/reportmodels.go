package cli

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// between is a share with its interval, as people read it.
func between(r record.Rate) string {
	if r.Rate == nil {
		return ""
	}
	return percent(r.Rate) + " (" + percent(r.Low) + " - " + percent(r.High) + ")"
}

var engagementColumns = []column[record.EngagementLine]{
	{"of", func(l record.EngagementLine) any { return lineName(l.Name, l.Key) }},
	{"leads", func(l record.EngagementLine) any { return l.Leads }},
	{"engaged", func(l record.EngagementLine) any { return l.Engaged }},
	{"silent", func(l record.EngagementLine) any { return l.Silent }},
	{"active", func(l record.EngagementLine) any { return l.Active }},
	{"rate", func(l record.EngagementLine) any { return between(l.Rate) }},
}

func reportEngagement(t *tool) *cobra.Command {
	var p period
	var by string
	var compare bool
	cmd := &cobra.Command{
		Use: "engagement", Short: "Engagement rate: how many of the leads of a period did something themselves since", Args: cobra.NoArgs,
		Long: "Engagement rate of the leads that began in a period. engaged: did something themselves since, later than a minute after they began; active: in the last\n" +
			"30 days; rate: engaged of all, with its 95 % interval. `leadflow report engaged` opens a figure into its leads.",
		Example: "  leadflow report engagement --by source --compare\n  leadflow report engagement --from 2026-07-01 --by month -o csv",
	}
	p.flags(cmd.Flags())
	cmd.Flags().StringVar(&by, "by", "", "week, month, source, campaign, band, model, team or rep")
	cmd.Flags().BoolVar(&compare, "compare", false, "also the period of the same length before")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/engagement?"+p.query(comparing(by, compare)), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.EngagementReport](got.body)
		if err != nil {
			return err
		}
		r.Total.Name = "all"
		lines := append(r.Items, r.Total)
		if r.Before != nil {
			r.Before.Name = "before"
			lines = append(lines, *r.Before)
		}
		if err := showAll(t, got.body, lines, engagementColumns); err != nil {
			return err
		}
		t.tellPeriod(r.FunnelFilter, r.Says)
		return nil
	})
	return cmd
}

func comparing(by string, compare bool) map[string]string {
	more := map[string]string{"by": by}
	if compare {
		more["compare"] = "true"
	}
	return more
}

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
	var p period
	var compare bool
	cmd := &cobra.Command{
		Use: "models", Short: "Versions of the scoring model side by side: acceptance, win rate, deadlines met", Args: cobra.NoArgs,
		Long: "Versions of the scoring model side by side. leads, won, win_rate: of the leads that began in the period, by the version of their first offer. offers,\n" +
			"acceptance, sla: of the offers made in the period. Rates with their 95 % intervals: two versions whose intervals overlap much need not differ.\n" +
			"`leadflow report leads --model 12 --figure won` and `leadflow report offers --model 12 --figure breached` open the figures.",
		Example: "  leadflow report models --from 2026-07-01\n  leadflow report models --source web --compare -o json",
	}
	p.flags(cmd.Flags())
	cmd.Flags().BoolVar(&compare, "compare", false, "also all versions in the period of the same length before")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/models?"+p.query(comparing("", compare)), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.ModelsReport](got.body)
		if err != nil {
			return err
		}
		var rows []modelRow
		for _, line := range r.Items {
			name := strconv.Itoa(line.Model)
			if line.Model == 0 {
				name = "(none)"
			}
			rows = append(rows, modelRow{name, line})
		}
		rows = append(rows, modelRow{"all", r.Total})
		if r.Before != nil {
			rows = append(rows, modelRow{"before", *r.Before})
		}
		if err := showAll(t, got.body, rows, modelReportColumns); err != nil {
			return err
		}
		t.tellPeriod(r.FunnelFilter, r.Says)
		return nil
	})
	return cmd
}

// periodFilters are the flags of a period where a list has them.
var periodFilters = []filter{
	{"from", "from", "from then on, RFC 3339 (default 30 days before --to)"},
	{"to", "to", "and before then (default now)"},
	{"source", "source", "only of this source"},
	{"campaign", "campaign", "only of this campaign"},
	{"band", "band", "only of this band"},
	{"model", "model", "only offered under this version of the model"},
}

var sellerFilters = []filter{{"team", "team_id", "only of this team, by id"}, {"rep", "rep_id", "only of this rep, by id"}}

var keyFilter = filter{"key", "key", "of which line of the breakdown, as -o json has it"}

func figures(names []string) filter {
	return filter{"figure", "figure", strings.Join(names, ", ") + " (default " + names[0] + ")"}
}

func reportEngaged(t *tool) *cobra.Command {
	const path = "/v1/analytics/engagement/leads"
	return list[record.EngagedLead]{
		short: "The leads behind a figure of the report about engagement, the newest first", path: path,
		columns: []column[record.EngagedLead]{
			{"lead_id", func(e record.EngagedLead) any { return e.LeadID }},
			{"began_at", func(e record.EngagedLead) any { return e.BeganAt }},
			{"engaged_at", func(e record.EngagedLead) any { return e.EngagedAt }},
			{"stage", func(e record.EngagedLead) any { return e.Stage }},
			{"source", func(e record.EngagedLead) any { return e.Source }},
			{"campaign", func(e record.EngagedLead) any { return e.Campaign }},
		},
		example: "  leadflow report engaged --figure silent --by source --key ads --all",
		filters: append(append([]filter{figures(record.EngagementFigures), {"by", "by", "breakdown of the report"}, keyFilter}, periodFilters...), sellerFilters...),
	}.command(t, "engaged", cobra.NoArgs, func([]string) string { return path })
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
		example: "  leadflow report offers --figure breached --model 12 --all\n  leadflow report offers --figure missed --rep 0193... -o csv",
		filters: append(append([]filter{figures(record.OfferFigures)}, periodFilters...), sellerFilters...),
	}.command(t, "offers", cobra.NoArgs, func([]string) string { return path })
}
