package worker

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Outbox is what runs must be told.
type Outbox interface {
	// ClaimOutbox takes due rows by lease, the most urgent first, at most one in flight per lead; no lock is held afterwards.
	ClaimOutbox(ctx context.Context, limit int, lease time.Duration) ([]record.OutboxRow, error)
	// SentOutbox deletes the rows that still are what was sent; a row that grew meanwhile becomes due again.
	SentOutbox(ctx context.Context, sent []record.OutboxRow) error
	// DeferOutbox puts a row back until later, unless somebody else has claimed it since.
	DeferOutbox(ctx context.Context, row record.OutboxRow, until time.Duration) error
	// ReleaseOutbox gives back what was claimed and not tried, unless somebody else has claimed it since.
	ReleaseOutbox(ctx context.Context, rows []record.OutboxRow) error
}

// Deliveries is what leaves the house. Whoever carries a claim that is not the newest any more changes nothing.
type Deliveries interface {
	// ClaimDeliveries takes due rows of a lane by lease, with all their pools need. Rows whose sender died in state
	// sending become unknown (or, at-least-once, are claimed again); rows whose sender died before are claimed again.
	// What could be claimed comes also beside an error.
	ClaimDeliveries(ctx context.Context, lane string, limit int, lease time.Duration) ([]record.Delivery, error)
	// Sending commits that DATA is about to begin, with the composed bytes, if the delivery may still be sent at this instant:
	// suppression, pause, cycle, stage, address and open offer are looked at again. It answers why not (suppressed:<why>,
	// expired:<why>, paused, moved: the address is another by now, warmup: the house has
	// sent what it may today, or lost: somebody else has it), or "".
	Sending(ctx context.Context, d record.Delivery) (stop string, err error)
	// Finish stores the outcome: sent, failed, unknown, suppressed, expired.
	FinishDelivery(ctx context.Context, d record.Delivery, state, code string) error
	// RetryDelivery puts it back for later, with the code of what went wrong.
	RetryDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error
	// HoldDelivery puts it back for later because the lead is paused, which is no failure.
	HoldDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error
	// EndDelivery stores an end that is none of these: bytes that were kept though they were not sent, a turn that was given.
	EndDelivery(ctx context.Context, d record.Delivery, e record.DeliveryEnd) error
	// NextDelivery is how long it is until the next row of the lane falls due, and whether one waits.
	NextDelivery(ctx context.Context, lane string) (after time.Duration, waits bool, err error)
}

// Handover gives deliveries to who carries them, in the process in which they are made.
type Handover interface {
	// HandOver has deliveries of a lane taken as soon as they are committed, claimed for so long, until stop.
	HandOver(lane string, lease time.Duration, t record.Taker) (stop func())
}

// Bounces is what a refused mail means for a person.
type Bounces interface {
	// TakeReturned does what follows of a bounce - the ledger of returns, the event, the suppression, what the run must hear -
	// and answers what did (record.As...). Told again nothing follows.
	TakeReturned(ctx context.Context, r record.Returned) (as string, err error)
}

// Listener hears when Postgres has work: outbox, alert, bulk, webhook, import, starts, decision, model,
// model_preview.
type Listener interface {
	// Listen calls heard for every notification until the context ends; it reconnects by itself.
	Listen(ctx context.Context, heard func(channel string)) error
}

// Sweeper keeps house: it throws away what has had its time.
type Sweeper interface {
	Sweep(ctx context.Context) error
}

// Holds let leads go on that were held up.
type Holds interface {
	// ReleaseHeldUp tells the runs of leads whose sequence was held and is not any more, each at its moment.
	ReleaseHeldUp(ctx context.Context) (released int, err error)
}

// Scores are kept true while nothing happens to their leads.
type Scores interface {
	// Rescore scores by the published model whom another one scored, until nobody is left.
	Rescore(ctx context.Context) error
	// PreviewModel counts what a version would make of everybody, and answers whether there was a preview to count.
	PreviewModel(ctx context.Context) (bool, error)
	// Turn looks again at the scores whose moment has come, and answers how long it is until the next, at most that long.
	Turn(ctx context.Context, most time.Duration) (time.Duration, error)
}
