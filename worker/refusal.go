package worker

import (
	"cmp"
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
)

// viaSending marks a bounce that the server told us itself when the mail was sent.
const viaSending = "sending"

// refused ends a mail that the server did not take, for good or for longer than anybody waits, and does what that means for its
// recipient.
//
// A mail that never came to DATA can be refused again: if we die in between, it is. So what it means comes first. One that was
// refused after it is known to have failed, and must not become unknown because its meaning could not be stored.
func (m *Mailing) refused(ctx context.Context, d record.Delivery, out mail.Outcome, state, code string) error {
	if out.Phase == mail.PhaseRcpt {
		if err := m.bounced(ctx, d, out); err != nil {
			return err
		}
		return m.Deliveries.FinishDelivery(ctx, d, state, code)
	}
	if err := m.Deliveries.FinishDelivery(ctx, d, state, code); err != nil {
		return err
	}
	return m.bounced(ctx, d, out)
}

// bounced tells of mail to a person; reps and those who test are nobody's leads.
func (m *Mailing) bounced(ctx context.Context, d record.Delivery, out mail.Outcome) error {
	b, told := out.Bounce()
	if !told || !toItsLead(d) {
		return nil
	}
	_, err := m.Bounces.TakeReturned(ctx, record.Returned{
		Kind: record.ReturnedBounce, Hard: b.Hard, Ours: b.Ours, Status: cmp.Or(b.Status, b.Code), DeliveryID: d.ID, SentTo: d.To, Via: viaSending,
	})
	return err
}
