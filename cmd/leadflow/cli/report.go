package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// report is a command that shows a report of the API: each line, all of them together, and the period before.
type report[R, L any] struct {
	use, short, long, example string
	filters                   []filter
	columns                   []column[L]
	lines                     func(R) []L
}

func (r report[R, L]) command(t *tool) *cobra.Command {
	var compare bool
	values := make([]string, len(r.filters))
	cmd := &cobra.Command{Use: r.use, Short: r.short, Long: r.long, Example: r.example, Args: cobra.NoArgs}
	for i, f := range r.filters {
		cmd.Flags().StringVar(&values[i], f.flag, "", f.help)
	}
	cmd.Flags().BoolVar(&compare, "compare", false, "also the period of the same length before")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		query := url.Values{}
		put(query, r.filters, values)
		if compare {
			query.Set("compare", "true")
		}
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/"+r.use+"?"+query.Encode(), nil)
		if err != nil {
			return err
		}
		told, err := decode[R](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, r.lines(told), r.columns); err != nil {
			return err
		}
		itself, err := decode[struct {
			From, To time.Time
			Says     string
		}](got.body)
		if err == nil && itself.Says != "" {
			t.tell("%s", fmt.Sprintf("From %s to %s: %s.", itself.From.Format(time.DateOnly), itself.To.Format(time.DateOnly), itself.Says))
		}
		return err
	})
	return cmd
}

// put adds what flags say to a query.
func put(query url.Values, filters []filter, values []string) {
	for i, f := range filters {
		if value := values[i]; value != "" {
			if f.param == "from" || f.param == "to" {
				value = moment(value)
			}
			query.Set(f.param, value)
		}
	}
}

// moment makes a date the beginning of its day by UTC.
func moment(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text + "T00:00:00Z"
	}
	return text
}

// withTotals adds to the lines of a report that of all, and that of the period before where there is one.
func withTotals[L any](items []L, total L, before *L, name func(*L, string)) []L {
	name(&total, "all")
	items = append(items, total)
	if before != nil {
		name(before, "before")
		items = append(items, *before)
	}
	return items
}

// What reports are about, and the lists behind them.
var (
	periodFilters = []filter{
		{"from", "from", "of the time from then on: a date, or a moment (RFC 3339); default 30 days before --to"},
		{"to", "to", "and before then; default now"},
		{"source", "source", "only of this source"},
		{"campaign", "campaign", "only of this campaign"},
	}
	offeredFilters = []filter{
		{"band", "band", "only of this band, at the first offer"},
		{"model", "model", "only offered under this version of the model"},
	}
	sellerFilters = []filter{
		{"persona", "persona", "only of this persona of the published model"},
		{"team", "team_id", "only of this team, by id"},
		{"rep", "rep_id", "only of this rep, by id"},
	}
	perFilter = filter{"per", "per", "lead: each once, as far as it ever came; cycle: each cycle of it (default lead)"}
	keyFilter = filter{"key", "key", "of which line of the breakdown, as -o json has it"}
)

// journeyFilters are those of reports about leads that began in a period.
func journeyFilters(more ...filter) []filter {
	return slices.Concat(more, periodFilters, offeredFilters, sellerFilters, []filter{perFilter})
}

func brokenDown(by []string, usually string) filter {
	help := strings.Join(by, ", ")
	if usually != "" {
		help += " (default " + usually + ")"
	}
	return filter{"by", "by", help}
}

func figures(names []string) filter {
	return filter{"figure", "figure", strings.Join(names, ", ") + " (default " + names[0] + ")"}
}

// percent is a share as people read it; empty where there is none.
func percent(share *float64) string {
	if share == nil {
		return ""
	}
	return strconv.FormatFloat(*share*100, 'f', 1, 64) + " %"
}

// between is a share with its interval, as people read it.
func between(r record.Rate) string {
	if r.Rate == nil {
		return ""
	}
	return percent(r.Rate) + " (" + percent(r.Low) + " - " + percent(r.High) + ")"
}

// lineName names a line of a breakdown.
func lineName(name, key string) string { return cmp.Or(name, key, "(none)") }

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
	return group("report", "Reports: how sales and marketing do", "", reportFunnel(t), reportVelocity(t), reportSources(t), reportEngagement(t), reportModels(t), reportAnswers(t), reportSLA(t),
		reportLeads(t), reportAttributed(t), reportEngaged(t), reportOffers(t), reportAnswered(t), reportRules(t), reportPatterns(t))
}
