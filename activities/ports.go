package activities

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Journal is what a run reads of itself and writes about itself.
type Journal interface {
	// LoadLead reads what a run begins with.
	LoadLead(ctx context.Context, leadID string, now time.Time) (record.Loaded, error)
	// RecordStage writes the projection, the carried state and the timeline under the lead's version: a later attempt
	// at the same version replaces the earlier one, an older version changes nothing unless it was told later: then what is newer by number
	// was of a task that is lost. Open assignments that are not the
	// lead's own are closed as the entries say, else as withdrawn. Decisions named in the entries are applied, and the
	// outcomes they carry are written. It reports erased when the person is gone.
	RecordStage(ctx context.Context, c lifecycle.Carried) (erased bool, err error)
	// LastActivity reads when the lead was last engaged and last worked.
	LastActivity(ctx context.Context, leadID string) (record.Activity, error)
	// DecisionWaits reports whether somebody decided about the lead until then, and its run has not answered.
	DecisionWaits(ctx context.Context, leadID string, until time.Time) (bool, error)
}

// Scores is the authoritative score.
type Scores interface {
	// ScoreLead evaluates the lead's accumulators now.
	ScoreLead(ctx context.Context, leadID string, now time.Time) (score int, band string, err error)
	// BeginCycle stores the adjustment of the score policy under (lead, cycle), evaluates, and chooses the sequence
	// (the command's, else the default one). The same command again changes nothing and answers the same.
	BeginCycle(ctx context.Context, c lifecycle.Command) (record.Begun, error)
}

// Nurture is the sequence.
type Nurture interface {
	// GoOn moves the lead on from the command's position to its next rest, queueing at most one mail under the ledger
	// key (lead, cycle, sequence version, step). The same command again queues nothing new.
	GoOn(ctx context.Context, c lifecycle.Command) (lifecycle.Move, error)
}

// Sales is who gets which lead. Every method is one transaction, keyed by the command's id: the same command again
// answers the same and tells nobody twice.
type Sales interface {
	// Offer chooses a rep in turn, computes the SLA clocks in business time and writes assignment, routing ledger,
	// explanation and alert deliveries.
	Offer(ctx context.Context, c lifecycle.Command) (record.Granted, error)
	// Claim gives a queued lead to the active rep of its team who took it.
	Claim(ctx context.Context, c lifecycle.Command) (record.Granted, error)
	// Assign gives a lead at work to another rep, or to the next of another team.
	Assign(ctx context.Context, c lifecycle.Command) (record.Granted, error)
	// Alert writes the deliveries of a reminder or an escalation under the command's id.
	Alert(ctx context.Context, c lifecycle.Command) error
	// Plan computes when held or wanted business deadlines fall due, by the rep's, else the team's, else the policy's
	// calendar: Left in business time from the command's At, or what lay between From and Was.
	Plan(ctx context.Context, c lifecycle.Command) ([]lifecycle.Clock, error)
}
