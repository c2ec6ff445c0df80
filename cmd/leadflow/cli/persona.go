package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func mean(x *float64) any {
	if x == nil {
		return nil
	}
	return fmt.Sprintf("%.1f", *x)
}

var personaColumns = []column[record.PersonaLine]{
	{"persona", func(p record.PersonaLine) any { return cmp.Or(p.Persona, "(none)") }},
	{"matched", func(p record.PersonaLine) any { return p.Matched }},
	{"matches", func(p record.PersonaLine) any { return percent(p.Matches.Rate) }},
	{"points", func(p record.PersonaLine) any { return p.Points }},
	{"mean_score", func(p record.PersonaLine) any { return mean(p.Score) }},
	{"ended", func(p record.PersonaLine) any { return p.With.Of }},
	{"converted", func(p record.PersonaLine) any { return percent(p.With.Rate) }},
	{"others", func(p record.PersonaLine) any { return percent(p.Without.Rate) }},
	{"lift", func(p record.PersonaLine) any { return points(p.Lift) }},
}

var gapColumns = []column[record.GapLine]{
	{"field", func(g record.GapLine) any { return g.Field }},
	{"missing", func(g record.GapLine) any { return percent(g.Missing.Rate) }},
	{"points_each", func(g record.GapLine) any { return fmt.Sprintf("%.1f", g.Each) }},
	{"points", func(g record.GapLine) any { return fmt.Sprintf("%.0f", g.Points) }},
	{"would_qualify", func(g record.GapLine) any { return g.Qualify }},
	{"converted_known", func(g record.GapLine) any { return percent(g.Known.Rate) }},
	{"converted_unknown", func(g record.GapLine) any { return percent(g.Unknown.Rate) }},
	{"lift", func(g record.GapLine) any { return points(g.Lift) }},
}

func personas(t *tool) *cobra.Command {
	var c, g casesAsked
	list := &cobra.Command{
		Use: "list", Short: "How many leads each persona matches, and what became of them", Args: cobra.NoArgs,
		Long: "Personas are named groups of profiles, a part of the model (personas:). matched: leads, by what is known now; matches: their share of all. converted: of the leads that it\n" +
			"matched when sales were asked. A lead may be of several. To try others, keep a draft and ask for its version.",
		Example: "  leadflow persona list\n  leadflow persona list --model 5 -o csv",
	}
	c.flags(list.Flags())
	list.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/personas"+c.query(), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.PersonasReport](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, r.Items, personaColumns); err != nil {
			return err
		}
		t.tell("Model %d over %d leads, and %s.", r.Model, r.Leads, casesTold(r.Cases, 0, 0, false))
		t.tellMore(r.Says)
		return nil
	})
	gaps := &cobra.Command{
		Use: "gaps", Short: "What is not known of open leads, and which missing field costs most", Args: cobra.NoArgs,
		Long: "The fields that rules of fit ask for, the one that costs most first. points_each: what a lead gains on average once the field is known, by what leads\n" +
			"got of whom it is; points: of all open leads together; would_qualify: open leads that this lifts to the threshold.",
		Example: "  leadflow persona gaps",
	}
	g.flags(gaps.Flags())
	gaps.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/gaps"+g.query(), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.GapsReport](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, r.Items, gapColumns); err != nil {
			return err
		}
		t.tell("Model %d over %d open leads.", r.Model, r.Leads)
		t.tellMore(r.Says)
		return nil
	})
	return group("persona", "Personas: named groups of profiles, and what is not known of leads", "", list, gaps)
}
