package worker

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/notify"
)

// Poster posts signed webhooks.
type Poster interface {
	Post(ctx context.Context, target, secret, id string, body []byte, older ...string) notify.Answer
}

// Hooks carries webhooks: at least once, under a stable id.
type Hooks struct {
	Deliveries Deliveries
	Poster     Poster
}

// Carry posts one webhook.
func (h *Hooks) Carry(ctx context.Context, d record.Delivery) error {
	if d.Stop != "" || d.Webhook == nil {
		return h.Deliveries.FinishDelivery(ctx, d.ID, "expired", "no_subscriber")
	}
	if why, err := h.Deliveries.Sending(ctx, d.ID); err != nil || why != "" {
		if err != nil {
			return err
		}
		return h.Deliveries.FinishDelivery(ctx, d.ID, "expired", why)
	}
	a := h.Poster.Post(ctx, d.Webhook.URL, d.Webhook.Secret, d.ID, d.Payload)
	return h.conclude(ctx, d, a, time.Now())
}

func (h *Hooks) conclude(ctx context.Context, d record.Delivery, a notify.Answer, now time.Time) error {
	code := string(a.Result)
	if a.Status != 0 {
		code = strconv.Itoa(a.Status)
	}
	switch a.Result {
	case notify.Delivered:
		return h.Deliveries.FinishDelivery(ctx, d.ID, "sent", code)
	case notify.Refused, notify.Gone:
		return h.Deliveries.FinishDelivery(ctx, d.ID, "failed", code)
	}
	wait, more := notify.Delay(d.Attempts, rand.Float64())
	if !more || now.Sub(d.CreatedAt) > 48*time.Hour {
		return h.Deliveries.FinishDelivery(ctx, d.ID, "failed", code)
	}
	return h.Deliveries.RetryDelivery(ctx, d.ID, code, max(wait, a.RetryAfter))
}
