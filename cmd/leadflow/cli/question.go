package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var questionColumns = []column[record.Question]{
	{"id", func(q record.Question) any { return q.ID }},
	{"kind", func(q record.Question) any { return q.Kind }},
	{"cycle", func(q record.Question) any { return q.Cycle }},
	{"asked_at", func(q record.Question) any { return q.AskedAt }},
	{"answered_at", func(q record.Question) any { return q.AnsweredAt }},
	{"via", func(q record.Question) any { return q.Via }},
	{"score", func(q record.Question) any { return q.Score }},
	{"answer", func(q record.Question) any { return q.Answer }},
}

func questions(t *tool) *cobra.Command {
	return group("question", "Questions: what customers are asked, and what they answered", "", list[record.Question]{
		short: "Lists what a person was asked and what they answered, in their words", columns: questionColumns, example: "  leadflow question list 0193...",
	}.command(t, "list LEAD", takes("the id of a lead"), func(args []string) string { return leadPath(args[0], "questions") }), questionAsk(t), questionAnswer(t))
}

func questionAsk(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "ask LEAD KIND", Short: "Asks a customer by mail: nps, won or lost", Args: takes("the id of a lead", "nps, won or lost"),
		Long: "Asks a customer by mail. nps: how likely they would recommend us, 0 to 10; won: what one thing helped; lost: what was missing. Consent and suppression hold, and\n" +
			"nobody is asked twice within the policy's notify.ask.every (90 days).",
		Example: "  leadflow question ask 0193... nps",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, leadPath(args[0], "questions"), fields{"kind": args[1]}, questionColumns)
		}),
	}
}

func questionAnswer(t *tool) *cobra.Command {
	var text string
	score := -1
	cmd := &cobra.Command{
		Use: "answer LEAD KIND", Short: "Keeps what a customer told somebody of the house; the first answer counts", Args: takes("the id of a lead", "nps, won or lost"),
		Example: "  leadflow question answer 0193... nps --score 9\n  leadflow question answer 0193... lost --text \"No integration with our telephone\"",
	}
	cmd.Flags().IntVar(&score, "score", -1, "0 to 10, of nps")
	cmd.Flags().StringVar(&text, "text", "", "in their words")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"kind": args[1]}
		if cmd.Flags().Changed("score") {
			body["score"] = score
		}
		body.put("answer", text)
		return ask(ctx, t, http.MethodPost, leadPath(args[0], "answers"), body, questionColumns)
	})
	return cmd
}

const themesPath = "/v1/themes"

var themeColumns = []column[record.Theme]{
	{"code", func(t record.Theme) any { return t.Code }},
	{"title", func(t record.Theme) any { return t.Title }},
	{"words", func(t record.Theme) any { return t.Words }},
}

func themes(t *tool) *cobra.Command {
	var title string
	set := &cobra.Command{
		Use: "set CODE WORD...", Short: "Makes a theme, or changes its words; answers of before are counted by them at once", Args: cobra.MinimumNArgs(2),
		Long:    "Makes a theme. A word is found as a whole, whatever its case; a star at its end stands for any end; a phrase is words with blanks between.",
		Example: "  leadflow theme set price 'pric*' expensive 'too much'",
	}
	set.Flags().StringVar(&title, "title", "", "what people read (default: the code)")
	set.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"code": args[0], "words": args[1:]}
		body.put("title", title)
		return ask(ctx, t, http.MethodPost, themesPath, body, themeColumns)
	})
	remove := &cobra.Command{
		Use: "remove CODE", Short: "Takes a theme out of the vocabulary", Args: takes("the code of a theme"), Example: "  leadflow theme remove timing",
		RunE: t.do(func(ctx context.Context, args []string) error {
			if _, err := t.call(ctx, http.MethodDelete, themesPath+"/"+url.PathEscape(args[0]), nil); err != nil {
				return err
			}
			t.tell("Removed.")
			return nil
		}),
	}
	return group("theme", "Themes: the vocabulary by which answers are counted", "", listCommand(t, list[record.Theme]{
		short: "Lists themes and their words", path: themesPath, columns: themeColumns, example: "  leadflow theme list",
	}), set, remove)
}
