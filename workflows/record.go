package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// record tells the read side, once a workflow task and only when the task's own local activities are done: a task that
// is lost and decided anew then writes the same version again, and the later attempt is the recorded one.
func (r *leadRun) record(ctx workflow.Context) {
	if r.recording || r.local > 0 || r.recorded == r.changes {
		return
	}
	r.recording = true
	r.Lead.Version++
	mark, told := r.changes, len(r.Entries)
	carried := r.Carried
	var j *activities.Journals
	f := workflow.ExecuteLocalActivity(locally(ctx, "read side"), j.RecordStage, carried)
	r.follow(ctx, f, func(f workflow.Future) { r.afterRecord(ctx, f, carried, mark, told, true) })
}

func (r *leadRun) afterRecord(ctx workflow.Context, f workflow.Future, c lifecycle.Carried, mark, told int, local bool) {
	r.stirred = true
	var got activities.Recorded
	err := f.Get(ctx, &got)
	if err != nil && local && !gone(err) && !temporal.IsCanceledError(err) {
		var j *activities.Journals
		f := workflow.ExecuteActivity(durably(ctx, "read side"), j.RecordStage, c)
		r.follow(ctx, f, func(f workflow.Future) { r.afterRecord(ctx, f, c, mark, told, false) })
		return
	}
	r.recording, r.recorded = false, mark
	if r.Entries = r.Entries[told:]; len(r.Entries) == 0 {
		r.Entries = nil
	}
	if got.Erased || gone(err) {
		r.erased()
		return
	}
	r.warn(ctx, "read side not told", err)
}

// erased ends a life whose person is gone: nothing is owed to anybody.
func (r *leadRun) erased() {
	r.Lead = lifecycle.Lead{ID: r.Lead.ID, Stage: lifecycle.StageErased, Cycle: r.Lead.Cycle, Version: r.Lead.Version, Seq: r.Lead.Seq}
	r.Outbox, r.Entries, r.recorded = nil, nil, r.changes
	r.flying = nil
}
