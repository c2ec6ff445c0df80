package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

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

// Edition is the newest of what a run does in which order. A run keeps the one it began with, as it is in its history: where
// LoadLead is local its answer is of the same program as the workflow task. It is what GetVersion is, at no event.
//
// 1: no timer is set while a local activity is under way, whose answer is in the same task and may bring a sooner deadline.
//
// 2: it hears that the terms of its clocks changed, reads its policy anew and has them planned again. A reminder that passed together
// with its deadline is told. An offer that is late to be taken away is asked about first.
const Edition = 2

// LoadLead reads what a run begins with: the state an earlier run recorded, policy, score, sequence.
func (j *Journals) LoadLead(ctx context.Context, in LoadInput) (record.Loaded, error) {
	l, err := j.Journal.LoadLead(ctx, in.LeadID, in.Now)
	if activity.IsActivity(ctx) && activity.GetInfo(ctx).IsLocalActivity {
		l.Edition = Edition // another program may answer what is not local
	}
	return l, scrub(ctx, err)
}

// RecordStage writes the projection, the timeline and the carried state.
func (j *Journals) RecordStage(ctx context.Context, c lifecycle.Carried) (Recorded, error) {
	if activity.IsActivity(ctx) {
		c.Told = activity.GetInfo(ctx).ScheduledTime
	}
	erased, err := j.Journal.RecordStage(ctx, c)
	return Recorded{Erased: erased}, scrub(ctx, err)
}

// CheckActivity reads when the lead was last engaged and last worked; of the deadline of an offer, whether somebody decided in time.
func (j *Journals) CheckActivity(ctx context.Context, cmd lifecycle.Command) (record.Activity, error) {
	id, _ := leadOf(cmd)
	if k := cmd.Clock; k.Kind == lifecycle.ClockAccept {
		due := k.At
		if !k.Was.IsZero() {
			due = k.Was
		}
		waits, err := j.Journal.DecisionWaits(ctx, id, due)
		return record.Activity{Waits: waits}, scrub(ctx, err)
	}
	a, err := j.Journal.LastActivity(ctx, id)
	return a, scrub(ctx, err)
}
