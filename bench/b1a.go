package main

import (
	"context"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

const (
	b1Leads   = 100_000
	b1Clients = 64
)

// b1a sends one event a request from 64 connections, 5 % of them twice.
func b1a(ctx context.Context, b *bench) ([]measure.Result, error) {
	in, err := b.newIngest(ctx, b.size(b1Leads, 1000))
	if err != nil {
		return nil, err
	}
	if err := b.rig.StartTemporal(ctx); err != nil {
		return nil, err
	}
	s, err := newSignals(ctx, b)
	if err != nil {
		return nil, err
	}
	defer s.close()
	ours := in.side("one event a request, 64 clients", in.single())
	sql := in.plainSide("one transaction an event, 16 clients", 16, plainEvent(zipf(in.leads)))
	signals := s.side(zipf(in.leads))
	samples, err := b.inTurn(ctx, b.pairs, ours, sql, signals)
	if err != nil {
		return nil, err
	}
	return []measure.Result{
		measure.Compare("B1a", "Zipf 1.1 over the leads, 5 % duplicates", measure.AtLeast(1), ours, sql, samples[0], samples[1]),
		measure.Compare("B1a", "a signal an event on the same server, to the runs of leads by the same law, which take them in, 64 at once", measure.AtLeast(40), ours, signals, samples[0], samples[2]),
	}, in.verify(ctx)
}

// single is the load of B1a.
func (in *ingest) single() eventLoad {
	return eventLoad{clients: b1Clients, batch: 1, doubles: 0.05, leads: zipf(in.leads)}
}
