package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

const (
	// goodLength is when a run begins to look for an idle moment: a wake-up replays the whole run, so runs stay short.
	goodLength = 250
	// maxLength is when it does not wait for one any longer; far below the server's limit.
	maxLength = 2000
)

// wantsRollOver reports that a new run should begin at the next idle moment.
func (r *leadRun) wantsRollOver(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return r.rollNow || info.GetCurrentHistoryLength() > goodLength ||
		info.GetContinueAsNewSuggested() || info.GetTargetWorkerDeploymentVersionChanged()
}

// mustRollOver reports that waiting for an idle moment has lasted too long. What is under way stays in the outbox and
// is started again, under the same id, by the next run.
func (r *leadRun) mustRollOver(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetCurrentHistoryLength() > maxLength
}

func (r *leadRun) rollOver(ctx workflow.Context) error {
	r.leaving = true // whoever waits for an answer is told, or asked to come again
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	if r.recording {
		r.Lead.Version-- // the next run writes this version again; the later attempt is the recorded one
	}
	r.drain(ctx) // continue-as-new loses what is left unread; nothing may yield after this
	r.release(ctx)
	var opts workflow.ContinueAsNewErrorOptions
	if workflow.GetInfo(ctx).GetTargetWorkerDeploymentVersionChanged() {
		opts.InitialVersioningBehavior = workflow.ContinueAsNewVersioningBehaviorAutoUpgrade
	}
	return workflow.NewContinueAsNewErrorWithOptions(ctx, opts, wire.TypeLead,
		wire.LeadInput{LeadID: r.Lead.ID, Carried: &r.Carried})
}
