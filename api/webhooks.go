package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/span"
	"github.com/leadflow-dev/leadflow/notify"
)

type webhookBody struct {
	URL    string   `json:"url"`
	Kinds  []string `json:"kinds,omitempty" doc:"absent: all; handoff.offered handoff.reminded handoff.escalated handoff.claimed handoff.assigned handoff.first_touch_due handoff.first_touch_reminded handoff.first_touch_escalated handoff.idle_reminded handoff.idle_owner handoff.idle_manager handoff.idle_escalated handoff.retracted handoff.undone handoff.meeting_booked handoff.queue_waits sequence.notified mail.replied"`
	Secret string   `json:"secret,omitempty" doc:"whsec_ and base64; absent: one is made; Slack has none"`
	Active bool     `json:"active,omitempty" doc:"absent: true"`
	Format string   `json:"format,omitempty" enum:"standard,slack" doc:"absent: standard; slack: an incoming webhook of Slack, whose address is its secret and is not shown again"`
	TeamID *string  `json:"team_id,omitempty" doc:"slack: only what concerns reps of this team"`
	RepID  *string  `json:"rep_id,omitempty" doc:"slack: only what concerns this rep; in such a channel alerts have the link that decides, and wait for the rep's hours"`
}

type webhookChangeBody struct {
	URL    *string   `json:"url,omitempty"`
	Kinds  *[]string `json:"kinds,omitempty" doc:"empty: all"`
	Active *bool     `json:"active,omitempty"`
}

type rotateBody struct {
	Secret string `json:"secret,omitempty" doc:"whsec_ and base64; absent: one is made"`
	Keep   string `json:"keep,omitempty" doc:"how long the secret before signs as well; absent: 24h; 0 where it was stolen"`
}

type hookQuery struct {
	Paged
	State     string `query:"state" enum:"queued,claimed,sending,sent,failed,unknown,suppressed,expired" doc:"failed are the dead letters"`
	WebhookID string `query:"webhook_id" format:"uuid"`
}

type replayed struct {
	Replayed int `json:"replayed"`
}

// longestKeep bounds how long two secrets sign.
const longestKeep = 30 * span.Day

func (a *API) webhooks() {
	const path, group = "/v1/webhooks", "Webhooks"
	notFound := []int{http.StatusNotFound}
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List subscribers", roles: operators}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Webhook]], error) {
		page, err := a.Webhooks.Webhooks(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Webhook]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Subscribe; the secret is shown this once", roles: operators, status: http.StatusCreated, body: webhookBody{}, secret: true}, a.subscribe)
	add(a, route{method: http.MethodPatch, path: path + "/{id}", group: group, summary: "Change a subscriber, or switch it off and on", roles: operators, body: webhookChangeBody{}, also: notFound}, a.changeWebhook)
	add(a, route{method: http.MethodPost, path: path + "/{id}/rotate", group: group, summary: "Give a subscriber a new secret, shown this once; those before it sign as well as long as they were kept", roles: operators, body: rotateBody{}, also: notFound, secret: true}, a.rotateWebhook)
	add(a, route{method: http.MethodPost, path: path + "/{id}/replay", group: group, summary: "Try all dead letters of a subscriber again", roles: operators, also: notFound}, func(ctx context.Context, in *ByID) (*out[replayed], error) {
		n, err := a.Webhooks.ReplayDead(ctx, in.ID)
		return &out[replayed]{replayed{n}}, err
	})
	add(a, route{method: http.MethodGet, path: path + "/deliveries", group: group, summary: "What was told to subscribers and channels, newest first", roles: operators}, func(ctx context.Context, in *hookQuery) (*out[record.Page[record.HookDelivery]], error) {
		page, err := a.Webhooks.HookDeliveries(ctx, record.HookFilter{WebhookID: in.WebhookID, State: in.State, Cursor: in.Cursor, Limit: in.Limit})
		return &out[record.Page[record.HookDelivery]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/deliveries/{id}/replay", group: group, summary: "Try a dead letter again, under the id it had", roles: operators, also: notFound}, func(ctx context.Context, in *ByID) (*out[replayed], error) {
		return &out[replayed]{replayed{1}}, a.Webhooks.ReplayDelivery(ctx, in.ID)
	})
}

func (a *API) subscribe(ctx context.Context, _ *struct{}) (*out[record.Webhook], error) {
	b := webhookBody{Active: true, Format: record.FormatStandard}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	c.address(b.URL)
	c.kinds(b.Kinds)
	switch b.Format {
	case record.FormatStandard:
		if b.TeamID != nil || b.RepID != nil {
			c.add("format", "invalid", "must be slack where a team or a rep is named: subscribers are told everything")
		}
		b.Secret = c.secret(b.Secret)
	case record.FormatSlack:
		if b.Secret != "" {
			c.add("secret", "invalid", "must be absent: the address of a Slack webhook is its secret")
		}
		if err := a.whose(ctx, &c, b); err != nil {
			return nil, err
		}
	default:
		c.add("format", "invalid", "must be standard or slack")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	w, err := a.Webhooks.CreateWebhook(ctx, record.Webhook{URL: b.URL, Secret: b.Secret, Kinds: b.Kinds, Active: b.Active, Format: b.Format, TeamID: b.TeamID, RepID: b.RepID})
	return &out[record.Webhook]{w}, err
}

// whose looks up the team or the rep whose channel it is.
func (a *API) whose(ctx context.Context, c *checks, b webhookBody) error {
	if b.TeamID != nil && b.RepID != nil {
		c.add("rep_id", "invalid", "must be absent where a team is named")
		return nil
	}
	if b.TeamID != nil {
		_, err := a.Team.Team(ctx, *b.TeamID)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
		c.exists("team_id", "a team", *b.TeamID, err)
	}
	if b.RepID != nil {
		_, err := a.Team.Rep(ctx, *b.RepID)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
		c.exists("rep_id", "a rep", *b.RepID, err)
	}
	return nil
}

func (a *API) changeWebhook(ctx context.Context, in *ByID) (*out[record.Webhook], error) {
	var b webhookChangeBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	change := record.WebhookChange{Active: b.Active, URL: b.URL}
	if b.URL != nil {
		c.address(*b.URL)
	}
	if b.Kinds != nil {
		c.kinds(*b.Kinds)
		change.Kinds = append([]string{}, *b.Kinds...)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	w, err := a.Webhooks.ChangeWebhook(ctx, in.ID, change)
	return &out[record.Webhook]{w}, err
}

func (a *API) rotateWebhook(ctx context.Context, in *ByID) (*out[record.Webhook], error) {
	b := rotateBody{Keep: "24h"}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	b.Secret = c.secret(b.Secret)
	keep, err := span.Parse(b.Keep)
	if err != nil || keep.Duration() > longestKeep {
		c.add("keep", "invalid", "must be a duration of at most 30 days such as 24h")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	w, err := a.Webhooks.RotateWebhook(ctx, in.ID, b.Secret, keep.Duration())
	return &out[record.Webhook]{w}, err
}

func (c *checks) address(text string) {
	if u, err := url.Parse(text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(text) > 2000 {
		c.add("url", "invalid", "must be an http or https URL without a login in it")
	}
}

func (c *checks) kinds(kinds []string) {
	for _, kind := range kinds {
		if !slices.Contains(record.WebhookKinds, kind) { // one that never comes would only be noticed when it is missed
			c.add("kinds", "invalid", "must be of: "+strings.Join(record.WebhookKinds, " "))
			return
		}
	}
}

// secret checks what was given, or makes one.
func (c *checks) secret(given string) string {
	if given == "" {
		return notify.NewSecret()
	}
	if notify.CheckSecret(given) != nil {
		c.add("secret", "invalid", "must be whsec_ and the base64 of 24 to 64 bytes")
	}
	return given
}
