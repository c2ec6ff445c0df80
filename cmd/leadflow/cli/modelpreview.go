package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func modelPreview(t *tool) *cobra.Command {
	var weeks int
	var cancel, last bool
	cmd := &cobra.Command{
		Use: "preview VERSION", Short: "Says what a version would make of everybody before it is published; no score is changed", Args: takes("the version"),
		Long: "Says how many leads would change their band, become an MQL or be one no more, names some with the reasons, and plays the last weeks:\n" +
			"how many MQLs there would have been and what that means for sales. It is counted in the background and goes on if you leave;\n" +
			"ask again to see how far it is, with --last for the one before, with --cancel to stop it.",
		Example: "  leadflow model preview 4\n  leadflow model preview 4 --weeks 12 -o json\n  leadflow model preview 4 --cancel",
	}
	cmd.Flags().IntVar(&weeks, "weeks", 0, "weeks to play, back from now (default 8)")
	cmd.Flags().BoolVar(&cancel, "cancel", false, "stop the one under way")
	cmd.Flags().BoolVar(&last, "last", false, "show the newest one, and begin none")
	cmd.MarkFlagsMutuallyExclusive("cancel", "last")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		path := modelPath(args[0], "/preview")
		method, body := http.MethodPost, any(fields{})
		switch {
		case cancel:
			path += "/cancel"
		case last:
			method, body = http.MethodGet, nil
		case weeks != 0:
			body = fields{"weeks": weeks}
		}
		got, err := t.call(ctx, method, path, body)
		if err == nil && !cancel {
			got.body, err = t.watchPreview(ctx, args[0], got.body)
		}
		if err != nil {
			return err
		}
		return t.previewed(got.body)
	})
	return cmd
}

// watchPreview follows a preview to its end. Who leaves does not stop it.
func (t *tool) watchPreview(ctx context.Context, version string, body []byte) ([]byte, error) {
	bar := t.newBar("preview")
	defer bar.end()
	for wait, misses := firstLook, 0; ; wait = min(wait*2, lastLook) {
		p, err := decode[record.ModelPreview](body)
		if err != nil {
			return nil, err
		}
		if p.Total != nil {
			var left time.Duration
			if p.ETA != nil {
				left = p.ETA.Sub(t.now())
			}
			bar.at(p.Done, *p.Total, p.Rate, left)
		}
		if p.State == "done" || p.State == "cancelled" {
			return body, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		got, err := t.call(ctx, http.MethodGet, modelPath(version, "/preview"), nil)
		var f *failure
		switch {
		case err == nil:
			body, misses = got.body, 0
		case ctx.Err() == nil && errors.As(err, &f) && f.passing && misses < patience:
			misses++
		default:
			return nil, cmp.Or(ctx.Err(), err)
		}
	}
}

func (t *tool) previewed(body []byte) error {
	p, err := decode[record.ModelPreview](body)
	if err != nil {
		return err
	}
	if err := show(t, body, modelPreviewColumns); err != nil || t.format != formatTable {
		return err
	}
	if p.State == "cancelled" {
		t.tell("It was cancelled after %d leads: what is shown is of these.", p.Done)
	}
	for _, part := range []func() error{
		func() error {
			return showAll(t, body, p.Result.Weeks, []column[record.PreviewWeek]{
				{"week_from", func(w record.PreviewWeek) any { return w.From.Format(time.DateOnly) }},
				{"mql_published", func(w record.PreviewWeek) any { return w.Against }},
				{"mql_then", func(w record.PreviewWeek) any { return w.Version }},
			})
		},
		func() error {
			return showAll(t, body, p.Result.Sample, []column[record.PreviewLead]{
				{"lead", func(l record.PreviewLead) any { return l.LeadID }},
				{"change", func(l record.PreviewLead) any { return strings.ReplaceAll(l.Change, "_", " ") }},
				{"score", func(l record.PreviewLead) any { return fmt.Sprintf("%d -> %d", l.Score, l.NextScore) }},
				{"band", func(l record.PreviewLead) any { return l.Band + " -> " + l.NextBand }},
				{"why", func(l record.PreviewLead) any { return strings.Join(l.Reasons, "; ") }},
			})
		},
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

var modelPreviewColumns = []column[record.ModelPreview]{
	{"version", func(p record.ModelPreview) any { return p.Version }},
	{"against", func(p record.ModelPreview) any { return p.Against }},
	{"state", func(p record.ModelPreview) any { return p.State }},
	{"leads", func(p record.ModelPreview) any { return p.Result.Leads }},
	{"band_changed", func(p record.ModelPreview) any { return p.Result.BandChanged }},
	{"become_mql", func(p record.ModelPreview) any { return p.Result.BecomeMQL }},
	{"stop_mql", func(p record.ModelPreview) any { return p.Result.StopMQL }},
	{"stay_mql", func(p record.ModelPreview) any { return p.Result.StayMQL }},
	{"mql_a_week", func(p record.ModelPreview) any {
		return loadOf(p, func(l record.PreviewLoad) string { return pair(&l.WeeklyAgainst, &l.Weekly) })
	}},
	{"per_rep_a_week", func(p record.ModelPreview) any {
		return loadOf(p, func(l record.PreviewLoad) string { return pair(&l.PerRepAgainst, &l.PerRep) })
	}},
	{"open_with_sales", func(p record.ModelPreview) any {
		return loadOf(p, func(l record.PreviewLoad) string { return pair(l.OpenAgainst, l.Open) })
	}},
	{"over_capacity_by", func(p record.ModelPreview) any {
		return loadOf(p, func(l record.PreviewLoad) string {
			if l.OverCapacityBy == nil {
				return ""
			}
			return fmt.Sprintf("%.1f of %d", *l.OverCapacityBy, *l.Capacity)
		})
	}},
}

func loadOf(p record.ModelPreview, of func(record.PreviewLoad) string) string {
	if p.Result.Load == nil {
		return ""
	}
	return of(*p.Result.Load)
}

func pair(was, is *float64) string {
	if was == nil || is == nil {
		return ""
	}
	return fmt.Sprintf("%.1f -> %.1f", *was, *is)
}
