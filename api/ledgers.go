package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/notify"
)

type mailQuery struct {
	Paged
	State  string `query:"state" enum:"queued,claimed,sending,sent,failed,unknown,suppressed,expired"`
	LeadID string `query:"lead_id" format:"uuid"`
}

func (a *API) mails() {
	add(a, route{method: http.MethodGet, path: "/v1/mails", group: "Mails", summary: "The mail ledger, newest first", roles: everybody}, func(ctx context.Context, in *mailQuery) (*out[record.Page[record.Mail]], error) {
		page, err := a.Reads.Mails(ctx, in.State, in.LeadID, in.Cursor, in.Limit)
		return &out[record.Page[record.Mail]]{page}, err
	})
	a.mailDecisions()
}

func (a *API) address(text string) (string, error) {
	email, ok := a.Intake.NormalizeAddress(text)
	if !ok {
		return "", invalid(FieldError{Field: "email", Code: "invalid", Detail: "must be a bare address such as ada@example.com"})
	}
	return email, nil
}

type webhookBody struct {
	URL    string   `json:"url"`
	Kinds  []string `json:"kinds,omitempty" doc:"absent: all; handoff.offered handoff.reminded handoff.escalated handoff.claimed handoff.assigned handoff.first_touch_due handoff.idle_owner handoff.idle_manager handoff.retracted sequence.notified mail.replied"`
	Secret string   `json:"secret,omitempty" doc:"whsec_ and base64; absent: one is made"`
	Active bool     `json:"active,omitempty" doc:"absent: true"`
}

func (a *API) webhooks() {
	const path, group = "/v1/webhooks", "Webhooks"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List subscribers", roles: operators}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Webhook]], error) {
		page, err := a.Webhooks.Webhooks(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Webhook]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Subscribe; the secret is shown this once", roles: operators, status: http.StatusCreated, body: webhookBody{}, secret: true}, a.subscribe)
}

func (a *API) subscribe(ctx context.Context, _ *struct{}) (*out[record.Webhook], error) {
	b := webhookBody{Active: true}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	var c checks
	if u, err := url.Parse(b.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(b.URL) > 2000 {
		c.add("url", "invalid", "must be an http or https URL without a login in it")
	}
	for _, kind := range b.Kinds {
		if !slices.Contains(record.WebhookKinds, kind) { // one that never comes would only be noticed when it is missed
			c.add("kinds", "invalid", "must be of: "+strings.Join(record.WebhookKinds, " "))
			break
		}
	}
	if b.Secret == "" {
		b.Secret = notify.NewSecret()
	} else if err := notify.CheckSecret(b.Secret); err != nil {
		c.add("secret", "invalid", "must be whsec_ and the base64 of 24 to 64 bytes")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	w, err := a.Webhooks.CreateWebhook(ctx, record.Webhook{URL: b.URL, Secret: b.Secret, Kinds: b.Kinds, Active: b.Active})
	return &out[record.Webhook]{w}, err
}
