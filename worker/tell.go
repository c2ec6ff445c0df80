package worker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// tell signals the lead's run, starting it where it should run and does not.
func (r *Relay) tell(ctx context.Context, row record.OutboxRow) error {
	id, body := wire.WorkflowID(row.LeadID), engagement(row)
	if !starts(row) {
		err := r.Client.SignalWorkflow(ctx, id, "", wire.SignalEngagement, body)
		var none *serviceerror.NotFound
		if errors.As(err, &none) {
			return nil // there is no run, and there should be none
		}
		return err
	}
	_, err := r.Client.SignalWithStartWorkflow(ctx, id, wire.SignalEngagement, body, client.StartWorkflowOptions{
		ID: id, TaskQueue: r.queue(),
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    startAttributes(row),
		StaticSummary:            "Lead from " + row.SourceCode,
	}, wire.TypeLead, wire.LeadInput{LeadID: row.LeadID})
	return err
}

func (r *Relay) queue() string {
	if r.TaskQueue == "" {
		return wire.TaskQueue
	}
	return r.TaskQueue
}

// starts reports whether the lead should have a run. What has ended needs none; only a new capture brings a
// disqualified lead back.
func starts(row record.OutboxRow) bool {
	switch lifecycle.Stage(row.Stage) {
	case lifecycle.StageWon, lifecycle.StageErased:
		return false
	case lifecycle.StageDisqualified:
		return row.Triggers[wire.TriggerCapture] > 0
	}
	return true
}

func engagement(row record.OutboxRow) wire.Engagement {
	e := wire.Engagement{Seq: row.Seq, Score: row.Score, Band: row.Band}
	for kind, seq := range row.Triggers {
		e.Triggers = append(e.Triggers, wire.Trigger{Kind: kind, Seq: seq})
	}
	slices.SortFunc(e.Triggers, func(a, b wire.Trigger) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Kind, b.Kind))
	})
	return e
}

// startAttributes are what the run would write first: set at the start they cost it no event.
func startAttributes(row record.OutboxRow) temporal.SearchAttributes {
	stage := row.Stage
	if stage == string(lifecycle.StageCaptured) {
		stage = string(lifecycle.StageNurturing)
	}
	return temporal.NewSearchAttributes(
		temporal.NewSearchAttributeKeyKeyword(wire.AttrStage).ValueSet(stage),
		temporal.NewSearchAttributeKeyKeyword(wire.AttrSource).ValueSet(row.SourceCode),
		temporal.NewSearchAttributeKeyInt64(wire.AttrCycle).ValueSet(int64(max(1, row.Cycle))),
	)
}

// concernsAll reports an error that is about everybody: when Temporal is away, has no room or does not let us in; any
// other is about this lead alone. The SDK has tried again by itself until the call's time was over.
func concernsAll(err error) bool {
	var space *serviceerror.NamespaceNotFound
	var busy *serviceerror.ResourceExhausted
	switch {
	case errors.As(err, &space), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.As(err, &busy):
		return busy.Cause != enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW // such as a second start within a second
	}
	switch errorKind(err) {
	case "DeadlineExceeded", "ResourceExhausted", "Unavailable", "PermissionDenied", "Unauthenticated":
		return true
	}
	return false
}

// errorKind names an error by its gRPC code, without what it says: messages of servers may quote what they were sent.
func errorKind(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "DeadlineExceeded"
	}
	return serviceerror.ToStatus(err).Code().String()
}
