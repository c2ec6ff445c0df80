package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

const (
	b5Background = 500 // events a second, of leads that cross nothing
	b5PerSecond  = 5   // leads that do
	b5Leads      = 20_000
)

// b5 measures from an event that crosses until the notification is received, against the same chain bare.
func b5(ctx context.Context, b *bench) ([]measure.Result, error) {
	h, err := b.newHouse(ctx, rest)
	if err != nil {
		return nil, err
	}
	defer h.close()
	receiver, err := rig.NewReceiver()
	if err != nil {
		return nil, err
	}
	defer receiver.Close()
	if _, err := h.post(ctx, "/v1/webhooks", rig.Object{"url": receiver.URL + "/ours", "kinds": []string{"handoff.offered"}}); err != nil {
		return nil, err
	}
	seconds := b.longWindow().Measured.Seconds()
	n := int(seconds*b5PerSecond)*b.pairs + 20
	b.tell("captures %d leads that will cross, and lays down %d for the noise", n, b5Leads)
	ids, err := h.captureMany(ctx, "cross", n)
	if err != nil {
		return nil, err
	}
	if err := h.product.Seed(ctx, b5Leads); err != nil {
		return nil, err
	}
	chain, err := newChain(ctx, h, receiver, n)
	if err != nil {
		return nil, err
	}
	defer chain.close()
	var next atomic.Int64
	ours := h.latency("event to webhook, p50", receiver, func(ctx context.Context) error {
		id := ids[next.Add(1)-1]
		return receiver.Await(ctx, id, func() error {
			_, err := h.post(ctx, "/v1/events", rig.Object{"lead_id": id, "type": "demo_request"})
			return err
		})
	})
	bare := h.latency("row, NOTIFY, SignalWithStart, activity, POST, p50", receiver, chain.cross)
	samples, err := b.inTurn(ctx, b.pairs, ours, bare)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("B5", fmt.Sprintf("%d leads a second cross under %d other events a second", b5PerSecond, b5Background), measure.AtMost(2), ours, bare, samples[0], samples[1])
	lost, doubled := receiver.Count(int(next.Load()) + int(chain.next.Load()))
	r.Notes = append(r.Notes, fmt.Sprintf("Lost %d, doubled %d by delivery id, of %d that crossed on either side.", lost, doubled, next.Load()+chain.next.Load()))
	return []measure.Result{r}, nil
}

// latency is one side: crossings at a steady pace for a while, with other events beside them.
func (h *house) latency(name string, receiver *rig.Receiver, cross func(context.Context) error) measure.Side {
	return measure.Side{Name: name, Unit: "ms", Measure: func(ctx context.Context) (measure.Sample, error) {
		if err := h.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		noise, closeAll, err := eventLoad{host: h.product.Host, key: h.product.Key, clients: 8, batch: 1, leads: uniform(b5Leads)}.open()
		if err != nil {
			return measure.Sample{}, err
		}
		defer closeAll()
		background := load.Pace(ctx, b5Background, noise)
		defer background.Stop()
		step := func(ctx context.Context) (int, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			err := cross(ctx)
			if errors.Is(err, context.DeadlineExceeded) { // it is counted as lost
				err = nil
			}
			return 1, err
		}
		clients := make([]load.Step, 16)
		for i := range clients {
			clients[i] = step
		}
		used, began := h.rig.CPU(), time.Now()
		crossing := load.Pace(ctx, b5PerSecond, clients)
		select {
		case <-time.After(h.longWindow().Measured):
		case <-ctx.Done():
		}
		crossing.Stop()
		took, cpu := time.Since(began), load.Less(h.rig.CPU(), used)
		waits, err := crossing.Take()
		if err != nil {
			return measure.Sample{}, err
		}
		if _, err := background.Take(); err != nil {
			return measure.Sample{}, fmt.Errorf("the other events: %w", err)
		}
		s := measure.Sample{Units: float64(waits.Count()), Seconds: took.Seconds(), CPU: cpu, P50: waits.Milliseconds(50), P99: waits.Milliseconds(99)}
		s.Value = s.P50
		return s, nil
	}}
}
