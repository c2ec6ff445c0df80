package desk

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Store keeps what people decided, before and after the lead was asked.
type Store interface {
	// Lead answers record.ErrNotFound or record.ErrErased.
	Lead(ctx context.Context, leadID string) (record.Lead, error)
	ActivePolicy(ctx context.Context) (lifecycle.Policy, error)
	// Rep and Team answer record.ErrNotFound.
	Rep(ctx context.Context, repID string) (record.Rep, error)
	Team(ctx context.Context, teamID string) (record.Team, error)
	// StoreDecision keeps a decision as pending, due for a second try after a while.
	StoreDecision(ctx context.Context, d record.Decision, after time.Duration) error
	// PendingDecision is the oldest pending decision of the lead with this fingerprint, or record.ErrNotFound.
	PendingDecision(ctx context.Context, leadID, fingerprint string) (record.Decision, error)
	// LastDecision is the newest applied decision of the lead, or record.ErrNotFound.
	LastDecision(ctx context.Context, leadID string) (record.Decision, error)
	Decision(ctx context.Context, decisionID string) (record.Decision, error)
	// AnswerDecision resolves a pending decision (applied, refused with a code) and answers it as it stands then: one
	// that is resolved already, such as by RecordStage, stays as it is.
	AnswerDecision(ctx context.Context, decisionID, state, code string) (record.Decision, error)
	// ClaimDecisions takes pending decisions whose time has come, the oldest of each lead, by lease, and counts the attempt.
	ClaimDecisions(ctx context.Context, limit int, lease time.Duration) ([]record.Decision, error)
	// KeepDecision notes of an applied one that Temporal has kept what was told up to that version of the lead.
	KeepDecision(ctx context.Context, decisionID string, version int64) error
	// DeferDecision makes a pending decision due again after a while.
	DeferDecision(ctx context.Context, decisionID string, after time.Duration) error
	// StoreUndo does so with an undo, unless what followed from the newest applied decision of the lead cannot be taken back (record.UndoFull,
	// mail_sent, contacted): that is answered, and nothing kept.
	StoreUndo(ctx context.Context, d record.Decision, after time.Duration) (irrevocable string, err error)
	// Poke makes the relay start the lead's run if it has none.
	Poke(ctx context.Context, leadID string) error
}

// Temporal is what the desk asks of the SDK's client.
type Temporal interface {
	UpdateWorkflow(ctx context.Context, options client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error)
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
	NewWithStartWorkflowOperation(o client.StartWorkflowOptions, workflow any, args ...any) client.WithStartWorkflowOperation
	UpdateWithStartWorkflow(ctx context.Context, o client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error)
}
