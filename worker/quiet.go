package worker

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Hours knows when reps are at work.
type Hours interface {
	// OpensIn is how long it is until the hours of the alert's rep begin; 0: they have, or it is of a kind that the policy calls
	// urgent.
	OpensIn(ctx context.Context, repID, kind string) (time.Duration, error)
}

// Quiet keeps alerts until their rep is at work.
type Quiet struct{ Hours Hours }

// codeQuiet is why such an alert waits.
const codeQuiet = "quiet_hours"

// wait puts an alert back until its rep's hours begin, and reports whether it did. Whether it may still go out then is looked
// at then.
func (q *Quiet) wait(ctx context.Context, to Deliveries, d record.Delivery) (bool, error) {
	if q == nil || d.RepID == "" || d.Lane == record.LaneBulk {
		return false, nil
	}
	after, err := q.Hours.OpensIn(ctx, d.RepID, d.Kind)
	if err != nil || after <= 0 {
		return false, err
	}
	return true, to.HoldDelivery(ctx, d, codeQuiet, after)
}
