package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// HandOver is a run that is handed over an hour after it last looked at its messages.
func HandOver(ctx workflow.Context, in wire.LeadInput) error {
	r, err := blind(ctx, in)
	if err != nil {
		return err
	}
	return r.rollOver(ctx)
}

// Over is a run whose lead has ended, an hour after it last looked at its messages.
func Over(ctx workflow.Context, in wire.LeadInput) (bool, error) {
	r, err := blind(ctx, in)
	if err != nil {
		return false, err
	}
	return r.over(ctx), nil
}

func blind(ctx workflow.Context, in wire.LeadInput) (*leadRun, error) {
	r := newRun(ctx, in)
	if err := r.handle(ctx); err != nil {
		return nil, err
	}
	r.loaded = true
	r.policy = &lifecycle.Policy{Recycle: lifecycle.Recycling{MaxCycles: 3}}
	return r, workflow.Sleep(ctx, time.Hour)
}
