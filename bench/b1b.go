package main

import (
	"context"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// b1b sends 100 events a request from 16 connections; at full scale a million in all.
func b1b(ctx context.Context, b *bench) ([]measure.Result, error) {
	in, err := b.newIngest(ctx, b.size(b1Leads, 1000))
	if err != nil {
		return nil, err
	}
	ours := in.side("100 events a request, 16 clients", eventLoad{clients: 16, batch: 100, leads: zipf(in.leads)})
	copies := in.plainSide("COPY in batches of 500, 4 clients", 4, plainCopy(zipf(in.leads), 500))
	samples, err := b.inTurn(ctx, b.pairs, ours, copies)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("B1b", "into the same table; COPY folds no score", measure.AtLeast(0.35), ours, copies, samples[0], samples[1])
	return []measure.Result{r}, in.verify(ctx)
}
