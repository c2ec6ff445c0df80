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
	one := in.plainSide("COPY in batches of 500, 1 client", 1, plainCopy(zipf(in.leads), 500))
	four := in.plainSide("COPY in batches of 500, 4 clients", 4, plainCopy(zipf(in.leads), 500))
	samples, err := b.inTurn(ctx, b.pairs, ours, one, four)
	if err != nil {
		return nil, err
	}
	return []measure.Result{
		measure.Compare("B1b", "into the same table; COPY folds no score", measure.AtLeast(0.35), ours, one, samples[0], samples[1]),
		measure.Compare("B1b", "the same from four connections, which fill both cores", measure.AtLeast(0.35), ours, four, samples[0], samples[2]),
	}, in.verify(ctx)
}
