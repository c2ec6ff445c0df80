package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var laneColumns = []column[record.Lane]{
	{"lane", func(l record.Lane) any { return l.Lane }},
	{"held", func(l record.Lane) any { return l.HeldAt }},
	{"why", func(l record.Lane) any { return l.Why }},
	{"waiting", func(l record.Lane) any { return kinds(l.Waiting) }},
}

var releasedColumns = []column[record.LaneReleased]{
	{"lane", func(r record.LaneReleased) any { return r.Lane }},
	{"goes_out", func(r record.LaneReleased) any { return kinds(r.Goes) }},
	{"parked", func(r record.LaneReleased) any { return kinds(r.Parked) }},
}

// kinds are counts by kind, as one word each.
func kinds(waiting []record.LaneWaiting) []string {
	out := make([]string, len(waiting))
	for i, w := range waiting {
		out[i] = fmt.Sprintf("%s:%d", w.Kind, w.N)
	}
	return out
}

// laneArg is the lane that was named, or all of them.
func laneArg(args []string) (string, error) {
	switch {
	case len(args) == 0:
		return "all", nil
	case len(args) > 1:
		return "", misused("one lane, or none for all", "lanes are: "+strings.Join(record.Lanes, " "))
	}
	return url.PathEscape(args[0]), nil
}

func lanes(t *tool) *cobra.Command {
	show := func(ctx context.Context, method, path string) error {
		got, err := t.call(ctx, method, path, nil)
		if err != nil {
			return err
		}
		list, err := decode[struct{ Items []record.Lane }](got.body)
		if err != nil {
			return err
		}
		return showAll(t, got.body, list.Items, laneColumns)
	}
	cmd := &cobra.Command{
		Use: "lanes", Short: "Lanes: the ways out of the house, which can be held", Args: cobra.NoArgs,
		Long: "The ways out of the house: outbox (what runs are told), alert (mail to sales), bulk (nurture mail), webhook.\n" +
			"After a restore from a backup all are held until they are released: what waits in a backup may have gone out since.",
		Example: "  leadflow lanes\n  leadflow lanes release --dry-run",
		RunE:    t.do(func(ctx context.Context, _ []string) error { return show(ctx, http.MethodGet, "/v1/lanes") }),
	}
	cmd.AddCommand(&cobra.Command{
		Use: "hold [LANE]", Short: "Lets nothing more out of a lane, or of all", Args: cobra.ArbitraryArgs, Example: `  leadflow lanes hold bulk`,
		RunE: t.do(func(ctx context.Context, args []string) error {
			lane, err := laneArg(args)
			if err != nil {
				return err
			}
			return show(ctx, http.MethodPost, "/v1/lanes/"+lane+"/hold")
		}),
	}, laneRelease(t))
	return cmd
}

func laneRelease(t *tool) *cobra.Command {
	var dry, resend bool
	var until string
	cmd := &cobra.Command{
		Use: "release [LANE]", Short: "Lets out again what waits in a lane, or in all", Args: cobra.ArbitraryArgs,
		Long: "Lets out again what waits in a lane, or in all. After a restore, nurture mail that fell due before the restore may have been\n" +
			"sent since the backup: it is parked as unknown (leadflow mail list --state unknown) and not sent again.",
		Example: "  leadflow lanes release --dry-run\n  leadflow lanes release bulk --sent-until 2026-03-01T09:00:00Z",
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show what would go out and what would be parked")
	cmd.Flags().BoolVar(&resend, "resend", false, "after a restore: send also nurture mail that may have been sent since the backup")
	cmd.Flags().StringVar(&until, "sent-until", "", "after a restore: when the lost house sent last; mail that fell due later goes out (default: when the restore was noticed)")
	cmd.MarkFlagsMutuallyExclusive("resend", "sent-until")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		lane, err := laneArg(args)
		if err != nil {
			return err
		}
		body := fields{}
		if until != "" {
			if _, err := time.Parse(time.RFC3339, until); err != nil {
				return misused("--sent-until is a time such as 2026-03-01T09:00:00Z", "")
			}
			body["sent_until"] = until
		}
		for name, given := range map[string]bool{"dry_run": dry, "resend": resend} {
			if given {
				body[name] = true
			}
		}
		got, err := t.call(ctx, http.MethodPost, "/v1/lanes/"+lane+"/release", body)
		if err != nil {
			return err
		}
		list, err := decode[struct{ Items []record.LaneReleased }](got.body)
		if err != nil {
			return err
		}
		if dry {
			t.tell("Nothing was released: this is what would go out and what would be parked.")
		}
		return showAll(t, got.body, list.Items, releasedColumns)
	})
	return cmd
}
