package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

// b8 starts the whole product on data that is there until the first lead is captured, against Temporal alone, on a
// Postgres that runs already, until its first workflow is started.
func b8(ctx context.Context, b *bench) ([]measure.Result, error) {
	if err := b.startWhole(ctx, 0, nil); err != nil { // makes the data
		return nil, err
	}
	if err := b.startAlone(ctx, 0, nil); err != nil {
		return nil, err
	}
	ours := b.startUp("the whole product to the first 201", b.startWhole)
	bare := b.startUp("Temporal alone to its first workflow", b.startAlone)
	samples, err := b.inTurn(ctx, b.pairs, ours, bare)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("B8", "data directory present; ours includes Postgres, Temporal with its UI, mail catcher, API and worker", measure.AtMost(3), ours, bare, samples[0], samples[1])
	return []measure.Result{r}, nil
}

// startUp measures from the launch until start calls ready; what comes after is not counted.
func (b *bench) startUp(name string, start func(ctx context.Context, try int, ready func()) error) measure.Side {
	try := 0
	return measure.Side{Name: name, Unit: "s", Measure: func(ctx context.Context) (measure.Sample, error) {
		if err := b.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		try++
		var s measure.Sample
		used, began := b.rig.CPU(), time.Now()
		err := start(ctx, try, func() {
			s = measure.Sample{Units: 1, Seconds: time.Since(began).Seconds(), CPU: load.Less(b.rig.CPU(), used)}
			s.Value = s.Seconds
		})
		return s, err
	}}
}

func (b *bench) startWhole(ctx context.Context, try int, ready func()) error {
	w, err := b.rig.StartWhole(ctx)
	if err != nil {
		return err
	}
	defer w.Stop()
	if _, err := rig.Call(ctx, w.URL, w.Key, "POST", "/v1/leads", rig.Object{"email": fmt.Sprintf("first%d@person.example", try)}); err != nil {
		return err
	}
	if ready != nil {
		ready()
	}
	return nil
}

func (b *bench) startAlone(ctx context.Context, try int, ready func()) error {
	defer b.rig.StopTemporal()
	if err := b.rig.StartTemporal(ctx); err != nil {
		return err
	}
	c, err := dial(b)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: fmt.Sprintf("first/%d", try), TaskQueue: "nobody"}, "nothing"); err != nil {
		return err
	}
	if ready != nil {
		ready()
	}
	return nil
}
