package lifecycle

import "slices"

// Stage is where a lead stands. The zero value is invalid on purpose.
type Stage string

// The stages of a life, in the order of a happy one, then the ends. They are wire names: histories and rows hold them.
const (
	StageCaptured     Stage = "captured"     // known, its run has not begun
	StageNurturing    Stage = "nurturing"    // receives the sequence until it qualifies or goes stale
	StageQualified    Stage = "qualified"    // MQL, waiting for a rep
	StageHandoff      Stage = "handoff"      // offered to a rep; the accept clock runs
	StageWorking      Stage = "working"      // accepted (SAL)
	StageOpportunity  Stage = "opportunity"  // qualified by sales (SQL)
	StageWon          Stage = "won"          // terminal
	StageLost         Stage = "lost"         // rests until a person recycles it
	StageDormant      Stage = "dormant"      // cools down before its next cycle
	StageDisqualified Stage = "disqualified" // terminal
	StageErased       Stage = "erased"       // terminal; nothing personal is left
)

// Stages lists every stage.
var Stages = []Stage{
	StageCaptured, StageNurturing, StageQualified, StageHandoff, StageWorking, StageOpportunity,
	StageWon, StageLost, StageDormant, StageDisqualified, StageErased,
}

// Terminal reports whether a run that reaches this stage is over: nothing but erasure can follow in it.
func (s Stage) Terminal() bool {
	return s == StageWon || s == StageDisqualified || s == StageErased
}

// Known reports whether it is a stage at all.
func (s Stage) Known() bool { return slices.Contains(Stages, s) }
