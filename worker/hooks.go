package worker

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"

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
		return h.Deliveries.FinishDelivery(ctx, d, "expired", "no_subscriber")
	}
	why, err := h.Deliveries.Sending(ctx, d)
	switch {
	case err != nil || why == stopLost:
		return err
	case why != "":
		return h.Deliveries.FinishDelivery(ctx, d, "expired", strings.TrimPrefix(why, "expired:"))
	}
	a := h.Poster.Post(ctx, d.Webhook.URL, d.Webhook.Secret, d.ID, d.Payload)
	return h.conclude(ctx, d, a)
}

func (h *Hooks) conclude(ctx context.Context, d record.Delivery, a notify.Answer) error {
	code := string(a.Result)
	if a.Status != 0 {
		code = strconv.Itoa(a.Status)
	}
	switch a.Result {
	case notify.Delivered:
		return h.Deliveries.FinishDelivery(ctx, d, "sent", code)
	case notify.Refused, notify.Gone:
		return h.Deliveries.FinishDelivery(ctx, d, "failed", code)
	}
	wait, more := notify.Delay(d.Attempts, rand.Float64())
	if !more { // the number of attempts bounds it, not its age: a subscriber is not to blame while we were away
		return h.Deliveries.FinishDelivery(ctx, d, "failed", code)
	}
	return h.Deliveries.RetryDelivery(ctx, d, code, max(wait, a.RetryAfter))
}
