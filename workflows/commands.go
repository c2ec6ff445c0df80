package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/activities"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// launch starts every command not yet under way. A command leaves the outbox only when it is done, so that a run never
// ends owing one.
func (r *leadRun) launch(ctx workflow.Context) {
	for _, cmd := range slices.Clone(r.Outbox) {
		if slices.Contains(r.flying, cmd.ID) {
			continue
		}
		r.flying = append(r.flying, cmd.ID)
		if cmd.Kind.AfterDecision() {
			r.await(ctx, cmd, workflow.ExecuteActivity(durably(ctx, summary(cmd)), activityOf(cmd.Kind), cmd), false)
			continue
		}
		r.local++
		r.await(ctx, cmd, workflow.ExecuteLocalActivity(locally(ctx, summary(cmd)), activityOf(cmd.Kind), cmd), true)
	}
}

// await lands the command when it is done. What a local activity could not do in a few seconds an activity does, for
// as long as it takes.
func (r *leadRun) await(ctx workflow.Context, cmd lifecycle.Command, f workflow.Future, local bool) {
	r.follow(ctx, f, func(f workflow.Future) {
		r.stirred = true
		e, err := result(ctx, cmd, f)
		if local {
			r.local--
			if err != nil && !gone(err) && !temporal.IsCanceledError(err) {
				r.await(ctx, cmd, workflow.ExecuteActivity(durably(ctx, summary(cmd)), activityOf(cmd.Kind), cmd), false)
				return
			}
		}
		r.land(ctx, cmd, e, err)
	})
}

func (r *leadRun) land(ctx workflow.Context, cmd lifecycle.Command, e lifecycle.Event, err error) {
	defer r.release(ctx)
	r.landed(cmd.ID)
	if r.Outbox = slices.DeleteFunc(slices.Clone(r.Outbox), func(c lifecycle.Command) bool { return c.ID == cmd.ID }); len(r.Outbox) == 0 {
		r.Outbox = nil // and no room for what was there
	}
	if err != nil {
		r.giveUp(ctx, cmd, err)
		return
	}
	if _, asked := r.answers[cmd.ID]; asked {
		r.answers[cmd.ID] = e.Code
	}
	if e.Kind == "" {
		return
	}
	if no := r.fold(ctx, e); no != nil && e.Offer.Assignment != "" {
		// The life ended while the offer was being made: the projection closes it.
		r.Entries = append(r.Entries, lifecycle.Entry{
			At: workflow.Now(ctx).UTC(), Kind: e.Kind, Actor: lifecycle.System, Cycle: r.Lead.Cycle,
			Assignment: e.Offer.Assignment, Outcome: "withdrawn", Why: lifecycle.CodeOvertaken,
		})
		r.touch()
	}
}

// landed says that a command is under way no more.
func (r *leadRun) landed(id string) {
	if r.flying = slices.DeleteFunc(r.flying, func(other string) bool { return other == id }); len(r.flying) == 0 {
		r.flying = nil
	}
}

// giveUp makes a command that will never be granted an event of the lead: timeline, metric, never only a log line.
func (r *leadRun) giveUp(ctx workflow.Context, cmd lifecycle.Command, err error) {
	code := errorType(err)
	if code == "" {
		code = "timeout"
	}
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"command": string(cmd.Kind)}).Counter("leadflow_commands_given_up").Inc(1)
	if _, asked := r.answers[cmd.ID]; asked {
		r.answers[cmd.ID] = code
	}
	if r.fold(ctx, lifecycle.Event{Kind: lifecycle.GivenUp, Command: cmd.ID, Code: code, Clock: cmd.Clock}) != nil {
		r.Entries = append(r.Entries, lifecycle.Entry{
			At: workflow.Now(ctx).UTC(), Kind: lifecycle.GivenUp, Actor: lifecycle.System, Cycle: r.Lead.Cycle, Why: code,
		})
		r.touch()
	}
}

func activityOf(k lifecycle.CommandKind) any {
	var (
		j *activities.Journals
		s *activities.Scoring
		h *activities.Handoffs
		n *activities.Nurturing
	)
	return map[lifecycle.CommandKind]any{
		lifecycle.CommandOffer: h.OfferHandoff, lifecycle.CommandClaim: h.ClaimLead, lifecycle.CommandAssign: h.AssignLead,
		lifecycle.CommandBegin: s.BeginCycle, lifecycle.CommandMail: n.SendNurture, lifecycle.CommandAlert: h.AlertSales,
		lifecycle.CommandCheck: j.CheckActivity, lifecycle.CommandPlan: h.PlanClocks,
	}[k]
}

// result reads what an activity answered as the event it is for the lead.
func result(ctx workflow.Context, cmd lifecycle.Command, f workflow.Future) (lifecycle.Event, error) {
	e := lifecycle.Event{Command: cmd.ID}
	var err error
	switch cmd.Kind {
	case lifecycle.CommandOffer, lifecycle.CommandClaim, lifecycle.CommandAssign:
		var g record.Granted
		if err = f.Get(ctx, &g); err == nil {
			e = g.Event(cmd)
		}
	case lifecycle.CommandBegin:
		var b record.Begun
		err = f.Get(ctx, &b)
		e.Kind, e.Score, e.Band, e.Move.Position = lifecycle.CycleBegun, b.Score, b.Band, b.Position
	case lifecycle.CommandMail:
		e.Kind = lifecycle.Moved
		err = f.Get(ctx, &e.Move)
	case lifecycle.CommandCheck:
		var a record.Activity
		err = f.Get(ctx, &a)
		e.Kind, e.Clock, e.Engaged, e.Worked, e.Waits = lifecycle.Checked, cmd.Clock, a.Engaged, a.Worked, a.Waits
	case lifecycle.CommandPlan:
		e.Kind = lifecycle.Planned
		err = f.Get(ctx, &e.Clocks)
	default:
		err = f.Get(ctx, nil)
	}
	return e, err
}

// locally is for short, idempotent work in Postgres that is harmless when the decision behind it is lost.
func locally(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 4 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumAttempts: 2},
		Summary:                summary,
	})
}

// durably is for everything else: it is tried for a month, which outlasts any outage somebody still cares about.
func durably(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    30 * time.Second,
		ScheduleToCloseTimeout: 30 * 24 * time.Hour,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:                summary,
	})
}
