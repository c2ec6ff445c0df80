package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// verdict is what became of asking.
type verdict struct {
	state     string
	code      string
	stage     lifecycle.Stage
	decidedBy string
	away      bool // nobody was reached: others need not be asked now
	begins    bool // there is no run yet, so nothing is under way: it may be asked again soon
}

var pending = verdict{state: Pending}

// Error types that a run answers an update with beside refusals.
const (
	typeHandedOver = "RunHandedOver"                   // this run is leaving: the next one must be asked
	typeCutOff     = "AcceptedUpdateCompletedWorkflow" // the server's: the run ended before it answered
)

// refusalCodes are those that people read.
var refusalCodes = []string{
	lifecycle.CodeWrongStage, lifecycle.CodeNotYourOffer, lifecycle.CodeAlreadyDecided, lifecycle.CodeUnknownReason,
	lifecycle.CodeNothingToUndo, lifecycle.CodeTooLate, lifecycle.CodeBusy, lifecycle.CodeUnknownRep, lifecycle.CodeErased, lifecycle.CodeMalformed, record.CodeNoRep,
	lifecycle.CodeTooLong, lifecycle.CodeTooOften, lifecycle.CodeOfferOver, lifecycle.CodeAtCapacity,
}

// handOver is how long the next run gets to be there.
const handOver = 50 * time.Millisecond

// ask sends the decision as an update and waits for its answer, at most that long. Asking twice is harmless: the server
// knows the update by its id, and a new run the decision by what it was. An error is the store's.
func (d *Desk) ask(ctx context.Context, dec record.Decision, wait time.Duration) (verdict, error) {
	asking, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		var app *temporal.ApplicationError
		var gone *serviceerror.NotFound
		err := d.update(asking, dec)
		if errors.As(err, &gone) && dec.Kind == wire.UpdateUndo {
			err = d.updateAnew(asking, dec) // what is undone may have ended the run
		}
		var busy *serviceerror.WorkflowNotReady // its task was lost, to a message that came as it ended: it is decided anew
		switch {
		case err == nil:
			return verdict{state: Applied}, nil
		case errors.As(err, &gone):
			return d.judge(ctx, dec)
		case errors.As(err, &busy):
		case !errors.As(err, &app):
			return verdict{state: Pending, away: unreachable(err)}, nil
		case app.Type() == typeCutOff:
			if v, err := d.judge(ctx, dec); err != nil || v.state != Pending {
				return v, err
			}
		case app.NonRetryable(): // whatever it says: asked again it would say the same
			return d.standing(ctx, dec, refusal(app))
		case app.Type() != typeHandedOver:
			return pending, nil // a defect of the run: it is asked again once it is mended
		}
		select {
		case <-asking.Done():
			return pending, nil
		case <-time.After(handOver):
		}
	}
}

// update asks the run and waits until it has decided.
func (d *Desk) update(ctx context.Context, dec record.Decision) error {
	o, err := d.options(ctx, dec)
	if err != nil {
		return err
	}
	handle, err := d.temporal.UpdateWorkflow(ctx, o)
	if err != nil {
		return err
	}
	var decided wire.Decided
	return handle.Get(ctx, &decided)
}

func (d *Desk) options(ctx context.Context, dec record.Decision) (client.UpdateWorkflowOptions, error) {
	arg, err := onTheWire(dec)
	if err == nil && arg.Reason != "" {
		arg.Rule, err = d.rule(ctx, dec.Kind, arg.Reason)
	}
	return client.UpdateWorkflowOptions{
		UpdateID: dec.ID, WorkflowID: wire.WorkflowID(dec.LeadID), UpdateName: dec.Kind, Args: []any{arg},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	}, err
}

// rule is what a reason means now; nil where the run's own policy has to know.
func (d *Desk) rule(ctx context.Context, kind, reason string) (*lifecycle.Reason, error) {
	event, reasoned := lifecycle.Reasoned[kind]
	if !reasoned {
		return nil, nil
	}
	policy, err := d.store.ActivePolicy(ctx)
	if err != nil || !policy.Knows(event, reason) {
		return nil, err
	}
	rule := policy.Reason(event, reason)
	rule.Title, rule.Retired = "", false
	return &rule, nil
}

// onTheWire is the decision without anything people wrote.
func onTheWire(dec record.Decision) (wire.Decision, error) {
	var c canonical
	if err := json.Unmarshal(dec.Body, &c); err != nil {
		return wire.Decision{}, fmt.Errorf("decision %s cannot be read", dec.ID)
	}
	w := wire.Decision{
		DecisionID: dec.ID, RepID: c.RepID, TeamID: c.TeamID, AssignmentID: c.AssignmentID, Reason: c.Reason,
	}
	if c.Until != nil {
		w.Until = *c.Until
	}
	switch dec.Kind {
	case wire.UpdateUndo:
		w.Undoes, w.AskedAt = c.DecisionID, dec.CreatedAt
	case wire.UpdateAccept, wire.UpdateReject: // the run may hear of it after the deadline that it met
		w.AskedAt = dec.CreatedAt
	}
	if w.RepID == "" && dec.RepID != nil && dec.Kind != wire.UpdateReassign {
		w.RepID = *dec.RepID
	}
	if dec.KeyID != nil && (w.RepID == "" || dec.Kind == wire.UpdateReassign) {
		w.KeyID = *dec.KeyID
	}
	return w, nil
}

// refusal reads why the run said no. What is no code for people means that the lead is elsewhere by now.
func refusal(app *temporal.ApplicationError) verdict {
	v := verdict{state: Refused, code: app.Type()}
	if !slices.Contains(refusalCodes, v.code) {
		v.code = lifecycle.CodeWrongStage
	}
	var details wire.RefusalDetails
	if app.HasDetails() && app.Details(&details) == nil {
		v.stage, v.decidedBy = details.Stage, details.DecidedBy
	}
	return v
}

// standing grants a decision that closed the lead when it is taken again: a run that is about to end refuses everything.
func (d *Desk) standing(ctx context.Context, dec record.Decision, v verdict) (verdict, error) {
	if !v.stage.Terminal() {
		return v, nil
	}
	last, err := d.store.LastDecision(ctx, dec.LeadID)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return v, nil
	case err == nil && last.Fingerprint == dec.Fingerprint:
		return verdict{state: Applied}, nil
	}
	return v, err
}

// unreachable reports whether Temporal itself was not there, as opposed to a run that had no time to answer.
func unreachable(err error) bool {
	var no *serviceerror.Unavailable
	return errors.As(err, &no)
}

// judge decides from Postgres what a run that is over would have said. For a lead that is open the run is missing: the
// relay is told to start it, and the decision waits for it.
func (d *Desk) judge(ctx context.Context, dec record.Decision) (verdict, error) {
	now, err := d.store.Decision(ctx, dec.ID)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return verdict{}, err
	}
	if err == nil && now.State != Pending { // the run decided and ended before it could answer
		return verdict{state: now.State, code: now.Code}, nil
	}
	lead, err := d.store.Lead(ctx, dec.LeadID)
	switch {
	case errors.Is(err, record.ErrErased), errors.Is(err, record.ErrNotFound):
		return verdict{state: Refused, code: lifecycle.CodeErased, stage: lifecycle.StageErased}, nil
	case err != nil:
		return verdict{}, err
	case !lead.Stage.Terminal():
		return verdict{state: Pending, begins: true}, d.store.Poke(ctx, dec.LeadID)
	}
	return d.standing(ctx, dec, verdict{state: Refused, code: lifecycle.CodeWrongStage, stage: lead.Stage, decidedBy: lead.Last.By})
}

// inWords says a refusal as the run does.
func inWords(code, kind string, stage lifecycle.Stage) string {
	if code == record.CodeNoRep {
		return "no rep of that team may take the lead now"
	}
	return (&lifecycle.Refusal{Code: code, Event: wire.Updates[kind], Stage: stage}).Error()
}
