package app

import (
	"context"
	"log/slog"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/reconcile"
)

// VerifyRuns compares projection and ledger of every lead whose life is not over with its run, and open runs with leads, and tells of
// each difference. It takes about half a minute more where anything differs at first: what is in flight is asked again.
func VerifyRuns(ctx context.Context, cfg Config, differs func(record.RunDifference), tell func(what string, done, total int)) (record.Reconciled, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return record.Reconciled{}, err
	}
	defer s.Close()
	c, err := temporalClient(cfg, slog.New(slog.DiscardHandler), nil, nil)
	if err != nil {
		return record.Reconciled{}, err
	}
	defer c.Close()
	return (&reconcile.Pass{Store: s, Client: c, Differ: differs, Tell: tell}).Run(ctx)
}
