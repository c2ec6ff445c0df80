package worker

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// scheduleOften is how often a worker sees to it that the schedule is there: Temporal may have been away when it started, or has lost
// its database since.
const (
	scheduleOften = time.Hour
	scheduleSoon  = 15 * time.Second // after a failure
)

func (h *Host) keepSchedule(ctx context.Context, b bells) error {
	for {
		again := scheduleOften
		if err := h.EnsureSchedule(ctx); err != nil {
			if ctx.Err() == nil {
				h.Log.Warn("the schedule that looks after predictors is not there yet; it is tried again", "error", err)
			}
			again = scheduleSoon
		}
		if !b.wait(ctx, "schedule", again) {
			return nil
		}
	}
}

// EnsureSchedule sees to it that the house has one schedule that looks after predictors, as often as is wanted. Any number of workers
// may do so at once. Who paused it in the Temporal UI, or triggers it there, is not disturbed.
func (h *Host) EnsureSchedule(ctx context.Context) error {
	o := client.ScheduleOptions{
		ID:   wire.ScheduleID(h.TaskQueue),
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: h.WatchEvery}}},
		Action: &client.ScheduleWorkflowAction{
			ID: wire.ScheduleID(h.TaskQueue), Workflow: wire.TypePredictorHealth, TaskQueue: h.TaskQueue, WorkflowExecutionTimeout: 24 * time.Hour,
		},
		CatchupWindow: time.Hour, // what was missed for longer, the next run tells as well
		Note:          "whether the predictors in use still hold: leadflow model health",
	}
	_, err := h.Client.ScheduleClient().Create(ctx, o)
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	s := h.Client.ScheduleClient().GetHandle(ctx, o.ID)
	is, err := s.Describe(ctx)
	if err != nil {
		return err
	}
	if every := is.Schedule.Spec.Intervals; len(every) == 1 && every[0].Every == h.WatchEvery {
		return nil
	}
	return s.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		in.Description.Schedule.Spec = &o.Spec
		return &client.ScheduleUpdate{Schedule: &in.Description.Schedule}, nil
	}})
}
