package worker

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// AlertMails carries mail to sales, in the hours of whom it is for.
type AlertMails struct {
	Carrier
	Deliveries Deliveries
	Quiet      *Quiet
}

// Carry sends one, or puts it back until its rep is at work.
func (a *AlertMails) Carry(ctx context.Context, d record.Delivery) error {
	if d.Stop == "" && !d.Hold {
		if waits, err := a.Quiet.wait(ctx, a.Deliveries, d); waits || err != nil {
			return err
		}
	}
	return a.Carrier.Carry(ctx, d)
}
