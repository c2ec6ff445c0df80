package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// setTimer keeps one timer, set to the lead's earliest deadline. It is shortened eagerly and extended lazily: a timer
// that fires too early looks again, which is cheaper than cancelling it each time.
func (r *leadRun) setTimer(ctx workflow.Context) {
	if r.edition >= 1 && r.local > 0 {
		return // the loop comes by again in this very task, and may know of a sooner deadline
	}
	due := r.Lead.Due()
	if due.IsZero() || (!r.timerDue.IsZero() && !r.timerDue.After(due)) {
		return
	}
	if r.stopTimer != nil && !r.timerDue.IsZero() {
		r.stopTimer()
	}
	r.timerDue = due
	tctx, stop := workflow.WithCancel(ctx)
	r.stopTimer = stop
	timer := workflow.NewTimerWithOptions(tctx, max(0, due.Sub(workflow.Now(ctx))), workflow.TimerOptions{Summary: r.timerSummary()})
	r.clock = workflow.NewSelector(ctx) // the one that was replaced is heard no more, and forgotten
	r.clock.AddFuture(timer, func(f workflow.Future) {
		if f.Get(ctx, nil) != nil {
			return // replaced by another
		}
		r.timerDue, r.stirred = time.Time{}, true
		r.foldDue(ctx)
	})
}

// foldDue folds in every deadline that is due now. A firing is a question, not a fact: a message folded in just before,
// in the same workflow task, may have moved the deadline, and then the firing means nothing.
func (r *leadRun) foldDue(ctx workflow.Context) {
	now := workflow.Now(ctx)
	for range maxDeadlines {
		lead, clock, late, ok := r.Lead.PopDue(now)
		if !ok {
			return
		}
		r.Lead = lead
		r.touch()
		if r.edition >= 2 {
			late = late && lead.Tells(clock.Kind, now)
		}
		workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"clock": string(clock.Kind)}).Timer("leadflow_clock_lateness").Record(now.Sub(clock.At))
		r.warn(ctx, "deadline", r.fold(ctx, lifecycle.Event{Kind: lifecycle.Passed, Clock: clock, Late: late, Asks: r.edition >= 2}))
	}
}

// maxDeadlines is far above what a lead ever has at once; it keeps a defect from spinning in one task.
const maxDeadlines = 100
