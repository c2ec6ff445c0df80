package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// casesAsked are the flags of reports about leads that came to an end.
type casesAsked struct {
	model    int
	from, to string
}

func (c *casesAsked) flags(f *pflag.FlagSet) {
	f.IntVar(&c.model, "model", 0, "version of the model; default the published one")
	f.StringVar(&c.from, "from", "", "leads offered from then on: a date, or a moment (RFC 3339); default all")
	f.StringVar(&c.to, "to", "", "and before then")
}

func (c casesAsked) query() string {
	q := url.Values{}
	if c.model != 0 {
		q.Set("model", strconv.Itoa(c.model))
	}
	for name, value := range map[string]string{"from": moment(c.from), "to": moment(c.to)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "?" + q.Encode()
}

// points are parts of a hundred with a sign and their interval.
func points(i *effect.Bounds) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf("%+.1f (%+.1f to %+.1f)", 100*i.Value, 100*i.Low, 100*i.High)
}

func times(i *effect.Bounds) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", i.Value, i.Low, i.High)
}

func together(all []record.Together) string {
	var out []string
	for _, one := range all {
		out = append(out, fmt.Sprintf("%s %+.2f", one.Rule, one.Phi))
	}
	return strings.Join(out, ", ")
}

func reasonsOf(all []record.ReasonShare) string {
	var out []string
	for _, one := range all {
		out = append(out, fmt.Sprintf("%s %s (others %s)", one.Reason, percent(one.With.Rate), percent(one.Without.Rate)))
	}
	return strings.Join(out, ", ")
}

var ruleColumns = []column[record.RuleEffect]{
	{"rule", func(e record.RuleEffect) any { return e.Rule }},
	{"points", func(e record.RuleEffect) any { return e.Points }},
	{"fired", func(e record.RuleEffect) any { return e.With.Of }},
	{"with", func(e record.RuleEffect) any { return percent(e.With.Rate) }},
	{"without", func(e record.RuleEffect) any { return percent(e.Without.Rate) }},
	{"lift", func(e record.RuleEffect) any { return points(e.Lift) }},
	{"promised", func(e record.RuleEffect) any {
		if e.Promised == nil {
			return ""
		}
		return fmt.Sprintf("%+.1f", 100**e.Promised)
	}},
	{"odds", func(e record.RuleEffect) any { return times(e.Odds) }},
	{"verdict", func(e record.RuleEffect) any { return e.Verdict }},
	{"together", func(e record.RuleEffect) any { return together(e.Together) }},
	{"reasons", func(e record.RuleEffect) any { return reasonsOf(e.Reasons) }},
	{"named", func(e record.RuleEffect) any { return percent(e.Named.Rate) }},
}

func reportRules(t *tool) *cobra.Command {
	var c casesAsked
	cmd := &cobra.Command{
		Use: "rules", Short: "What each rule of a model is worth by what became of leads", Args: cobra.NoArgs,
		Long: "What became of the leads each rule met, and of the others, by what was known when sales were asked. lift: the difference of the two, in points of a\n" +
			"hundred with its 95 % interval. promised: what it would be if the rule's points were worth what points are worth in the rest of the model. odds: by\n" +
			"how much meeting it multiplies the odds, the other rules held fixed. verdict: over (it gives too many points, or takes too many), under, about_right,\n" +
			"too_few. reasons: why they were refused or lost. named: how often it is what helped, where buyers or reps told. docs/scoring.md has the formulas.",
		Example: "  leadflow report rules\n  leadflow report rules --model 4 --from 2026-07-01 -o csv",
	}
	c.flags(cmd.Flags())
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/rules"+c.query(), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.RulesReport](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, r.Items, ruleColumns); err != nil {
			return err
		}
		t.tell("Model %d over %s.", r.Model, casesTold(r.Cases, r.Forgot, r.Open, r.More))
		if r.PerPoint != nil {
			t.tell("Ten points multiply the odds to convert by %.2f.", pow10(*r.PerPoint))
		}
		t.tellMore(r.Says)
		return nil
	})
	return cmd
}

func pow10(x float64) float64 {
	out := 1.0
	for range 10 {
		out *= x
	}
	return out
}

// casesTold says what a report looked at.
func casesTold(n, forgot, open int, more bool) string {
	out := fmt.Sprintf("%d leads that came to an end", n)
	if more {
		out = fmt.Sprintf("the newest %d leads that came to an end", n)
	}
	if forgot > 0 {
		out += fmt.Sprintf("; %d others are left out, for not all of their events are kept any more", forgot)
	}
	if open > 0 {
		out += fmt.Sprintf("; %d have not come to an end", open)
	}
	return out
}

// tellMore says what else is to be said.
func (t *tool) tellMore(says string) {
	if says != "" {
		t.tell("%s.", strings.ToUpper(says[:1])+says[1:])
	}
}

var patternColumns = []column[record.Pattern]{
	{"pattern", func(p record.Pattern) any { return p.Pattern }},
	{"leads", func(p record.Pattern) any { return p.In.Of }},
	{"converted", func(p record.Pattern) any { return percent(p.In.Rate) }},
	{"others", func(p record.Pattern) any { return percent(p.Others.Rate) }},
	{"did_both", func(p record.Pattern) any { return percent(p.Both.Rate) }},
	{"lift", func(p record.Pattern) any { return points(&p.Lift) }},
	{"takes", func(p record.Pattern) any { return p.Points }},
	{"says", func(p record.Pattern) any { return p.Says }},
}

func reportPatterns(t *tool) *cobra.Command {
	var c casesAsked
	cmd := &cobra.Command{
		Use: "patterns", Short: "Who looks interested and is not: false positives", Args: cobra.NoArgs,
		Long: "Leads that did one thing often, never another, and convert less than all others. takes: the points that a rule against the pattern would take;\n" +
			"`leadflow model pattern` puts it into a draft.",
		Example: "  leadflow report patterns\n  leadflow model pattern downloads:5:pricing",
	}
	c.flags(cmd.Flags())
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		got, err := t.call(ctx, http.MethodGet, "/v1/analytics/patterns"+c.query(), nil)
		if err != nil {
			return err
		}
		r, err := decode[record.PatternsReport](got.body)
		if err != nil {
			return err
		}
		if err := showAll(t, got.body, r.Items, patternColumns); err != nil {
			return err
		}
		t.tell("Model %d over %s.", r.Model, casesTold(r.Cases, r.Forgot, r.Open, r.More))
		t.tellMore(r.Says)
		return nil
	})
	return cmd
}
