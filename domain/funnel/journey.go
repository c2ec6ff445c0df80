package funnel

import (
	"cmp"
	"slices"
	"time"
)

// Steps of a journey in their order, as reports name them. A cycle of a lead is captured when it begins (the first with the capture of
// the person, a later one when the lead is taken up again), mql when it qualifies by score or by a hard trigger, accepted
// when a rep takes it (SAL), an opportunity when the rep says so (SQL), and won.
const (
	Captured    = "captured"
	MQL         = "mql"
	Accepted    = "accepted"
	Opportunity = "opportunity"
	Won         = "won"
)

// Rewon is reached by a journey that was won after it was taken up again: in a cycle after the first. It is no step of the funnel.
const Rewon = "rewon"

// Endings of a journey that is not won and does not go on, by their stage.
const (
	Lost         = "lost"
	Disqualified = "disqualified"
)

// Steps lists them.
var Steps = []string{Captured, MQL, Accepted, Opportunity, Won}

// stepOf names the step that is reached with a stage of the lifecycle.
var stepOf = map[string]string{"qualified": MQL, "working": Accepted, "opportunity": Opportunity, "won": Won}

// Stays lists the stages in which a lead spends time that is told.
var Stays = []string{"nurturing", "qualified", "handoff", "working", "opportunity", "dormant"}

// Move is a lead that entered a stage. Moves by decisions that were undone later are none.
type Move struct {
	Stage string
	Cycle int
	At    time.Time
}

// Journey is how far one cycle of a lead came; cycle 0 is all of them together.
type Journey struct {
	Cycle   int
	Reached map[string]time.Time // by step, the first time; Captured is always there
	Stage   string               // in which it is, or the last it had
	StageAt time.Time
	Spent   map[string]time.Duration // by stage, of stays that are over
}

// Travel folds the moves of a lead, whatever their order, into a journey for each cycle, in their order, and one of cycle 0 for the
// whole. The first cycle began with the capture, a later one with its first move. A step counts from the first moment it
// was reached; who skips a step has not reached it. A stay ends with the next move of the lead, of whatever cycle.
func Travel(captured time.Time, moves []Move) []Journey {
	moves = slices.Clone(moves)
	slices.SortStableFunc(moves, func(a, b Move) int { return a.At.Compare(b.At) })
	cycles := map[int]*Journey{1: {Cycle: 1, Reached: map[string]time.Time{Captured: captured}, Stage: Captured, StageAt: captured, Spent: map[string]time.Duration{}}}
	for i, m := range moves {
		j := cycles[m.Cycle]
		if j == nil {
			j = &Journey{Cycle: m.Cycle, Reached: map[string]time.Time{Captured: m.At}, Spent: map[string]time.Duration{}}
			cycles[m.Cycle] = j
		}
		j.Stage, j.StageAt = m.Stage, m.At
		if step, ok := stepOf[m.Stage]; ok {
			j.reach(step, m.At)
			if step == Won && m.Cycle > 1 {
				j.reach(Rewon, m.At)
			}
		}
		if i+1 < len(moves) && slices.Contains(Stays, m.Stage) {
			j.Spent[m.Stage] += moves[i+1].At.Sub(m.At)
		}
	}
	var out []Journey
	for _, j := range cycles {
		out = append(out, *j)
	}
	slices.SortFunc(out, func(a, b Journey) int { return cmp.Compare(a.Cycle, b.Cycle) })
	return append([]Journey{whole(out)}, out...)
}

// reach notes that a step was reached; the first time counts.
func (j *Journey) reach(step string, at time.Time) {
	if _, known := j.Reached[step]; !known {
		j.Reached[step] = at
	}
}

// whole joins the cycles of a lead.
func whole(cycles []Journey) Journey {
	all := Journey{Reached: map[string]time.Time{}, Spent: map[string]time.Duration{}}
	for _, j := range cycles {
		for step, at := range j.Reached {
			if known, ok := all.Reached[step]; !ok || at.Before(known) {
				all.Reached[step] = at
			}
		}
		for stage, took := range j.Spent {
			all.Spent[stage] += took
		}
		if !j.StageAt.Before(all.StageAt) {
			all.Stage, all.StageAt = j.Stage, j.StageAt
		}
	}
	return all
}
