package desk

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// irrevocable is what followed from a decision and can no longer be taken back. The run knows what was decided since and how long ago it
// was; what left the house and what people did only Postgres knows.
type irrevocable string

func (why irrevocable) Error() string { return "it cannot be taken back: " + string(why) }

// refusal is what whoever wants to undo it is answered.
func (why irrevocable) refusal(lead record.Lead) Answer {
	code := lifecycle.CodeIrrevocable
	if why == record.UndoFull {
		code = lifecycle.CodeAtCapacity
	}
	return Answer{
		State: Refused, Code: code, Detail: inWords(code, wire.UpdateUndo, lead.Stage),
		Stage: lead.Stage, DecidedBy: lead.Last.By, Lead: lead,
	}
}

// updateAnew asks a run that has ended: it begins again from what Postgres knows of it, is asked, and ends again at once
// where it refuses.
func (d *Desk) updateAnew(ctx context.Context, dec record.Decision) error {
	o, err := d.options(ctx, dec)
	if err != nil {
		return err
	}
	start := d.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: wire.WorkflowID(dec.LeadID), TaskQueue: d.cfg.TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Lead whose end is undone",
	}, wire.TypeLead, wire.LeadInput{LeadID: dec.LeadID})
	handle, err := d.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{StartWorkflowOperation: start, UpdateOptions: o})
	if err != nil {
		return err
	}
	var decided wire.Decided
	return handle.Get(ctx, &decided)
}

// checkDouble looks whether the lead that a decision names as the original is one.
func (d *Desk) checkDouble(ctx context.Context, ps *Problems, leadID string, c canonical) error {
	if c.DuplicateOf == "" {
		return nil
	}
	_, err := d.store.Lead(ctx, c.DuplicateOf)
	switch {
	case errors.Is(err, record.ErrNotFound), errors.Is(err, record.ErrErased), err == nil && c.DuplicateOf == leadID:
		ps.add("duplicate_of", CodeInvalid, "must be the id of another lead that is known here")
		return nil
	}
	return err
}
