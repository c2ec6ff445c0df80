package main

import (
	"context"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// b1c sends everything to ten leads.
func b1c(ctx context.Context, b *bench) ([]measure.Result, error) {
	in, err := b.newIngest(ctx, b.size(b1Leads, 1000))
	if err != nil {
		return nil, err
	}
	hot := in.single()
	hot.leads = uniform(10)
	ours, spread := in.side("one event a request, 10 leads", hot), in.side("the same over all leads (B1a)", in.single())
	samples, err := b.inTurn(ctx, b.pairs, ours, spread)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("B1c", "64 clients on ten rows", measure.AtLeast(0.3), ours, spread, samples[0], samples[1])
	return []measure.Result{r}, in.verify(ctx)
}
