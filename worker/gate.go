package worker

import (
	"context"
	"time"

	"go.temporal.io/sdk/worker"
)

// flowsAtOnce is how many workflow tasks a worker has under way at most: the SDK's own choice.
const flowsAtOnce = 1000

// tuned gives a worker so many slots for activities. Those for tasks of Temporal are given out only while Postgres answers: what falls
// due meanwhile waits at the server, in its order, and is taken at once when it is back. Taken without Postgres each task would
// end in an activity that is tried again a minute later, before and behind others as it happens, and knows of no delay.
func tuned(local int, answers func(context.Context) error) worker.WorkerTuner {
	fixed, err := worker.NewFixedSizeTuner(worker.FixedSizeTunerOptions{
		NumWorkflowSlots: flowsAtOnce, NumActivitySlots: local, NumLocalActivitySlots: local, NumNexusSlots: 1,
	})
	if err != nil {
		panic("worker: " + err.Error()) // a number that is none
	}
	if answers == nil {
		return fixed
	}
	g := &gate{answers: answers, turn: make(chan struct{}, 1)}
	return guarded{fixed, g}
}

type guarded struct {
	worker.WorkerTuner
	gate *gate
}

func (g guarded) GetWorkflowTaskSlotSupplier() worker.SlotSupplier {
	return guardedFlows{guardedSlots{g.WorkerTuner.GetWorkflowTaskSlotSupplier(), g.gate}}
}

func (g guarded) GetActivityTaskSlotSupplier() worker.SlotSupplier {
	return guardedSlots{g.WorkerTuner.GetActivityTaskSlotSupplier(), g.gate}
}

type guardedSlots struct {
	worker.SlotSupplier
	gate *gate
}

// ReserveSlot is called before each poll.
func (s guardedSlots) ReserveSlot(ctx context.Context, info worker.SlotReservationInfo) (*worker.SlotPermit, error) {
	if err := s.gate.pass(ctx); err != nil {
		return nil, err
	}
	return s.SlotSupplier.ReserveSlot(ctx, info)
}

// guardedFlows looks once more when a poll that began before has brought a task. One that is held for longer than the server waits
// for it is handed out again, to be decided as of then: in its order, and knowing that it is late.
type guardedFlows struct{ guardedSlots }

func (s guardedFlows) MarkSlotUsed(info worker.SlotMarkUsedInfo) {
	ctx, cancel := context.WithTimeout(context.Background(), flowHeld)
	defer cancel()
	_ = s.gate.pass(ctx) // by then the task is void
	s.SlotSupplier.MarkSlotUsed(info)
}

const (
	flowHeld   = 15 * time.Second // a workflow task is void after ten: Temporal's own choice
	answersFor = time.Second      // an answer is believed so long
	answersIn  = 5 * time.Second
	askedAgain = 500 * time.Millisecond
)

// gate is open while Postgres answers. It is asked once a second at most, and not at all while nothing is to do.
type gate struct {
	answers func(context.Context) error
	turn    chan struct{} // who asks; the others wait
	good    time.Time
}

// pass waits until Postgres answers, or the context ends.
func (g *gate) pass(ctx context.Context) error {
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.turn }()
	for time.Since(g.good) > answersFor {
		if g.ask(ctx) == nil {
			g.good = time.Now()
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(askedAgain):
		}
	}
	return nil
}

func (g *gate) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answersIn)
	defer cancel()
	return g.answers(ctx)
}
