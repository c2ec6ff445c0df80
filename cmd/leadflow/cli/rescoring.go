package cli

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func modelPublish(t *tool) *cobra.Command {
	var wait, dryRun bool
	cmd := &cobra.Command{
		Use: "publish VERSION", Short: "Scores everybody by this version, in the background; an older one rolls back", Args: takes("the version"),
		Example: "  leadflow model publish 3\n  leadflow model publish 3 --wait\n  leadflow model publish 2 --dry-run",
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "until everybody is scored by it")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what it would do")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		path := publishPath("models", args[0])
		if dryRun {
			path += "?dry_run=true"
		}
		got, err := t.call(ctx, http.MethodPost, path, nil)
		if err != nil {
			return err
		}
		t.publication(args[0], got.body)
		if wait && !dryRun {
			return t.followModel(ctx, args[0])
		}
		return show(t, got.body, modelColumns)
	})
	return cmd
}

func modelProgress(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "progress VERSION", Short: "Follows a published version until everybody is scored by it", Args: takes("the version"), Example: `  leadflow model progress 3`,
		RunE: t.do(func(ctx context.Context, args []string) error { return t.followModel(ctx, args[0]) }),
	}
}

// followModel shows how far a publication is until it has reached everybody, or another one overtook it.
func (t *tool) followModel(ctx context.Context, version string) error {
	body, err := t.watchModel(ctx, version)
	if err != nil {
		return err
	}
	return show(t, body, modelColumns)
}

func (t *tool) watchModel(ctx context.Context, version string) ([]byte, error) {
	bar := t.newBar("scores")
	defer bar.end()
	for wait, misses := firstLook, 0; ; wait = min(wait*2, lastLook) {
		got, err := t.call(ctx, http.MethodGet, "/v1/models/"+url.PathEscape(version), nil)
		var f *failure
		switch {
		case err == nil:
			m, err := decode[record.Model](got.body)
			if err != nil {
				return nil, err
			}
			if over, err := t.rescored(bar, m); over {
				return got.body, err
			}
			misses = 0
		case ctx.Err() == nil && errors.As(err, &f) && f.passing && misses < patience:
			misses++
		default:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// rescored shows how far it is, and reports whether there is nothing more to wait for.
func (t *tool) rescored(bar *bar, m record.Model) (over bool, err error) {
	r := m.Rescoring
	switch {
	case r == nil:
		return true, &failure{what: "nobody is scored by this version", why: "it was never published", next: "leadflow model publish " + strconv.Itoa(m.Version), code: ExitFailure}
	case r.State == "superseded":
		return true, &failure{what: "not everybody is scored by this version", why: "another version was published meanwhile", next: "leadflow model list shows which", code: ExitFailure}
	case r.Total == nil:
		return false, nil
	}
	var left time.Duration
	if r.ETA != nil {
		left = r.ETA.Sub(t.now())
	}
	bar.at(r.Done, *r.Total, r.Rate, left)
	return r.State == "done", nil
}
