package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// handle registers everything that may reach a lead, before anything else happens.
func (r *leadRun) handle(ctx workflow.Context) error {
	r.engagement = workflow.GetSignalChannel(ctx, wire.SignalEngagement)
	r.accept = workflow.GetSignalChannel(ctx, wire.SignalAccept)
	r.reject = workflow.GetSignalChannel(ctx, wire.SignalReject)
	r.pause = workflow.GetSignalChannel(ctx, wire.SignalPause)
	r.resume = workflow.GetSignalChannel(ctx, wire.SignalResume)
	r.refresh = workflow.GetSignalChannel(ctx, wire.SignalRefresh)
	r.roll = workflow.GetSignalChannel(ctx, wire.SignalRollOver)
	// One of each for all updates: a worker keeps thousands of runs.
	decide := func(ctx workflow.Context, d wire.Decision) (wire.Decided, error) { return r.decide(ctx, asked(ctx), d) }
	check := func(ctx workflow.Context, d wire.Decision) error { return r.check(asked(ctx), d) }
	for _, name := range wire.UpdateNames {
		err := workflow.SetUpdateHandlerWithOptions(ctx, name, decide, workflow.UpdateHandlerOptions{
			Validator: check, Description: string(wire.Updates[name]),
		})
		if err != nil {
			return err
		}
	}
	return workflow.SetQueryHandler(ctx, wire.QueryState, func() (wire.State, error) { return r.state(), nil })
}

// asked is the decision that the update under way is.
func asked(ctx workflow.Context) lifecycle.EventKind {
	return wire.Updates[workflow.GetCurrentUpdateInfo(ctx).Name]
}

// check refuses what cannot be, before anything of it is in the history.
func (r *leadRun) check(kind lifecycle.EventKind, d wire.Decision) error {
	if !sound(d) {
		return refused(&lifecycle.Refusal{Code: lifecycle.CodeMalformed, Event: kind, Stage: r.Lead.Stage})
	}
	if !r.knows(decisionEvent(kind, d)) {
		return nil // the handler waits, then looks
	}
	return refused(r.Lead.Check(decisionEvent(kind, d), *r.policy))
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
	err := r.Lead.Check(e, *r.policy)
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
	if r.answers == nil {
		r.answers = map[string]string{}
	}
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
		Rule:     d.Rule, Undoes: d.Undoes, Asked: d.AskedAt,
	}
	if kind == lifecycle.Reassigned {
		e.Rep, e.Team = d.RepID, d.TeamID
	} else if d.RepID != "" {
		e.Actor = lifecycle.Actor{Type: "rep", ID: d.RepID}
	}
	return e
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
