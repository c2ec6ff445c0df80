package cli

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// netScore is a net promoter score as people read it.
func netScore(p *float64) string {
	if p == nil {
		return ""
	}
	return strconv.FormatFloat(*p, 'f', 1, 64)
}

var answerColumns = []column[record.AnswerLine]{
	{"of", func(l record.AnswerLine) any { return lineName(l.Name, l.Key) }},
	{"asked", func(l record.AnswerLine) any { return l.Asked }},
	{"answered", func(l record.AnswerLine) any { return l.Answered }},
	{"response", func(l record.AnswerLine) any { return between(l.Response) }},
	{"told", func(l record.AnswerLine) any { return l.Told }},
	{"share", func(l record.AnswerLine) any { return between(l.Share) }},
	{"promoters", func(l record.AnswerLine) any { return l.NPS.Promoters }},
	{"passives", func(l record.AnswerLine) any { return l.NPS.Passives }},
	{"detractors", func(l record.AnswerLine) any { return l.NPS.Detractors }},
	{"nps", func(l record.AnswerLine) any { return netScore(l.NPS.Score) }},
	{"nps_low", func(l record.AnswerLine) any { return netScore(l.NPS.Low) }},
	{"nps_high", func(l record.AnswerLine) any { return netScore(l.NPS.High) }},
}

// answerFilters are which answers are meant.
func answerFilters(more ...filter) []filter {
	return slices.Concat(more, []filter{
		{"question", "question", "nps, won or lost (default: all)"},
		{"said", "said", "buyer: by themselves; rep: what sales noted with the decision (default buyer)"},
	}, periodFilters, offeredFilters)
}

func reportAnswers(t *tool) *cobra.Command {
	return report[record.AnswersReport, record.AnswerLine]{
		use: "answers", short: "What customers answered, in counts: themes, net promoter score, how many answered",
		long: "What customers answered who were asked in a period. told: wrote something; share: of all who did, those of this line; nps: the share that gave 9 or 10, less\n" +
			"that which gave 6 or less, in points, with its 95 % interval. --by theme counts by `leadflow theme`, an answer once for each theme it mentions; --by rule and content\n" +
			"by what the lead had points of and had seen. --said rep counts what sales noted with a decision: the one thing that helped, and what was missing.\n" +
			"`leadflow report answered` opens a figure into its leads. No text is shown.",
		example: "  leadflow report answers --question nps --by source --compare\n  leadflow report answers --question lost --by theme --from 2026-07-01\n  leadflow report answers --said rep --by theme",
		filters: answerFilters(brokenDown(record.AnswerBy, "")), columns: answerColumns,
		lines: func(r record.AnswersReport) []record.AnswerLine {
			return withTotals(r.Items, r.Total, r.Before, func(l *record.AnswerLine, name string) { l.Name = name })
		},
	}.command(t)
}

func reportAnswered(t *tool) *cobra.Command {
	const path = "/v1/analytics/answers/leads"
	return list[record.Answered]{
		short: "Whose answers a figure of the report is made of, the newest first", path: path,
		columns: []column[record.Answered]{
			{"lead_id", func(a record.Answered) any { return a.LeadID }},
			{"question", func(a record.Answered) any { return a.Question }},
			{"cycle", func(a record.Answered) any { return a.Cycle }},
			{"asked_at", func(a record.Answered) any { return a.AskedAt }},
			{"answered_at", func(a record.Answered) any { return a.AnsweredAt }},
			{"score", func(a record.Answered) any { return a.Score }},
		},
		example: "  leadflow report answered --figure detractors --by theme --key price --all",
		filters: answerFilters(figures(record.AnswerFigures), brokenDown(record.AnswerBy, ""), keyFilter),
	}.command(t, "answered", cobra.NoArgs, func([]string) string { return path })
}
