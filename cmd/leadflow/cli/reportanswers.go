package cli

import (
	"context"
	"net/http"
	"strconv"
	"strings"

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

// answerFlags are which answers are meant.
func answerFlags(cmd *cobra.Command, p *period, question, said *string) {
	f := cmd.Flags()
	f.StringVar(&p.from, "from", "", "of who was asked from then on: a date, or a moment (RFC 3339); default 30 days before --to")
	f.StringVar(&p.to, "to", "", "and before then; default now")
	f.StringVar(&p.source, "source", "", "only of this source")
	f.StringVar(&p.campaign, "campaign", "", "only of this campaign")
	f.StringVar(&p.band, "band", "", "only of this band, at the first offer")
	f.IntVar(&p.model, "model", 0, "only offered under this version of the model")
	f.StringVar(question, "question", "", "nps, won or lost (default: all)")
	f.StringVar(said, "said", "", "buyer: by themselves; rep: what sales noted with the decision (default buyer)")
}

func reportAnswers(t *tool) *cobra.Command {
	var p period
	var by, question, said string
	var compare bool
	cmd := &cobra.Command{
		Use: "answers", Short: "What customers answered, in counts: themes, net promoter score, how many answered", Args: cobra.NoArgs,
		Long: "What customers answered who were asked in a period. told: wrote something; share: of all who did, those of this line; nps: the share that gave 9 or 10, less\n" +
			"that which gave 6 or less, in points, with its 95 % interval. --by theme counts by `leadflow theme`, an answer once for each theme it mentions; --by rule and content\n" +
			"by what the lead had points of and had seen. `leadflow report answered` opens a figure into its leads. No text is shown.",
		Example: "  leadflow report answers --question nps --by source --compare\n  leadflow report answers --question lost --by theme --from 2026-07-01",
	}
	answerFlags(cmd, &p, &question, &said)
	cmd.Flags().StringVar(&by, "by", "", strings.Join(record.AnswerBy, ", "))
	cmd.Flags().BoolVar(&compare, "compare", false, "also the period of the same length before")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		more := comparing(by, compare)
		more["question"], more["said"] = question, said
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/answers?"+p.query(more), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.AnswersReport](got.body)
		if err != nil {
			return err
		}
		r.Total.Name = "all"
		lines := append(r.Items, r.Total)
		if r.Before != nil {
			r.Before.Name = "before"
			lines = append(lines, *r.Before)
		}
		if err := showAll(t, got.body, lines, answerColumns); err != nil {
			return err
		}
		t.tellPeriod(record.FunnelFilter{From: r.From, To: r.To}, r.Says)
		return nil
	})
	return cmd
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
		filters: append([]filter{
			figures(record.AnswerFigures),
			{"by", "by", "breakdown of the report: " + strings.Join(record.AnswerBy, ", ")},
			keyFilter,
			{"question", "question", "nps, won or lost"},
			{"said", "said", "buyer or rep (default buyer)"},
		}, periodFilters...),
	}.command(t, "answered", cobra.NoArgs, func([]string) string { return path })
}
