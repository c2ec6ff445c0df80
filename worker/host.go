package worker

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Desk sends again what people decided and nobody has answered, and asks runs how far they have come.
type Desk interface {
	Resend(ctx context.Context) error
	// Version is that of the lead to which its run has come, as Temporal has kept it; there is false where there is no run.
	Version(ctx context.Context, leadID string) (version int64, there bool, err error)
}

// Importer works off imports and their undoing; it answers whether it found one. It is called by several at once.
type Importer interface {
	RunOne(ctx context.Context) (bool, error)
	UndoOne(ctx context.Context) (bool, error)
	// ReleaseStarts lets go what imports parked, as their pace allows, and answers when to ask again.
	ReleaseStarts(ctx context.Context) (time.Duration, error)
}

// Bulks carries decisions over many leads; it answers whether it found any to carry. It is called by several at once.
type Bulks interface {
	BulkOne(ctx context.Context) (bool, error)
}

// bulksAtOnce is how many bulk actions a process carries, each at a pace of its own: a small one waits behind no large one.
const bulksAtOnce = 2

// Host is everything a worker process does beside polling Temporal.
type Host struct {
	Outbox     Outbox
	Deliveries Deliveries
	Handover   Handover // nil: whatever is made is claimed
	Listener   Listener
	Sweeper    Sweeper
	Scores     Scores
	Holds      Holds
	Away       Away
	Places     Places
	Journeys   Journeys  // nil: others fold
	Customers  Customers // nil: others ask
	Late       Late      // nil: others tell what is late
	Client     client.Client
	Mails      Carrier // of nurture mail
	Alerts     Carrier // of mail to sales, which waits for no nurture mail: it has connections of its own
	Hooks      Carrier
	Desk       Desk
	Importer   Importer
	Bulks      Bulks // nil: others carry bulk actions
	Tide       *Tide // nil: nobody watches for restores
	TaskQueue  string
	Log        *slog.Logger
	Parallel   int // calls of the relay at once
	Senders    int // connections for mails of the bulk lane
	Throttle   *Throttle
	Shares     Shares        // of the throttle's limits, with the house's other processes
	WatchEvery time.Duration // how often predictors in use are looked after, on a schedule of Temporal's; 0: not at all
}

// importsAtOnce is how many imports a process works on, so that a small one waits behind no large one. They share its pace.
const importsAtOnce = 4

// Of each connection for nurture mail, mailsForEach are at work: one is sent, while another is composed and the end of a
// third is stored; and aheadForEach more are claimed.
const (
	mailsForEach = 3
	aheadForEach = 6
)

// Run works until the context ends, then finishes what was begun.
func (h *Host) Run(ctx context.Context) error {
	b := newBells("outbox", record.LaneAlert, record.LaneBulk, record.LaneWebhook, "decision", "import", "starts", "model", "bulk_action", "model_preview")
	relay := &Relay{Outbox: h.Outbox, Client: h.Client, TaskQueue: h.TaskQueue, Log: h.Log, Parallel: h.Parallel, bells: b}
	pool := func(lane string, c Carrier, workers, ahead int) func() error {
		p := newPool(lane, h.Deliveries, c, workers, ahead, b, h.Log)
		stop := func() {}
		if h.Handover != nil {
			stop = h.Handover.HandOver(lane, deliveryLease, p)
		}
		return func() error {
			defer stop()
			return p.Run(ctx)
		}
	}
	h.Throttle.Share() // before anything is claimed
	var g errgroup.Group
	sure := make(chan struct{}) // closed when Temporal's mark was read: see unsureLanes
	whenSure := func(run func() error) func() error {
		return func() error {
			select {
			case <-sure:
				return run()
			case <-ctx.Done():
				return nil
			}
		}
	}
	g.Go(func() error {
		err := h.Listener.Listen(ctx, b.ring)
		if ctx.Err() != nil {
			return nil
		}
		return err
	})
	g.Go(whenSure(func() error { return relay.Run(ctx) }))
	g.Go(pool(record.LaneAlert, h.Alerts, 4, 0))
	g.Go(whenSure(func() error {
		return pool(record.LaneBulk, h.Mails, mailsForEach*max(1, h.Senders), aheadForEach*max(1, h.Senders))()
	}))
	g.Go(pool(record.LaneWebhook, h.Hooks, 4, 0))
	g.Go(func() error { return h.Throttle.Keep(ctx, h.Shares, h.Log) })
	g.Go(func() error { return h.every(ctx, b, "decision", 2*time.Second, "pending decisions", h.Desk.Resend) })
	g.Go(func() error { return h.every(ctx, b, "sweep", time.Hour, "sweep", h.Sweeper.Sweep) })
	g.Go(func() error {
		return h.every(ctx, b, "model", time.Minute, "scores by the published model", h.Scores.Rescore)
	})
	g.Go(func() error {
		return h.every(ctx, b, "model_preview", 5*time.Second, "previews of models", untilNone(h.Scores.PreviewModel))
	})
	g.Go(func() error { return h.turns(ctx, b) })
	g.Go(func() error {
		return h.every(ctx, b, "held", 5*time.Second, "leads that are held up no more", h.release)
	})
	g.Go(func() error { return h.every(ctx, b, "away", awayOften, "offers to who is away", h.reroute) })
	g.Go(func() error { return h.every(ctx, b, "places", placesOften, "places of reps", h.freePlaces) })
	for lane, c := range map[string]Carrier{record.LaneAlert: h.Alerts, record.LaneWebhook: h.Hooks} {
		if h.Late != nil {
			g.Go(func() error { return h.every(ctx, b, "late", lateOften, "telling what is late", h.tellLate(lane, c)) })
		}
	}
	if h.Journeys != nil {
		g.Go(func() error { return h.every(ctx, b, "journeys", journeysOften, "folding journeys", h.foldJourneys) })
	}
	if h.WatchEvery > 0 {
		g.Go(func() error { return h.keepSchedule(ctx, b) })
	}
	if h.Customers != nil {
		g.Go(func() error { return h.every(ctx, b, "customers", customersOften, "asking customers", h.askCustomers) })
	}
	if h.Tide != nil {
		g.Go(func() error { return h.Tide.watch(ctx, b, sure) })
	} else {
		close(sure)
	}
	for range importsAtOnce {
		g.Go(func() error { return h.every(ctx, b, "import", 5*time.Second, "imports", untilNone(h.Importer.RunOne)) })
	}
	g.Go(func() error {
		return h.every(ctx, b, "undo", 2*time.Second, "undoing imports", untilNone(h.Importer.UndoOne))
	})
	g.Go(func() error { return h.starts(ctx, b) })
	for range bulksAtOnce {
		if h.Bulks != nil {
			g.Go(func() error {
				return h.every(ctx, b, "bulk_action", 2*time.Second, "bulk actions", untilNone(h.Bulks.BulkOne))
			})
		}
	}
	return g.Wait()
}

// every runs a job at each ring and at least so often. A failure is told and tried again.
func (h *Host) every(ctx context.Context, b bells, channel string, often time.Duration, what string, job func(context.Context) error) error {
	for {
		if err := job(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn(what+" failed; it is tried again", "error", err)
		}
		if !b.wait(ctx, channel, often) {
			return nil
		}
	}
}

// untilNone does one after the other as long as there are any.
func untilNone(one func(context.Context) (bool, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			found, err := one(ctx)
			if err != nil || !found || ctx.Err() != nil {
				return err
			}
		}
	}
}

// release lets leads go on that were held up.
func (h *Host) release(ctx context.Context) error {
	n, err := h.Holds.ReleaseHeldUp(ctx)
	if n > 0 {
		h.Log.Info("leads go on that were held up", "leads", n)
	}
	return err
}

// starts lets go what imports parked.
func (h *Host) starts(ctx context.Context, b bells) error {
	for {
		again, err := h.Importer.ReleaseStarts(ctx)
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("starts of imports cannot be let go; it is tried again", "error", err)
		}
		if !b.wait(ctx, "starts", again) {
			return nil
		}
	}
}

// turnsIdle is the longest nobody looks at scores: one that is to turn sooner than those known before is at most so late.
const turnsIdle = time.Second

// turns sleeps from one moment at which a score turns to the next.
func (h *Host) turns(ctx context.Context, b bells) error {
	for {
		after, err := h.Scores.Turn(ctx, turnsIdle)
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("scores that turn by themselves failed; they are tried again", "error", err)
		}
		if !b.wait(ctx, "turn", after) {
			return nil
		}
	}
}
