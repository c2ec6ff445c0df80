package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Handoffs is who gets which lead.
type Handoffs struct{ Sales Sales }

// OfferHandoff finds a rep and tells them. Their clock runs from when they are told, not from when the lead wished for
// them: an outage between the two is not theirs.
func (h *Handoffs) OfferHandoff(ctx context.Context, cmd lifecycle.Command) (record.Granted, error) {
	if activity.IsActivity(ctx) {
		cmd.At = cmd.At.Add(delay(activity.GetInfo(ctx)))
	}
	g, err := h.Sales.Offer(ctx, cmd)
	return g, scrub(ctx, err)
}

// ClaimLead gives a queued lead to the rep who took it.
func (h *Handoffs) ClaimLead(ctx context.Context, cmd lifecycle.Command) (record.Granted, error) {
	g, err := h.Sales.Claim(ctx, cmd)
	return g, scrub(ctx, err)
}

// AssignLead gives a lead at work to another rep or team.
func (h *Handoffs) AssignLead(ctx context.Context, cmd lifecycle.Command) (record.Granted, error) {
	g, err := h.Sales.Assign(ctx, cmd)
	return g, scrub(ctx, err)
}

// AlertSales writes a reminder or an escalation, which says how late it is by the moment at which it is written.
func (h *Handoffs) AlertSales(ctx context.Context, cmd lifecycle.Command) error {
	if activity.IsActivity(ctx) {
		cmd.At = cmd.At.Add(delay(activity.GetInfo(ctx)))
	}
	return scrub(ctx, h.Sales.Alert(ctx, cmd))
}

// PlanClocks computes deadlines in business time.
func (h *Handoffs) PlanClocks(ctx context.Context, cmd lifecycle.Command) ([]lifecycle.Clock, error) {
	clocks, err := h.Sales.Plan(ctx, cmd)
	return clocks, scrub(ctx, err)
}

// delay is how long an activity waited to be tried, by one clock: the server's.
func delay(info activity.Info) time.Duration {
	if d := info.StartedTime.Sub(info.ScheduledTime); d > time.Minute {
		return d
	}
	return 0
}
