package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func leadScore(t *tool) *cobra.Command {
	var at string
	var model int
	var c course
	cmd := &cobra.Command{
		Use: "score ID", Short: "Explains a score: every point, its rule and its reason, and what is missing", Args: takes("the lead's id"),
		Example: `  leadflow lead score 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59
  leadflow lead score 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --at 2026-11-01T00:00:00Z --model 3
  leadflow lead score 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --series --from 2026-10-01`,
	}
	cmd.Flags().StringVar(&at, "at", "", "as it was then, by what was known then: a date (its beginning by UTC), or a moment (RFC 3339)")
	cmd.Flags().IntVar(&model, "model", 0, "under this version of the model (default: the published one)")
	cmd.Flags().BoolVar(&c.series, "series", false, "the score over time, each moment by what was known then")
	cmd.Flags().StringVar(&c.from, "from", "", "with --series: from then on (default: since the lead is known)")
	cmd.Flags().StringVar(&c.to, "to", "", "with --series: until then (default: now)")
	cmd.Flags().IntVar(&c.points, "points", 60, "with --series: so many moments")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		switch {
		case c.series && at != "":
			return misused("--at is one moment, --series many", "take --from and --to with --series")
		case c.series:
			return t.scoreCourse(ctx, args[0], c, model)
		case c.from != "" || c.to != "":
			return misused("--from and --to are of --series", "add --series, or take --at")
		}
		query := url.Values{}
		if at != "" {
			query.Set("at", moment(at))
		}
		if model != 0 {
			query.Set("model", strconv.Itoa(model))
		}
		path := leadPath(args[0], "score")
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		got, err := t.call(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		s, err := decode[record.Score](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, s.Items, scoreColumns); err != nil || t.format != formatTable {
			return err
		}
		t.explain(s)
		return nil
	})
	return cmd
}

// explain says in words what the points come to.
func (t *tool) explain(s record.Score) {
	t.tell("Score %d (fit %s, engagement %s), band %s, grade %s, under model %d.", s.Score, human(s.Fit, t.now()), human(s.Engagement, t.now()), s.Band, s.Grade, s.Model)
	if s.Published != 0 && s.Published != s.Model {
		t.tell("Everybody was scored by model %d then.", s.Published)
	}
	if p := s.Prediction; p != nil {
		t.tell("%.0f %% likely to convert, where the average is %.0f %% (%s).", 100*p.Probability, 100*p.Average, p.Use)
		for _, r := range p.Reasons {
			t.tell("  %s", r)
		}
	}
	for i, m := range s.Missing {
		if i == 3 { // the most useful come first
			break
		}
		t.tell("Missing: %s would give %s points.", m.Rule, human(m.Points, t.now()))
	}
	if !s.Complete {
		t.tell("Not every event behind these points is still kept: some reasons are missing.")
	}
	t.unknown(s.Unknown)
}
