package activities

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Journals is what a run reads of itself and writes about itself.
type Journals struct{ Journal Journal }

// LoadInput asks for what a run begins with.
type LoadInput struct {
	LeadID string    `json:"lead_id"`
	Now    time.Time `json:"now"`
}

// Recorded answers RecordStage.
type Recorded struct {
	Erased bool `json:"erased,omitempty"` // the person is gone, the run ends
}

// LoadLead reads what a run begins with: the state an earlier run recorded, policy, score, sequence.
func (j *Journals) LoadLead(ctx context.Context, in LoadInput) (record.Loaded, error) {
	l, err := j.Journal.LoadLead(ctx, in.LeadID, in.Now)
	return l, scrub(ctx, err)
}

// RecordStage writes the projection, the timeline and the carried state.
func (j *Journals) RecordStage(ctx context.Context, c lifecycle.Carried) (Recorded, error) {
	erased, err := j.Journal.RecordStage(ctx, c)
	return Recorded{Erased: erased}, scrub(ctx, err)
}

// CheckActivity reads when the lead was last engaged and last worked.
func (j *Journals) CheckActivity(ctx context.Context, cmd lifecycle.Command) (record.Activity, error) {
	id, _ := leadOf(cmd)
	a, err := j.Journal.LastActivity(ctx, id)
	return a, scrub(ctx, err)
}
