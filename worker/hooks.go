package worker

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/notify"
)

// Poster posts signed webhooks, and what goes to an address that is itself a secret.
type Poster interface {
	Post(ctx context.Context, target, secret, id string, body []byte, older ...string) notify.Answer
	Send(ctx context.Context, target string, body []byte) notify.Answer
}

// Subscribers are whom webhooks go to.
type Subscribers interface {
	// DisableWebhook stops telling a subscriber.
	DisableWebhook(ctx context.Context, id, why string) error
}

// Hooks carries webhooks and messages to Slack: at least once, under a stable id.
type Hooks struct {
	Deliveries  Deliveries
	Poster      Poster
	Letters     *Letters    // writes what Slack shows
	Subscribers Subscribers // nil: one who is gone is told on
	Quiet       *Quiet      // nil: a rep's channel has no quiet hours
}

// Carry posts one webhook.
func (h *Hooks) Carry(ctx context.Context, d record.Delivery) error {
	if d.Stop != "" || d.Webhook == nil {
		return h.Deliveries.FinishDelivery(ctx, d, "expired", endOf(d))
	}
	if d.Channel == channelSlack && d.Webhook.RepID != nil {
		if waits, err := h.Quiet.wait(ctx, h.Deliveries, d); waits || err != nil {
			return err
		}
	}
	body := []byte(d.Payload)
	if d.Channel == channelSlack {
		var err error
		if body, err = h.Letters.slack(d); err != nil {
			return h.Deliveries.FinishDelivery(ctx, d, "failed", "compose")
		}
	}
	why, err := h.Deliveries.Sending(ctx, d)
	switch {
	case err != nil || why == stopLost:
		return err
	case why != "":
		return h.Deliveries.FinishDelivery(ctx, d, "expired", strings.TrimPrefix(why, "expired:"))
	}
	return h.conclude(ctx, d, h.post(ctx, d, body))
}

// endOf is why a message goes nowhere: what it tells of is over, or nobody wants it any more.
func endOf(d record.Delivery) string {
	if _, why, ok := strings.Cut(d.Stop, ":"); ok && d.Webhook != nil {
		return why
	}
	return "no_subscriber"
}

func (h *Hooks) post(ctx context.Context, d record.Delivery, body []byte) notify.Answer {
	if d.Channel == channelSlack {
		return h.Poster.Send(ctx, d.Webhook.URL, body)
	}
	return h.Poster.Post(ctx, d.Webhook.URL, d.Webhook.Secret, d.ID, body, d.Webhook.OlderSecrets...)
}

func (h *Hooks) conclude(ctx context.Context, d record.Delivery, a notify.Answer) error {
	code := string(a.Result)
	if a.Status != 0 {
		code = strconv.Itoa(a.Status)
	}
	switch a.Result {
	case notify.Delivered:
		return h.Deliveries.FinishDelivery(ctx, d, "sent", code)
	case notify.Gone:
		if h.Subscribers != nil { // it says so itself: nothing more is to come
			if err := h.Subscribers.DisableWebhook(ctx, d.Webhook.ID, code); err != nil {
				return err
			}
		}
		return h.Deliveries.FinishDelivery(ctx, d, "failed", code)
	case notify.Refused:
		return h.Deliveries.FinishDelivery(ctx, d, "failed", code)
	}
	wait, more := notify.Delay(d.Attempts, rand.Float64())
	if !more { // the number of attempts bounds it, not its age: a subscriber is not to blame while we were away
		return h.Deliveries.FinishDelivery(ctx, d, "failed", code)
	}
	return h.Deliveries.RetryDelivery(ctx, d, code, max(wait, a.RetryAfter))
}
