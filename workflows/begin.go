package workflows

import (
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// begin loads what the run needs and, in the first run of all, starts the life. It reports false when there is nothing
// to live: the person is unknown, erased, or the life has ended and no signal brings it back.
func (r *leadRun) begin(ctx workflow.Context, in wire.LeadInput) (bool, error) {
	l, err := r.load(ctx)
	if err != nil || !l.Found || l.Stage == lifecycle.StageErased {
		r.leaving, r.loaded = true, true
		if err == nil || gone(err) {
			return false, r.leave(ctx)
		}
		return false, err
	}
	if in.Carried == nil && l.State != nil {
		r.Carried = *l.State // a run was lost: its life goes on from what Postgres knows
	}
	r.adopt(l)
	r.edition = l.Edition
	r.loaded, r.stirred = true, true
	if len(r.Entries)+len(r.Outbox) > 0 {
		r.touch() // the run before was handed over with something the read side has not been told
	}
	if r.Lead.Stage == lifecycle.StageCaptured {
		if err := r.fold(ctx, lifecycle.Event{Kind: lifecycle.Started, Move: lifecycle.Move{Position: l.Position}}); err != nil {
			return false, err
		}
	}
	if r.edition >= 2 && r.Lead.Changed { // the run before heard of it, and could not have its clocks planned any more
		r.warn(ctx, "terms", r.fold(ctx, lifecycle.Event{Kind: lifecycle.Refreshed, Replan: true}))
	}
	r.drain(ctx)
	return true, nil
}

// adopt takes over what Postgres knows better than the run.
func (r *leadRun) adopt(l record.Loaded) {
	r.policy = l.Policy
	r.Lead.Source, r.Lead.Score, r.Lead.Band = l.Source, l.Score, l.Band
	switch lifecycle.EventKind(r.Lead.Muted) {
	case lifecycle.Unsubscribed, lifecycle.Bounced, lifecycle.Complained: // for good, whatever the list says
	default:
		r.Lead.Muted = l.Muted
	}
}

func (r *leadRun) load(ctx workflow.Context) (record.Loaded, error) {
	var j *activities.Journals
	var l record.Loaded
	in := activities.LoadInput{LeadID: r.Lead.ID, Now: workflow.Now(ctx).UTC()}
	err := workflow.ExecuteLocalActivity(locally(ctx, "what the run begins with"), j.LoadLead, in).Get(ctx, &l)
	if err == nil || gone(err) || temporal.IsCanceledError(err) {
		return l, err
	}
	err = workflow.ExecuteActivity(durably(ctx, "what the run begins with"), j.LoadLead, in).Get(ctx, &l)
	return l, err
}

// reload reads the policy anew without stopping the loop.
func (r *leadRun) reload(ctx workflow.Context) {
	const id = "reload"
	if slices.Contains(r.flying, id) {
		return
	}
	r.flying = append(r.flying, id)
	var j *activities.Journals
	in := activities.LoadInput{LeadID: r.Lead.ID, Now: workflow.Now(ctx).UTC()}
	f := workflow.ExecuteActivity(durably(ctx, "policy read anew"), j.LoadLead, in)
	r.follow(ctx, f, func(f workflow.Future) {
		r.landed(id)
		r.stirred = true
		var l record.Loaded
		if err := f.Get(ctx, &l); err != nil || !l.Found {
			return
		}
		r.adopt(l)
		r.warn(ctx, "refresh", r.fold(ctx, lifecycle.Event{Kind: lifecycle.Refreshed, Replan: r.edition >= 2}))
	})
}

// leave waits for people who wait for an answer; they are told that the lead is gone.
func (r *leadRun) leave(ctx workflow.Context) error {
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

func gone(err error) bool { return errorType(err) == activities.ErrTypeGone }
