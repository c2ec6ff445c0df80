package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func modelShadow(t *tool) *cobra.Command {
	var begin, end, calls bool
	cmd := &cobra.Command{
		Use: "shadow VERSION", Short: "Compares a version that scores along without any effect; --begin lets it", Args: takes("the version"),
		Long: "A shadow is scored with every event, beside the published version, and has no effect: no alert, no MQL, no band. Without a flag it is\n" +
			"compared with the published one: bands, who called which lead an MQL, and what became of them. At most three score along at once.",
		Example: "  leadflow model shadow 4 --begin\n  leadflow model shadow 4\n  leadflow model shadow 4 --calls\n  leadflow model shadow 4 --end",
	}
	cmd.Flags().BoolVar(&begin, "begin", false, "score along from now on")
	cmd.Flags().BoolVar(&end, "end", false, "score along no more; what was said stays")
	cmd.Flags().BoolVar(&calls, "calls", false, "list what both said when one of them made a lead an MQL")
	cmd.MarkFlagsMutuallyExclusive("begin", "end", "calls")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		path := modelPath(args[0], "/shadow")
		switch {
		case begin:
			return ask(ctx, t, http.MethodPost, path, nil, shadowColumns)
		case end:
			return ask(ctx, t, http.MethodPost, path+"/end", nil, shadowColumns)
		case calls:
			return t.shadowCalls(ctx, path+"/calls?limit=200")
		}
		got, err := t.call(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		return t.compared(got.body)
	})
	return cmd
}

var shadowColumns = []column[record.Shadow]{
	{"version", func(s record.Shadow) any { return s.Version }},
	{"began", func(s record.Shadow) any { return s.BeganAt }},
	{"ended", func(s record.Shadow) any { return s.EndedAt }},
	{"why", func(s record.Shadow) any { return s.Why }},
}

func (t *tool) compared(body []byte) error {
	c, err := decode[record.ShadowComparison](body)
	if err != nil {
		return err
	}
	if t.format == formatTable {
		if err := show(t, body, shadowColumns); err != nil {
			return err
		}
		t.tell("%d leads did something since; now %d is published.", c.Leads, c.Published)
		if c.EarlierHours != nil {
			t.tell("Of the cycles both made an MQL the shadow was %.1f hours earlier in the median.", *c.EarlierHours)
		}
		err := showAll(t, body, c.Bands, []column[record.BandShift]{
			{"published", func(b record.BandShift) any { return b.From }},
			{"shadow", func(b record.BandShift) any { return b.To }},
			{"leads", func(b record.BandShift) any { return b.Leads }},
		})
		if err != nil {
			return err
		}
	}
	return showAll(t, body, c.Calls, []column[record.ShadowCalls]{
		{"mql_by", func(c record.ShadowCalls) any { return c.By }},
		{"cycles", func(c record.ShadowCalls) any { return c.Cycles }},
		{"accepted", func(c record.ShadowCalls) any { return c.Accepted }},
		{"won", func(c record.ShadowCalls) any { return c.Won }},
		{"over", func(c record.ShadowCalls) any { return c.Over }},
		{"revoked", func(c record.ShadowCalls) any { return c.Revoked }},
	})
}

func (t *tool) shadowCalls(ctx context.Context, path string) error {
	got, err := t.call(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	page, err := decode[record.Page[record.ShadowCall]](got.body)
	if err != nil {
		return err
	}
	if page.NextCursor != "" {
		t.tell("These are the first %d; GET %s and next_cursor give the rest.", len(page.Items), path)
	}
	return showAll(t, got.body, page.Items, []column[record.ShadowCall]{
		{"lead", func(c record.ShadowCall) any { return c.LeadID }},
		{"cycle", func(c record.ShadowCall) any { return c.Cycle }},
		{"mql_by", func(c record.ShadowCall) any { return c.By }},
		{"at", func(c record.ShadowCall) any { return at(c.At) }},
		{"published", func(c record.ShadowCall) any { return fmt.Sprintf("%d %s", c.Score, c.Band) }},
		{"shadow", func(c record.ShadowCall) any { return fmt.Sprintf("%d %s", c.ShadowScore, c.ShadowBand) }},
		{"revoked", func(c record.ShadowCall) any { return c.RevokedAt }},
	})
}
