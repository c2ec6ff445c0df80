package desk

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Store keeps what people decided, before and after the lead was asked.
type Store interface {
	// Lead answers record.ErrNotFound or record.ErrErased.
	Lead(ctx context.Context, leadID string) (record.Lead, error)
	ActivePolicy(ctx context.Context) (lifecycle.Policy, error)
	Rep(ctx context.Context, repID string) (record.Rep, error)
	// StoreDecision keeps a decision as pending, due for a second try after the given time.
	StoreDecision(ctx context.Context, d record.Decision, nextTry time.Time) error
	// LastDecision is the newest applied decision of the lead, or record.ErrNotFound.
	LastDecision(ctx context.Context, leadID string) (record.Decision, error)
	Decision(ctx context.Context, decisionID string) (record.Decision, error)
	// AnswerDecision resolves a pending decision; one that RecordStage applied stays applied.
	AnswerDecision(ctx context.Context, decisionID, state, code string) (record.Decision, error)
	// ClaimDecisions takes pending decisions whose time has come, by lease.
	ClaimDecisions(ctx context.Context, limit int, lease time.Duration) ([]record.Decision, error)
	// Poke makes the relay start the lead's run if it has none.
	Poke(ctx context.Context, leadID string) error
}
