package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

var (
	attrStage  = temporal.NewSearchAttributeKeyKeyword(wire.AttrStage)
	attrOwner  = temporal.NewSearchAttributeKeyKeyword(wire.AttrOwner)
	attrSource = temporal.NewSearchAttributeKeyKeyword(wire.AttrSource)
	attrCycle  = temporal.NewSearchAttributeKeyInt64(wire.AttrCycle)
	attrSLA    = temporal.NewSearchAttributeKeyTime(wire.AttrSLADueAt)
)

// attributes is what the list of runs can be searched by. Each write costs an event and a wide row, so they change only
// where a lead comes to rest, all at once, and the score is never among them.
type attributes struct {
	stage, owner, source string
	cycle                int64
	sla                  time.Time
}

func (r *leadRun) wanted() attributes {
	a := attributes{stage: string(r.Lead.Stage), owner: r.Lead.Owner, source: r.Lead.Source, cycle: int64(r.Lead.Cycle)}
	if r.Lead.SLA.State == lifecycle.SLARunning {
		a.sla = r.Lead.SLA.DueAt
	}
	return a
}

func (r *leadRun) showAttributes(ctx workflow.Context) {
	if r.shown == (attributes{}) {
		r.shown = startedWith(ctx)
	}
	want := r.wanted()
	var ups []temporal.SearchAttributeUpdate
	if want.stage != r.shown.stage {
		ups = append(ups, attrStage.ValueSet(want.stage))
	}
	if want.owner != r.shown.owner {
		ups = append(ups, setOrUnset(attrOwner, want.owner))
	}
	if want.source != r.shown.source {
		ups = append(ups, setOrUnset(attrSource, want.source))
	}
	if want.cycle != r.shown.cycle {
		ups = append(ups, attrCycle.ValueSet(want.cycle))
	}
	if !want.sla.Equal(r.shown.sla) {
		if want.sla.IsZero() {
			ups = append(ups, attrSLA.ValueUnset())
		} else {
			ups = append(ups, attrSLA.ValueSet(want.sla))
		}
	}
	if len(ups) == 0 {
		return
	}
	r.warn(ctx, "search attributes", workflow.UpsertTypedSearchAttributes(ctx, ups...))
	r.shown = want
}

func setOrUnset(k temporal.SearchAttributeKeyKeyword, v string) temporal.SearchAttributeUpdate {
	if v == "" {
		return k.ValueUnset()
	}
	return k.ValueSet(v)
}

// startedWith is what the run was started with: whoever starts it sets what is known then.
func startedWith(ctx workflow.Context) attributes {
	sa := workflow.GetTypedSearchAttributes(ctx)
	var a attributes
	a.stage, _ = sa.GetKeyword(attrStage)
	a.owner, _ = sa.GetKeyword(attrOwner)
	a.source, _ = sa.GetKeyword(attrSource)
	a.cycle, _ = sa.GetInt64(attrCycle)
	a.sla, _ = sa.GetTime(attrSLA)
	return a
}

func (r *leadRun) state() wire.State {
	l := r.Lead
	s := wire.State{
		Stage: l.Stage, Cycle: l.Cycle, Version: l.Version, Seq: l.Seq, Score: l.Score, Band: l.Band,
		Owner: l.Owner, AssignmentID: l.Assignment, SLA: l.SLA, Paused: l.Paused,
	}
	if c, ok := l.Next(); ok {
		s.Next = wire.Next{Kind: clockName(c), At: c.At}
	}
	return s
}

// showDetails says in the Temporal UI how the lead stands, in prose. It costs no event.
func (r *leadRun) showDetails(ctx workflow.Context) {
	l := r.Lead
	var b strings.Builder
	b.WriteString(fmt.Sprintf("**%s** in cycle %d, score %d (%s).", stagePhrase(l), l.Cycle, l.Score, orDash(l.Band)))
	if l.Paused {
		b.WriteString(" Paused: mail, offers and clocks hold.")
	}
	if l.Snoozed {
		b.WriteString(" Snoozed: its clocks hold.")
	}
	if c, ok := l.Next(); ok {
		b.WriteString(fmt.Sprintf("\n\nNext: %s at %s.", clockPhrase(c), c.At.UTC().Format("2006-01-02 15:04:05 MST")))
	} else if !l.Stage.Terminal() {
		b.WriteString("\n\nNo deadline: it waits for somebody.")
	}
	if l.Muted != "" {
		b.WriteString(fmt.Sprintf("\n\nNo mail: %s.", l.Muted))
	}
	for _, cmd := range r.Outbox {
		b.WriteString(fmt.Sprintf("\n\nUnder way: %s.", summary(cmd)))
	}
	workflow.SetCurrentDetails(ctx, b.String())
}

func stagePhrase(l lifecycle.Lead) string {
	switch l.Stage {
	case lifecycle.StageNurturing:
		if l.Position.Sequence != "" {
			return fmt.Sprintf("Nurtured by %s, version %d", l.Position.Sequence, l.Position.Version)
		}
		return "Nurtured, no sequence runs"
	case lifecycle.StageQualified:
		return "Marketing qualified, waiting for a rep"
	case lifecycle.StageHandoff:
		return fmt.Sprintf("Offered to rep %s (offer %d, SLA %s)", l.Owner, l.Asked, l.SLA.State)
	case lifecycle.StageWorking:
		return fmt.Sprintf("Worked by rep %s", l.Owner)
	case lifecycle.StageOpportunity:
		return fmt.Sprintf("An opportunity of rep %s", l.Owner)
	case lifecycle.StageDormant:
		return "Cooling down (" + l.Reason + ")"
	case lifecycle.StageLost:
		return "Lost (" + l.Reason + ")"
	}
	return string(l.Stage)
}

func (r *leadRun) timerSummary() string {
	c, _ := r.Lead.Next()
	return clockPhrase(c)
}

func clockName(c lifecycle.Clock) string {
	if c.Level == "" {
		return string(c.Kind)
	}
	return string(c.Kind) + "_" + string(c.Level)
}

func clockPhrase(c lifecycle.Clock) string {
	switch c.Kind {
	case lifecycle.ClockStep:
		return "the sequence goes on"
	case lifecycle.ClockStale:
		return "stale unless somebody engages"
	case lifecycle.ClockAccept:
		return "accept deadline: " + string(c.Level)
	case lifecycle.ClockRetry:
		return "look for a rep again"
	case lifecycle.ClockTouch:
		if c.Level != lifecycle.LevelOwner {
			return "first touch: " + string(c.Level)
		}
		return "first touch is due"
	case lifecycle.ClockIdle:
		return "idle: tell the " + string(c.Level)
	case lifecycle.ClockCoolDown:
		return "cool-down ends"
	case lifecycle.ClockPause:
		return "the pause ends"
	case lifecycle.ClockQueue:
		return "waits in the team's queue: tell the " + string(c.Level)
	case lifecycle.ClockSnooze:
		return "the snooze ends"
	}
	return string(c.Kind)
}

func summary(c lifecycle.Command) string {
	switch c.Kind {
	case lifecycle.CommandOffer:
		return fmt.Sprintf("find a rep for offer %d", c.N)
	case lifecycle.CommandClaim:
		return "a rep takes it out of the queue"
	case lifecycle.CommandAssign:
		return "give it to another rep"
	case lifecycle.CommandBegin:
		return fmt.Sprintf("begin cycle %d", c.Cycle)
	case lifecycle.CommandMail:
		if c.Position.Step == "" {
			return "enter the sequence " + c.Position.Sequence
		}
		return "go on from step " + c.Position.Step
	case lifecycle.CommandAlert:
		return "alert: " + clockPhrase(c.Clock)
	case lifecycle.CommandCheck:
		return "was there any activity?"
	case lifecycle.CommandPlan:
		return "deadlines in business time"
	}
	return string(c.Kind)
}

func orDash(s string) string {
	if s == "" {
		return "no band"
	}
	return s
}
