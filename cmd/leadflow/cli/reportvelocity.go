package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// paceLine is one line of the report in a table, which has several kinds of them.
type paceLine struct {
	what, n, p50, p90, share string
	before                   string // half took no longer in the period before, or the share then
}

var paceColumns = []column[paceLine]{
	{"what", func(l paceLine) any { return l.what }},
	{"count", func(l paceLine) any { return l.n }},
	{"p50", func(l paceLine) any { return l.p50 }},
	{"p90", func(l paceLine) any { return l.p90 }},
	{"share", func(l paceLine) any { return l.share }},
	{"before", func(l paceLine) any { return l.before }},
}

// agesShown are the ages in days at which a table tells which share was won; -o json has all.
var agesShown = []int{1, 3, 7, 14, 30, 60, 90, 180, 365}

func paceLines(r record.VelocityReport) (out []paceLine) {
	before := record.Pace{Stages: make([]record.StageSpan, len(r.Stages)), Spans: make([]record.NamedSpan, len(r.Spans))}
	if r.Before != nil {
		before = *r.Before
	}
	for i, s := range r.Stages {
		out = append(out, paceLine{what: "in " + s.Stage, n: strconv.Itoa(s.Count), p50: lasted(s.P50), p90: lasted(s.P90), before: lasted(before.Stages[i].P50)})
	}
	for i, s := range r.Spans {
		out = append(out, paceLine{what: s.From + " to " + s.To, n: strconv.Itoa(s.Count), p50: lasted(s.P50), p90: lasted(s.P90), before: lasted(before.Spans[i].P50)})
	}
	for _, m := range r.Months {
		line := paceLine{what: "qualified in " + m.Month, n: strconv.Itoa(m.Qualified)}
		if m.Growth != nil {
			line.share = strconv.FormatFloat(*m.Growth*100, 'f', 1, 64) + " % to the month before"
			if *m.Growth >= 0 {
				line.share = "+" + line.share
			}
		}
		out = append(out, line)
	}
	for _, age := range agesShown {
		if share := wonWithin(r.Conversion, age); share != "" {
			out = append(out, paceLine{what: "won within " + strconv.Itoa(age) + " days", share: share, before: wonWithin(before.Conversion, age)})
		}
	}
	return out
}

// wonWithin is the share won by an age, with its interval; empty where nobody was.
func wonWithin(points []record.FunnelPoint, age int) (share string) {
	for _, p := range points {
		if p.Age <= age {
			share = percent(&p.Share) + " (" + percent(&p.Low) + " - " + percent(&p.High) + ")"
		}
	}
	return share
}

func reportVelocity(t *tool) *cobra.Command {
	return report[record.VelocityReport, paceLine]{
		use: "velocity", short: "How fast the leads of a period went: time in stages, from step to step, and until they were won",
		long: "How fast the leads went that began in a period. The share won by an age is estimated by Kaplan and Meier, with its 95 % interval: who is still open\n" +
			"counts for as long as they are known. Leads qualified by month: growth is the lead velocity rate, between whole months. -o json has all ages.\n" +
			"`leadflow report leads --figure mql-accepted` opens a time into its leads, `--figure mql --counted reached` a month, `--figure won_by --age 30` a share.",
		example: "  leadflow report velocity --from 2026-07-01 --compare\n  leadflow report velocity --source web -o json",
		filters: journeyFilters(), columns: paceColumns, lines: paceLines,
	}.command(t)
}
