package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func bulkPath(id, what string) string { return "/v1/bulk/" + url.PathEscape(id) + what }

// bulking is one decision over many leads.
type bulking struct {
	stage                                                             []string
	owner, band, source, q, reason, rep, team, until, catchUp, errors string
	all, dryRun                                                       bool
	rate                                                              float64
}

func bulk(t *tool) *cobra.Command {
	var o bulking
	cmd := &cobra.Command{
		Use: "bulk ACTION", Short: "Takes one decision over many leads: pause, resume, reassign, recycle, disqualify", Args: cobra.ExactArgs(1),
		Long: "Takes one decision over all leads of a filter, which is that of `leadflow lead list`. The leads are fixed when it begins; each is\n" +
			"decided about as a person would, at a pace, and never twice, whoever carries it on after a crash. --dry-run only counts.\n" +
			"Leads on which it took no effect are written to a CSV with the reason; the exit code is 3 then.",
		Example: "  leadflow bulk pause --stage nurturing --source webinar --dry-run\n" +
			"  leadflow bulk reassign --owner 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --team 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a60 --rate 5\n" +
			"  leadflow bulk disqualify --stage working --q example.com --reason spam",
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.stage, "stage", nil, "only in this stage; several by comma")
	f.StringVar(&o.owner, "owner", "", "only of this rep, by id")
	f.StringVar(&o.band, "band", "", "only hot, warm or cold")
	f.StringVar(&o.source, "source", "", "only from this channel")
	f.StringVar(&o.q, "q", "", "part of an address, a name or a company")
	f.BoolVar(&o.all, "everybody", false, "really every lead; instead of a filter")
	f.StringVar(&o.reason, "reason", "", "disqualify, recycle: a code of the policy")
	f.StringVar(&o.rep, "rep", "", "reassign: to this rep, by id")
	f.StringVar(&o.team, "team", "", "reassign: to this team, by id")
	f.StringVar(&o.until, "until", "", "pause: until this moment, such as 2026-03-04T00:00:00Z")
	f.StringVar(&o.catchUp, "catch-up", "", "resume: shift, keep or drop")
	f.BoolVar(&o.dryRun, "dry-run", false, "only count the leads, and name some")
	f.Float64Var(&o.rate, "rate", 0, "leads a second at most (default 20)")
	f.StringVar(&o.errors, "errors", "", "where leads on which it took no effect are written (default BULK.errors.csv)")
	cmd.AddCommand(
		listCommand(t, list[record.Bulk]{short: "Lists bulk actions, newest first", example: "  leadflow bulk list --limit 5", path: "/v1/bulk", columns: bulkColumns}),
		bulkFollow(t), bulkCancel(t),
	)
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		got, err := t.call(ctx, http.MethodPost, "/v1/bulk", o.body(args[0]))
		if err != nil {
			return err
		}
		if o.dryRun {
			return counted(t, got)
		}
		b, err := decode[record.Bulk](got.body)
		if err != nil {
			return err
		}
		return t.carriedOut(ctx, b, o.errors)
	})
	return cmd
}

func (o bulking) body(action string) fields {
	filter := fields{}
	if len(o.stage) > 0 {
		filter["stage"] = o.stage
	}
	for name, value := range map[string]string{"owner": o.owner, "band": o.band, "source": o.source, "q": o.q} {
		filter.put(name, value)
	}
	if o.all {
		filter["all"] = true
	}
	body := fields{"action": action, "filter": filter}
	for name, value := range map[string]string{"reason": o.reason, "rep_id": o.rep, "team_id": o.team, "until": o.until, "catch_up": o.catchUp} {
		body.put(name, value)
	}
	if o.rate != 0 {
		body["rate"] = o.rate
	}
	if o.dryRun {
		body["dry_run"] = true
	}
	return body
}

func counted(t *tool, got answer) error {
	p, err := decode[record.BulkPreview](got.body)
	if err != nil {
		return err
	}
	err = show(t, got.body, []column[record.BulkPreview]{
		{"total", func(p record.BulkPreview) any { return p.Total }},
		{"sample", func(p record.BulkPreview) any { return strings.Join(p.Sample, " ") }},
	})
	leads := "leads"
	if p.Total == 1 {
		leads = "lead"
	}
	t.tell("This was a dry run: %d %s would be decided about; nothing was done.", p.Total, leads)
	return err
}

var bulkColumns = []column[record.Bulk]{
	{"id", func(b record.Bulk) any { return b.ID }},
	{"action", func(b record.Bulk) any { return b.Action }},
	{"state", func(b record.Bulk) any { return b.State }},
	{"total", func(b record.Bulk) any { return b.Total }},
	{"applied", func(b record.Bulk) any { return b.Applied }},
	{"refused", func(b record.Bulk) any { return b.Refused }},
	{"failed", func(b record.Bulk) any { return b.Failed }},
	{"pace", func(b record.Bulk) any { return b.Pace }},
	{"created", func(b record.Bulk) any { return b.CreatedAt }},
}

func bulkFollow(t *tool) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "follow ID", Short: "Follows a bulk action to its end", Args: cobra.ExactArgs(1),
		Example: "  leadflow bulk follow 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59",
	}
	cmd.Flags().StringVar(&file, "errors", "", "where leads on which it took no effect are written (default BULK.errors.csv)")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		b, err := t.bulkState(ctx, args[0])
		if err != nil {
			return err
		}
		return t.carriedOut(ctx, b, file)
	})
	return cmd
}

func bulkCancel(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID", Short: "Stops a bulk action; what was decided stays", Args: cobra.ExactArgs(1),
		Example: "  leadflow bulk cancel 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, bulkPath(args[0], "/cancel"), nil, bulkColumns)
		}),
	}
}

func (t *tool) bulkState(ctx context.Context, id string) (record.Bulk, error) {
	got, err := t.call(ctx, http.MethodGet, bulkPath(id, ""), nil)
	if err != nil {
		return record.Bulk{}, err
	}
	return decode[record.Bulk](got.body)
}

// carriedOut watches a bulk action to its end, and tells what became of it.
func (t *tool) carriedOut(ctx context.Context, b record.Bulk, file string) error {
	b, err := t.watchBulk(ctx, b)
	if err != nil {
		return &failure{
			what: "the bulk action is no longer watched", why: err.Error(), code: ExitFailure,
			next: "it goes on by itself; watch it again with: leadflow bulk follow " + b.ID,
		}
	}
	if err := show(t, asJSON(b), bulkColumns); err != nil {
		return err
	}
	none := b.Refused + b.Failed
	if b.State == "cancelled" {
		return &failure{what: "the bulk action was cancelled", why: fmt.Sprintf("somebody stopped it after %d of %d leads", b.Applied+none, b.Total), next: "what was decided stays; begin another for the rest", code: ExitFailure}
	}
	if none == 0 {
		return nil
	}
	file = cmp.Or(file, b.ID+".errors.csv")
	const what, next = "the leads on which it took no effect cannot be written", "name another place: leadflow bulk follow --errors FILE "
	if err := t.saveFile(ctx, bulkPath(b.ID, "/errors.csv"), file, what, next+b.ID); err != nil {
		return err
	}
	code := ExitPartial
	if none == b.Total {
		code = ExitFailure
	}
	return &failure{what: "the bulk action is partial", why: fmt.Sprintf("on %d of %d leads it took no effect", none, b.Total), code: code, next: "see " + file + " for which and why"}
}

func (t *tool) watchBulk(ctx context.Context, b record.Bulk) (record.Bulk, error) {
	bar := t.newBar("bulk " + b.Action)
	defer bar.end()
	show := func() {
		var left time.Duration
		if b.ETA != nil {
			left = b.ETA.Sub(t.now())
		}
		bar.at(b.Applied+b.Refused+b.Failed, b.Total, b.Rate, left)
	}
	for wait, misses := firstLook, 0; b.State == "queued" || b.State == "running"; wait = min(wait*2, lastLook) {
		show()
		select {
		case <-ctx.Done():
			return b, ctx.Err()
		case <-time.After(wait):
		}
		next, err := t.bulkState(ctx, b.ID)
		if err == nil {
			b, misses = next, 0
			continue
		}
		var f *failure
		if misses++; ctx.Err() != nil || misses == patience || !errors.As(err, &f) || !f.passing {
			return b, cmp.Or(ctx.Err(), err)
		}
	}
	show()
	return b, nil
}
