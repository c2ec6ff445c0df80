package workflows

import (
	"cmp"
	"errors"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// handle registers everything that may reach a lead, before anything else happens.
func (r *leadRun) handle(ctx workflow.Context) error {
	r.engagement = r.receive(ctx, wire.SignalEngagement)
	r.accept = r.receive(ctx, wire.SignalAccept)
	r.reject = r.receive(ctx, wire.SignalReject)
	r.pause = r.receive(ctx, wire.SignalPause)
	r.resume = r.receive(ctx, wire.SignalResume)
	r.refresh = r.receive(ctx, wire.SignalRefresh)
	r.roll = r.receive(ctx, wire.SignalRollOver)
	for _, name := range wire.UpdateNames {
		kind := wire.Updates[name]
		err := workflow.SetUpdateHandlerWithOptions(ctx, name,
			func(ctx workflow.Context, d wire.Decision) (wire.Decided, error) { return r.decide(ctx, kind, d) },
			workflow.UpdateHandlerOptions{
				Validator: func(_ workflow.Context, d wire.Decision) error {
					if !sound(d) {
						return refused(&lifecycle.Refusal{Code: lifecycle.CodeMalformed, Event: kind, Stage: r.Lead.Stage})
					}
					if !r.knows(decisionEvent(kind, d)) {
						return nil // the handler waits, then looks
					}
					return refused(r.Lead.Check(decisionEvent(kind, d), r.policy))
				},
				Description: string(kind),
			})
		if err != nil {
			return err
		}
	}
	return workflow.SetQueryHandler(ctx, wire.QueryState, func() (wire.State, error) { return r.state(), nil })
}

func (r *leadRun) receive(ctx workflow.Context, name string) workflow.ReceiveChannel {
	ch := workflow.GetSignalChannel(ctx, name)
	r.sel.AddReceive(ch, func(workflow.ReceiveChannel, bool) { r.drain(ctx) })
	return ch
}

// decide folds in what a person decided and answers once the read side shows it.
func (r *leadRun) decide(ctx workflow.Context, kind lifecycle.EventKind, d wire.Decision) (wire.Decided, error) {
	defer func() { r.stirred = true }() // a run that waits to end, or to be handed over, looks again
	e := decisionEvent(kind, d)
	if err := workflow.Await(ctx, func() bool { return r.leaving || r.knows(e) }); err != nil {
		return wire.Decided{}, err
	}
	if r.leaving {
		return wire.Decided{}, errLeaving
	}
	claim := kind == lifecycle.Reassigned || kind == lifecycle.Accepted && r.Lead.Stage == lifecycle.StageQualified
	owed := len(r.Outbox)
	if err := r.fold(ctx, e); err != nil {
		return wire.Decided{}, refused(err)
	}
	if len(r.Outbox) > owed { // else it is the same decision again, or asks for nothing
		if err := r.awaitGrant(ctx, kind, claim); err != nil {
			return wire.Decided{}, err
		}
	}
	mark := r.changes
	if err := workflow.Await(ctx, func() bool { return r.recorded >= mark || r.leaving }); err != nil {
		return wire.Decided{}, err
	}
	return wire.Decided{Stage: r.Lead.Stage, Version: r.Lead.Version}, nil
}

// knows reports whether the run can tell by now what a decision means. What it takes counts at once, also against a
// deadline that is due. A refusal waits for what is there and not looked at yet, for updates come before all of it, and
// for the answer of an assignment that is under way.
func (r *leadRun) knows(e lifecycle.Event) bool {
	if !r.loaded {
		return false
	}
	err := r.Lead.Check(e, r.policy)
	var no *lifecycle.Refusal
	return !errors.As(err, &no) || no.Code != lifecycle.CodeBusy && !r.unseen()
}

// awaitGrant waits for the transaction that gives the lead to somebody: to the rep who asked for it, without whom there is
// no decision, or after a rejection to the next, so that the answer shows who has it now.
func (r *leadRun) awaitGrant(ctx workflow.Context, kind lifecycle.EventKind, claim bool) error {
	cmd := r.Outbox[len(r.Outbox)-1]
	if !claim && cmd.Kind != lifecycle.CommandOffer {
		return nil
	}
	id := cmd.ID
	r.answers[id] = waiting
	if err := workflow.Await(ctx, func() bool { return r.answers[id] != waiting || r.leaving }); err != nil {
		return err
	}
	code := r.answers[id]
	delete(r.answers, id)
	switch {
	case !claim || code == "":
		return nil
	case code == waiting:
		return errLeaving
	}
	return refused(&lifecycle.Refusal{Code: code, Event: kind, Stage: r.Lead.Stage, DecidedBy: r.Lead.Last.By})
}

const waiting = "waiting"

// errLeaving asks whoever decided to send it again: the run is being handed over to the next.
var errLeaving = temporal.NewApplicationError("the run is being handed over; send it again", "RunHandedOver")

func decisionEvent(kind lifecycle.EventKind, d wire.Decision) lifecycle.Event {
	e := lifecycle.Event{
		Kind: kind, Until: d.Until, Actor: lifecycle.Actor{Type: "key", ID: d.KeyID},
		Decision: lifecycle.Decision{ID: d.DecisionID, By: d.RepID, Assignment: d.AssignmentID, Reason: d.Reason},
	}
	if kind == lifecycle.Reassigned {
		e.Rep, e.Team = d.RepID, d.TeamID
	} else if d.RepID != "" {
		e.Actor = lifecycle.Actor{Type: "rep", ID: d.RepID}
	}
	return e
}

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
		if t.Seq > r.Lead.Seq {
			r.warn(ctx, "trigger "+t.Kind, r.fold(ctx, triggerEvent(t.Kind)))
		}
	}
	if nudge {
		r.warn(ctx, "nudge", r.fold(ctx, lifecycle.Event{Kind: lifecycle.Refreshed}))
	}
	r.Lead.Seq = max(r.Lead.Seq, s.Seq)
	return true
}

func triggerEvent(kind string) lifecycle.Event {
	lead := lifecycle.Actor{Type: "lead"}
	switch kind {
	case wire.TriggerMQLRevoked:
		return lifecycle.Event{Kind: lifecycle.Revoked}
	case wire.TriggerFirstTouch:
		return lifecycle.Event{Kind: lifecycle.Touched, Actor: lead}
	case wire.TriggerUnsubscribe:
		return lifecycle.Event{Kind: lifecycle.Unsubscribed, Actor: lead}
	case wire.TriggerBounce:
		return lifecycle.Event{Kind: lifecycle.Bounced}
	case wire.TriggerComplaint:
		return lifecycle.Event{Kind: lifecycle.Complained, Actor: lead}
	case wire.TriggerCapture:
		return lifecycle.Event{Kind: lifecycle.Recaptured}
	case wire.TriggerErased:
		return lifecycle.Event{Kind: lifecycle.Erased}
	}
	return lifecycle.Event{Kind: lifecycle.Triggered, Trigger: kind, Actor: lead}
}

// refused turns a refusal into an error that crosses the wire with its code as type.
func refused(err error) error {
	var no *lifecycle.Refusal
	if errors.As(err, &no) {
		return temporal.NewNonRetryableApplicationError(no.Error(), no.Code, nil,
			wire.RefusalDetails{Stage: no.Stage, DecidedBy: no.DecidedBy})
	}
	return err
}

func errorType(err error) string {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Type()
	}
	return ""
}

func (r *leadRun) warn(ctx workflow.Context, msg string, err error) {
	if err != nil {
		workflow.GetLogger(ctx).Warn(msg, "lead", r.Lead.ID, "error", err)
	}
}
