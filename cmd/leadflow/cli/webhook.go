package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var hookDeliveryColumns = []column[record.HookDelivery]{
	{"id", func(d record.HookDelivery) any { return d.ID }},
	{"webhook_id", func(d record.HookDelivery) any { return d.WebhookID }},
	{"kind", func(d record.HookDelivery) any { return d.Kind }},
	{"lead_id", func(d record.HookDelivery) any { return d.LeadID }},
	{"state", func(d record.HookDelivery) any { return d.State }},
	{"code", func(d record.HookDelivery) any { return d.Code }},
	{"attempts", func(d record.HookDelivery) any { return d.Attempts }},
	{"created", func(d record.HookDelivery) any { return d.CreatedAt }},
	{"next", func(d record.HookDelivery) any { return d.NotBefore }},
}

type replayedAnswer struct {
	Replayed int `json:"replayed"`
}

var replayedColumns = []column[replayedAnswer]{{"replayed", func(r replayedAnswer) any { return r.Replayed }}}

const webhooksPath = "/v1/webhooks"

func webhooks(t *tool) *cobra.Command {
	return group("webhook", "Webhooks: who is told what happens", "", listCommand(t, list[record.Webhook]{
		short: "Lists subscribers", path: webhooksPath, columns: webhookColumns, example: `  leadflow webhook list`,
	}), webhookCreate(t), webhookSwitch(t, "enable", "Switches a subscriber on again", true), webhookSwitch(t, "disable", "Switches a subscriber off; what waits for it is dropped", false),
		webhookRotate(t), webhookReplay(t), listCommandAs(t, "deliveries", list[record.HookDelivery]{
			short: "Lists what subscribers were told, newest first; --state failed are the dead letters", path: webhooksPath + "/deliveries", columns: hookDeliveryColumns,
			example: `  leadflow webhook deliveries --state failed`,
			filters: []filter{{"state", "state", "only queued, claimed, sending, sent, failed, unknown, suppressed or expired"}, {"webhook", "webhook_id", "only of this subscriber, by id"}},
		}))
}

func listCommandAs[T any](t *tool, use string, l list[T]) *cobra.Command {
	return l.command(t, use, cobra.NoArgs, func([]string) string { return l.path })
}

func webhookCreate(t *tool) *cobra.Command {
	var kinds []string
	var secret, format, team, rep string
	create := &cobra.Command{
		Use: "create URL", Short: "Subscribes a URL; its secret is shown this once", Args: takes("a URL"),
		Long: "Subscribes a URL to what happens; its secret is shown this once. Requests are signed as Standard Webhooks are.\n" +
			"With --format slack the URL is an incoming webhook of Slack: it is the secret, and is not shown again.",
		Example: `  leadflow webhook create https://crm.example.com/leadflow
  leadflow webhook create https://crm.example.com/leadflow --kind handoff.offered --kind handoff.escalated
  leadflow webhook create https://hooks.slack.com/services/T0/B0/x --format slack --team 0199...`,
	}
	create.Flags().StringSliceVar(&kinds, "kind", nil, "only this kind, again for each (default all)")
	create.Flags().StringVar(&secret, "secret", "", "whsec_ and base64 (default: one is made)")
	create.Flags().StringVar(&format, "format", "", "standard or slack (default standard)")
	create.Flags().StringVar(&team, "team", "", "slack: only what concerns reps of this team, by id")
	create.Flags().StringVar(&rep, "rep", "", "slack: only what concerns this rep, by id; alerts have the link that decides")
	create.MarkFlagsMutuallyExclusive("team", "rep")
	create.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{"url": args[0]}
		for name, value := range map[string]string{"secret": secret, "format": format, "team_id": team, "rep_id": rep} {
			body.put(name, value)
		}
		if len(kinds) > 0 {
			body["kinds"] = kinds
		}
		return ask(ctx, t, http.MethodPost, webhooksPath, body, webhookColumns)
	})
	return create
}

func webhookPath(id string) string { return webhooksPath + "/" + url.PathEscape(id) }

func webhookSwitch(t *tool, use, short string, active bool) *cobra.Command {
	return &cobra.Command{
		Use: use + " ID", Short: short, Args: takes("the webhook's id"), Example: "  leadflow webhook " + use + " 0199...",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPatch, webhookPath(args[0]), fields{"active": active}, webhookColumns)
		}),
	}
}

func webhookRotate(t *tool) *cobra.Command {
	var keep, secret string
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Gives a subscriber a new secret, shown this once; those before it sign as well as long as they were kept", Args: takes("the webhook's id"),
		Example: "  leadflow webhook rotate 0199...\n  leadflow webhook rotate 0199... --keep 0",
	}
	cmd.Flags().StringVar(&keep, "keep", "", "how long the secret before signs as well (default 24h)")
	cmd.Flags().StringVar(&secret, "secret", "", "whsec_ and base64 (default: one is made)")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{}
		body.put("keep", keep)
		body.put("secret", secret)
		return ask(ctx, t, http.MethodPost, webhookPath(args[0])+"/rotate", body, webhookColumns)
	})
	return cmd
}

func webhookReplay(t *tool) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "replay ID", Short: "Tries a dead letter again, or with --all every one of a subscriber", Args: takes("the delivery's id, or with --all the webhook's"),
		Example: "  leadflow webhook replay 0199...\n  leadflow webhook replay --all 0199...",
	}
	cmd.Flags().BoolVar(&all, "all", false, "all dead letters of the subscriber with this id")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		path := webhooksPath + "/deliveries/" + url.PathEscape(args[0]) + "/replay"
		if all {
			path = webhookPath(args[0]) + "/replay"
		}
		return ask(ctx, t, http.MethodPost, path, fields{}, replayedColumns)
	})
	return cmd
}
