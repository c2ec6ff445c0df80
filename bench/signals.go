package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
)

// signals is what engagement would be if every event were told to a run. Leads are drawn as for ours; of those that are
// seldom drawn several share a run, since hundred thousand runs take a quarter of an hour to begin.
type signals struct {
	*bench
	temporal client.Client
	worker   worker.Worker
}

const (
	signalRuns   = 2000
	signalQueue  = "bench-signals"
	signalName   = "event"
	signalsAtMax = 500 // of a run, then it goes on anew: histories stay short, as they would have to
)

// count takes signals in and counts them.
func count(ctx workflow.Context, counted int) error {
	events := workflow.GetSignalChannel(ctx, signalName)
	for taken := 0; ; taken++ {
		events.Receive(ctx, nil)
		counted++
		if taken >= signalsAtMax && events.Len() == 0 {
			return workflow.NewContinueAsNewError(ctx, count, counted)
		}
	}
}

func newSignals(ctx context.Context, b *bench) (*signals, error) {
	c, err := dial(b)
	if err != nil {
		return nil, err
	}
	s := &signals{bench: b, temporal: c, worker: bareWorker(c, signalQueue)}
	s.worker.RegisterWorkflow(count)
	if err := s.worker.Start(); err != nil {
		return nil, err
	}
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(16)
	for i := range signalRuns {
		all.Go(func() error {
			_, err := c.ExecuteWorkflow(within, client.StartWorkflowOptions{ID: signalled(i), TaskQueue: signalQueue}, count, 0)
			return err
		})
	}
	return s, all.Wait()
}

func signalled(i int) string { return fmt.Sprintf("signals/%d", i) }

// side signals the runs of leads as they are drawn.
func (s *signals) side(leads func(*rand.Rand) func() int) measure.Side {
	steps := make([]load.Step, 64)
	for i := range steps {
		next := leads(rand.New(rand.NewPCG(uint64(i), 20260101)))
		steps[i] = func(ctx context.Context) (int, error) {
			return 1, s.temporal.SignalWorkflow(ctx, signalled(next()%signalRuns), "", signalName, plainProperties)
		}
	}
	return measure.Side{Name: "one signal an event, 64 clients", Unit: "signals/s", Measure: func(ctx context.Context) (measure.Sample, error) {
		if err := s.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		return load.Closed(ctx, s.window(), steps, s.rig.CPU)
	}}
}

func (s *signals) close() {
	s.worker.Stop()
	s.temporal.Close()
}

// dial connects to the Temporal of the rig.
func dial(b *bench) (client.Client, error) {
	return client.Dial(client.Options{HostPort: b.rig.Temporal, Identity: "bench", Logger: silent{}})
}

// bareWorker polls as the product's own worker does (worker/register.go): what is compared is the work.
func bareWorker(c client.Client, queue string) worker.Worker {
	return worker.New(c, queue, worker.Options{
		Identity: "bench", WorkerStopTimeout: 5 * time.Second, MaxConcurrentActivityExecutionSize: 32,
		WorkflowTaskPollerBehavior: pollers(16), ActivityTaskPollerBehavior: pollers(8),
	})
}

func pollers(most int) worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: 4, MinimumNumberOfPollers: 2, MaximumNumberOfPollers: most,
	})
}

// silent is a logger for what is asked often and may fail.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
