package workflows

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// drain takes every signal already delivered. A bad one is noted and ignored, never a failed run.
func (r *leadRun) drain(ctx workflow.Context) {
	if !r.loaded {
		return
	}
	var d wire.Decision
	for ok := true; ok; {
		ok = r.drainEngagement(ctx)
		for d = (wire.Decision{}); r.accept.ReceiveAsync(&d); d = (wire.Decision{}) {
			r.signalled(ctx, lifecycle.Accepted, d)
		}
		for d = (wire.Decision{}); r.reject.ReceiveAsync(&d); d = (wire.Decision{}) {
			r.signalled(ctx, lifecycle.Rejected, d)
		}
		for d = (wire.Decision{}); r.pause.ReceiveAsync(&d); d = (wire.Decision{}) {
			r.signalled(ctx, lifecycle.Paused, d)
		}
		for d = (wire.Decision{}); r.resume.ReceiveAsync(&d); d = (wire.Decision{}) {
			r.signalled(ctx, lifecycle.Resumed, d)
		}
		for r.refresh.ReceiveAsync(nil) {
			r.reload(ctx)
		}
		for r.roll.ReceiveAsync(nil) {
			r.rollNow, r.stirred = true, true
		}
	}
}

// signalled folds in a decision that came by plain signal: the same rules, and a refusal is a line on the timeline.
func (r *leadRun) signalled(ctx workflow.Context, kind lifecycle.EventKind, d wire.Decision) {
	if !sound(d) { // nothing of it is kept: it may be anything
		r.refuse(ctx, lifecycle.Event{Kind: kind}, lifecycle.CodeMalformed)
		return
	}
	e := decisionEvent(kind, d)
	e.Asked = time.Time{} // it is in the history since it was sent, and says nothing of what was before
	err := r.fold(ctx, e)
	var no *lifecycle.Refusal
	switch {
	case !errors.As(err, &no):
		r.warn(ctx, "signal", err)
	case no.Code == lifecycle.CodeBusy && !r.leaving:
		r.held = append(r.held, held{kind, d}) // as an update, it waits for the answer to who came before
	default:
		r.refuse(ctx, e, no.Code)
	}
}

// held is a decision that waits for an assignment that is under way.
type held struct {
	kind lifecycle.EventKind
	wire.Decision
}

// release folds in what waited, once nothing is under way any more, or because the run is being handed over.
func (r *leadRun) release(ctx workflow.Context) {
	if r.Lead.Asking && !r.leaving {
		return
	}
	waited := r.held
	r.held = nil
	for _, h := range waited {
		r.signalled(ctx, h.kind, h.Decision)
	}
}

func (r *leadRun) refuse(ctx workflow.Context, e lifecycle.Event, code string) {
	r.Entries = append(r.Entries, lifecycle.Entry{
		At: workflow.Now(ctx).UTC(), Kind: e.Kind, Actor: cmp.Or(e.Actor, lifecycle.System), Cycle: r.Lead.Cycle, Refused: code, Why: code,
	})
	r.touch()
}

// drainEngagement folds in what the machine tells. A trigger acts only if its own seq is above the watermark, so a
// second delivery changes nothing.
func (r *leadRun) drainEngagement(ctx workflow.Context) bool {
	var s wire.Engagement
	if !r.engagement.ReceiveAsync(&s) {
		return false
	}
	nudge := len(s.Triggers) == 0
	s = known(s)
	if s.Seq > r.Lead.Seq {
		r.warn(ctx, "score", r.fold(ctx, lifecycle.Event{Kind: lifecycle.Scored, Score: s.Score, Band: s.Band}))
	}
	slices.SortStableFunc(s.Triggers, func(a, b wire.Trigger) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, t := range s.Triggers {
		switch {
		case t.Seq <= r.Lead.Seq:
		case t.Kind == wire.TriggerTerms:
			if r.edition >= 2 { // an older run let it pass, and its replay must
				r.Lead.Changed = true // should the run be handed over before the policy is there
				r.touch()
				r.reload(ctx)
			}
		default:
			r.warn(ctx, "trigger "+t.Kind, r.fold(ctx, lifecycle.Heard(t.Kind)))
		}
	}
	if nudge {
		r.warn(ctx, "nudge", r.fold(ctx, lifecycle.Event{Kind: lifecycle.Refreshed}))
	}
	r.Lead.Seq = max(r.Lead.Seq, s.Seq)
	return true
}
