package worker

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Late knows what an outage made late.
type Late interface {
	// TellLate has carry tell what is late in a lane, to each whom it is for in the order in which it was due, one after the other. It
	// returns when nothing is left that need not wait, or after some seconds. Of several processes one does it.
	TellLate(ctx context.Context, lane string, lease time.Duration, carry func(context.Context, record.Delivery) error) error
}

// lateOften is how often it is looked for.
const lateOften = time.Second

// tellLate tells what is late in a lane, beside its pool: what is on time waits for none of it.
func (h *Host) tellLate(lane string, c Carrier) func(context.Context) error {
	return func(ctx context.Context) error {
		return h.Late.TellLate(ctx, lane, deliveryLease, func(ctx context.Context, d record.Delivery) error {
			// What was begun is finished, as in a pool.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryLease-10*time.Second)
			defer cancel()
			return c.Carry(ctx, d)
		})
	}
}
