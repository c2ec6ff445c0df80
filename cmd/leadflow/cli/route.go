package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func routes(t *tool) *cobra.Command {
	return group("route", "Routing: who gets which lead, and why", "", listCommand(t, list[record.Route]{
		short: "Lists versions of the routing document, newest first", path: "/v1/routes", columns: routeColumns, example: `  leadflow route list`,
	}), routeCreate(t), routePublish(t, "publish", "Routes leads by a version from now on"),
		routePublish(t, "retire", "Takes a version out of use; without a published one everybody goes in turn"),
		schemaCommand(t, document.KindRouting), routePreview(t), routeExplain(t))
}

func routeCreate(t *tool) *cobra.Command {
	var publish bool
	var note string
	cmd := &cobra.Command{
		Use: "create FILE", Short: "Keeps a routing document as a new version; - is standard input", Args: takes("a file"),
		Example: `  leadflow route create routing.yaml --note "DACH has its own pool" --publish`,
	}
	cmd.Flags().BoolVar(&publish, "publish", false, "route leads by it at once")
	cmd.Flags().StringVar(&note, "note", "", "what is new")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := t.source(args[0])
		if err != nil {
			return err
		}
		body.put("note", note)
		return keep(ctx, t, "/v1/routes", body, publish, routeColumns, func(r record.Route) string {
			return publishPath("routes", strconv.Itoa(r.Version))
		})
	})
	return cmd
}

func routePublish(t *tool, verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " VERSION", Short: short, Args: takes("the version"), Example: fmt.Sprintf("  leadflow route %s 3", verb),
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, "/v1/routes/"+url.PathEscape(args[0])+"/"+verb, nil, routeColumns)
		}),
	}
}

func routePreview(t *tool) *cobra.Command {
	var last int
	var changed bool
	cmd := &cobra.Command{
		Use: "preview FILE|VERSION", Short: "Shows who would have got the last leads, and the difference to today; writes nothing", Args: takes("a file or a version"),
		Long: "Plays a document, a draft among them, over the last leads in the order in which they came, with the reps as they are now:\n" +
			"as if nobody had been given any of these leads yet. Beside it stands what the published document would do with the same\n" +
			"leads, and who had them in truth.",
		Example: "  leadflow route preview routing.yaml --last 500\n  leadflow route preview 4 --last 500 --changed",
	}
	cmd.Flags().IntVar(&last, "last", 100, "how many leads, from the newest back; 1,000 at most")
	cmd.Flags().BoolVar(&changed, "changed", false, "list only leads that would go to somebody else")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		path, body := "/v1/routes/preview", fields{}
		if _, err := strconv.Atoi(args[0]); err == nil {
			path = "/v1/routes/" + args[0] + "/preview"
		} else if body, err = t.source(args[0]); err != nil {
			return err
		}
		body["last"] = last
		got, err := t.call(ctx, http.MethodPost, path, body)
		if err != nil {
			return err
		}
		p, err := decode[record.RoutePreview](got.body)
		if err != nil {
			return err
		}
		return t.showRoutePreview(got.body, p, changed)
	})
	return cmd
}

func (t *tool) showRoutePreview(body []byte, p record.RoutePreview, changed bool) error {
	var rows []record.RoutePreviewRow
	for _, r := range p.Items {
		if !changed || of(r.Would) != of(r.Today) {
			rows = append(rows, r)
		}
	}
	if err := showAll(t, body, rows, routePreviewColumns); err != nil || t.format != formatTable {
		return err
	}
	t.tell("%d leads: %d would go to somebody else than today, %d to nobody.", p.Leads, p.Changed, p.Nobody)
	for _, s := range p.Rules {
		if s.Would > 0 {
			t.tell("Rule %s: %d.", s.ID, s.Would)
		}
	}
	for _, s := range p.Reps {
		t.tell("%s: %d, by today's document %d, in truth %d.", s.Name, s.Would, s.Today, s.Had)
	}
	return nil
}

func of(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func routeExplain(t *tool) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "explain LEAD", Short: "Tells in words who was offered a lead, and why", Args: takes("the lead's id"),
		Example: "  leadflow route explain 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59\n  leadflow route explain 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 -o json",
	}
	cmd.Flags().BoolVar(&all, "all", false, "every decision, not only the last")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		path := leadPath(args[0], "routing") + "?limit=1"
		if all {
			path = leadPath(args[0], "routing") + "?limit=200"
		}
		got, err := t.call(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		p, err := decode[record.Page[record.Routed]](got.body)
		if err != nil {
			return err
		}
		if t.format != formatTable {
			return showAll(t, got.body, p.Items, routedColumns)
		}
		if len(p.Items) == 0 {
			t.tell("Nobody was ever looked for: the lead has not qualified.")
		}
		for _, d := range p.Items {
			if _, err := fmt.Fprintf(t.Out, "%s\n", d.At.UTC().Format("2006-01-02 15:04:05 MST")); err != nil {
				return err
			}
			for _, line := range d.Words {
				if _, err := fmt.Fprintf(t.Out, "  %s\n", line); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return cmd
}

var routeColumns = []column[record.Route]{
	{"version", func(r record.Route) any { return r.Version }},
	{"state", func(r record.Route) any { return r.State }},
	{"author", func(r record.Route) any { return r.Author }},
	{"created", func(r record.Route) any { return r.CreatedAt }},
	{"published", func(r record.Route) any { return r.PublishedAt }},
	{"note", func(r record.Route) any { return r.Note }},
}

var routePreviewColumns = []column[record.RoutePreviewRow]{
	{"lead_id", func(r record.RoutePreviewRow) any { return r.LeadID }},
	{"rule", func(r record.RoutePreviewRow) any { return r.Rule }},
	{"pool", func(r record.RoutePreviewRow) any { return r.Pool }},
	{"would", func(r record.RoutePreviewRow) any { return of(r.Would) }},
	{"today", func(r record.RoutePreviewRow) any { return of(r.Today) }},
	{"had", func(r record.RoutePreviewRow) any { return of(r.Had) }},
	{"why", func(r record.RoutePreviewRow) any { return r.Why }},
}

var routedColumns = []column[record.Routed]{
	{"at", func(r record.Routed) any { return r.At }},
	{"document", func(r record.Routed) any { return r.Document }},
	{"rule", func(r record.Routed) any { return r.Rule }},
	{"pool", func(r record.Routed) any { return r.Pool }},
	{"rep_id", func(r record.Routed) any { return of(r.RepID) }},
	{"why", func(r record.Routed) any { return r.Why }},
	{"candidates", func(r record.Routed) any { return len(r.Candidates) }},
}
