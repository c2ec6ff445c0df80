package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var suggestedColumns = []column[record.SuggestedPoints]{
	{"rule", func(s record.SuggestedPoints) any { return s.Rule }},
	{"now", func(s record.SuggestedPoints) any { return s.Now }},
	{"suggested", func(s record.SuggestedPoints) any { return s.Suggested }},
	{"interval", func(s record.SuggestedPoints) any {
		if s.Low == nil || s.High == nil {
			return ""
		}
		return fmt.Sprintf("%.1f to %.1f", *s.Low, *s.High)
	}},
	{"held", func(s record.SuggestedPoints) any { return s.Held }},
}

// versionOr is the version that was named, or the published one.
func (t *tool) versionOr(ctx context.Context, args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	for cursor := ""; ; {
		query := url.Values{"limit": {strconv.Itoa(pageSize)}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		got, err := t.call(ctx, http.MethodGet, "/v1/models?"+query.Encode(), nil)
		if err != nil {
			return "", err
		}
		p, err := decode[record.Page[record.Model]](got.body)
		if err != nil {
			return "", err
		}
		for _, m := range p.Items {
			if m.State == "published" {
				return strconv.Itoa(m.Version), nil
			}
		}
		if cursor = p.NextCursor; cursor == "" {
			return "", misused("no model is published", "name a version")
		}
	}
}

func modelSuggest(t *tool) *cobra.Command {
	var from, to, note string
	var seed uint64
	var keep bool
	cmd := &cobra.Command{
		Use: "suggest [VERSION]", Short: "Suggests points and a threshold by what became of leads", Args: cobra.MaximumNArgs(1),
		Long: "Fits the points of a version (default: the published one) to what became of leads: held to what they are where outcomes say little, whole, and of rules that\n" +
			"are monotone never of the other sign. It says what is to be expected of leads that had no part in the fit. --keep keeps it as a draft; nothing is published.",
		Example: "  leadflow model suggest\n  leadflow model suggest 4 --from 2026-01-01 --keep",
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "leads offered from then on: a date, or a moment (RFC 3339); default all")
	f.StringVar(&to, "to", "", "and before then")
	f.Uint64Var(&seed, "seed", 1, "of folds and bootstrap; the same leads and seed give the same answer")
	f.BoolVar(&keep, "keep", false, "keep it as a draft")
	f.StringVar(&note, "note", "", "of the draft")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		version, err := t.versionOr(ctx, args)
		if err != nil {
			return err
		}
		body := fields{"seed": seed, "keep": keep}
		body.put("from", moment(from))
		body.put("to", moment(to))
		body.put("note", note)
		got, err := t.call(ctx, http.MethodPost, "/v1/models/"+version+"/suggest", body)
		if err != nil {
			return err
		}
		s, err := decode[record.Suggestion](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, append(s.Items, s.Threshold), suggestedColumns); err != nil {
			return err
		}
		t.tellSuggested(s)
		return nil
	})
	return cmd
}

func (t *tool) tellSuggested(s record.Suggestion) {
	t.tell("Model %d over %s.", s.Model, casesTold(s.Cases, s.Forgot, s.Open, s.More))
	for _, f := range []struct {
		name string
		is   record.Compared
	}{{"who converts above who does not", s.Effect.AUC}, {"at the threshold", s.Effect.Qualified}, {"of them convert", s.Effect.Conversion}, {"of who converts are at the threshold", s.Effect.Reached}} {
		t.tell("%s: %.1f %% now, %.1f %% suggested, %s.", f.name, 100*f.is.Now, 100*f.is.Suggested, points(&f.is.Gain))
	}
	t.tellMore(s.Says)
	if s.Draft != nil {
		t.tell("It was kept as a draft, version %d. Nothing goes by it until it is published: leadflow model publish %d", *s.Draft, *s.Draft)
	}
}

func modelPattern(t *tool) *cobra.Command {
	var c casesAsked
	var points float64
	var note string
	cmd := &cobra.Command{
		Use: "pattern PATTERN", Short: "Keeps a draft with a rule that takes points from a pattern of report patterns", Args: takes("a pattern"),
		Example: "  leadflow model pattern downloads:5:pricing\n  leadflow model pattern downloads:5:pricing --points 30 --from 2026-07-01",
	}
	c.flags(cmd.Flags())
	cmd.Flags().Float64Var(&points, "points", 0, "how many the rule takes; default what report patterns says")
	cmd.Flags().StringVar(&note, "note", "", "of the draft")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		var named []string
		if c.model != 0 {
			named = []string{strconv.Itoa(c.model)}
		}
		of, err := t.versionOr(ctx, named)
		if err != nil {
			return err
		}
		body := fields{"pattern": args[0]}
		if points != 0 {
			body["points"] = points
		}
		body.put("from", moment(c.from))
		body.put("to", moment(c.to))
		body.put("note", note)
		return ask(ctx, t, http.MethodPost, "/v1/models/"+of+"/patterns", body, modelColumns)
	})
	return cmd
}
