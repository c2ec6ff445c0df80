package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var slaColumns = []column[record.SLALine]{
	{"who", func(l record.SLALine) any { return slaName(l) }},
	{"offers", func(l record.SLALine) any { return l.Offers }},
	{"met", func(l record.SLALine) any { return l.Met }},
	{"breached", func(l record.SLALine) any { return l.Breached }},
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

func slaName(l record.SLALine) string {
	switch {
	case l.Name != "":
		return l.Name
	case l.Key != "":
		return l.Key
	}
	return "(none)"
}

// lasted is a span of seconds as people read it; empty where there is none.
func lasted(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	d := time.Duration(*seconds * float64(time.Second))
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

func reports(t *tool) *cobra.Command {
	var from, to, by, team, rep string
	sla := &cobra.Command{
		Use: "sla", Short: "How offers went: deadlines met and breached, the house's delay apart from its people's", Args: cobra.NoArgs,
		Long: "How the offers of a period went. house: from the crossing until the rep was told, by mail that was sent. seen, decided: from then\n" +
			"until the rep looked (inbox, link) and until they decided. touched: from acceptance to the first logged activity. told_late: offers of which a\n" +
			"clock was told a minute late or more, after an outage. -o json has all spans\n" +
			"in seconds, with p50, p90 and p99.",
		Example: "  leadflow report sla --by rep\n  leadflow report sla --from 2026-10-01 --to 2026-11-01 --by source -o csv",
	}
	sla.Flags().StringVar(&from, "from", "", "offers from then on: a date, or a moment (RFC 3339); default 30 days before --to")
	sla.Flags().StringVar(&to, "to", "", "and before then; default now")
	sla.Flags().StringVar(&by, "by", "team", "team, rep, source or band")
	sla.Flags().StringVar(&team, "team", "", "only of this team, by id")
	sla.Flags().StringVar(&rep, "rep", "", "only of this rep, by id")
	sla.RunE = t.do(func(ctx context.Context, _ []string) error {
		query := url.Values{"by": {by}}
		for name, value := range map[string]string{"from": from, "to": to, "team_id": team, "rep_id": rep} {
			if _, err := time.Parse(time.DateOnly, value); err == nil {
				value += "T00:00:00Z"
			}
			if value != "" {
				query.Set(name, value)
			}
		}
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/sla?"+query.Encode(), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.SLAReport](got.body)
		if err != nil {
			return err
		}
		lines := r.Items
		if len(lines) > 0 {
			r.Total.Name = "all"
			lines = append(lines, r.Total)
		}
		if err := showAll(t, got.body, lines, slaColumns); err != nil {
			return err
		}
		if r.Says != "" {
			t.tell("%s", fmt.Sprintf("From %s to %s: %s.", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly), r.Says))
		}
		return nil
	})
	return group("report", "Reports: how sales and marketing do", "", reportFunnel(t), reportVelocity(t), reportSources(t), reportEngagement(t), reportModels(t), reportAnswers(t), reportLeads(t), reportEngaged(t), reportOffers(t), reportAnswered(t), sla, reportRules(t), reportPatterns(t))
}
