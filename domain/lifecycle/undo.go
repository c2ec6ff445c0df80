package lifecycle

import (
	"slices"
	"time"
)

// UndoFor is how long an acceptance, a rejection or a disqualification can be undone.
const UndoFor = 10 * time.Minute

// Undo is what a decision took the lead away from. It is there until the time is over by somebody's asking, or until anything
// is decided, paused or begun after it: what followed from a decision is not taken back with it.
type Undo struct {
	Decision string    `json:"decision,omitempty"` // the stored decision; empty for a plain signal
	Kind     EventKind `json:"kind"`               // what was decided
	By       string    `json:"by,omitempty"`
	Until    time.Time `json:"until"`

	Stage      Stage    `json:"stage"`
	Owner      string   `json:"owner,omitempty"`
	Team       string   `json:"team,omitempty"`
	Assignment string   `json:"assignment,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	SLA        SLAClock `json:"sla,omitzero"`
	Clocks     []Clock  `json:"clocks,omitempty"`
	Position   Position `json:"position,omitzero"`
	Paused     bool     `json:"paused,omitempty"`

	Since   time.Time     `json:"since,omitzero"`
	Used    time.Duration `json:"used,omitempty"`
	Changed bool          `json:"changed,omitempty"`
	Snoozed bool          `json:"snoozed,omitempty"`
	Snoozes int           `json:"snoozes,omitempty"`

	Asked int    `json:"asked,omitempty"`
	Touch Run    `json:"touch,omitzero"`
	Idle  Run    `json:"idle,omitzero"`
	Holds []Hold `json:"holds,omitempty"`
}

// remember keeps where the lead stands before a decision that can be undone takes it away from there.
func (c *change) remember() {
	c.Undo = &Undo{
		Decision: c.e.Decision.ID, Kind: c.e.Kind, By: c.e.Decision.By, Until: c.e.At.Add(UndoFor),
		Stage: c.Stage, Owner: c.Owner, Team: c.Team, Assignment: c.Assignment, Reason: c.Reason, SLA: c.SLA,
		Clocks: slices.Clone(c.Clocks), Position: c.Position, Paused: c.Paused,
		Since: c.Since, Used: c.Used, Changed: c.Changed, Snoozed: c.Snoozed, Snoozes: c.Snoozes,
		Asked: c.Asked, Touch: c.Touch, Idle: c.Idle, Holds: c.Holds,
	}
}

// checkUndo says whether this person may take back what was decided last. Time is counted from when they asked for it, not
// from when the run could be reached.
func (l Lead) checkUndo(e Event) error {
	u, asked := l.Undo, e.At
	if !e.Asked.IsZero() && e.Asked.Before(asked) {
		asked = e.Asked
	}
	switch {
	case u == nil || e.Undoes != "" && e.Undoes != u.Decision:
		return l.refuse(CodeNothingToUndo, e.Kind)
	case e.Decision.By != "" && u.By != "" && e.Decision.By != u.By:
		return l.refuse(CodeNotYourOffer, e.Kind)
	case asked.After(u.Until):
		return l.refuse(CodeTooLate, e.Kind)
	}
	return nil
}

// undone puts the lead back to where the decision took it from. An offer that was made because of it is withdrawn; one that
// is on its way finds nobody who waits for it.
func (c *change) undone() {
	u := c.Undo
	c.entry.Why, c.entry.Undoes, c.entry.Assignment = string(u.Kind), u.Decision, u.Assignment
	if c.entry.Assignment == "" { // taken out of the queue, and given back to it
		c.entry.Assignment = c.Assignment
	}
	if c.Assignment != u.Assignment {
		c.withdraw("undone")
	}
	c.Stage, c.Owner, c.Team, c.Assignment, c.Reason, c.SLA = u.Stage, u.Owner, u.Team, u.Assignment, u.Reason, u.SLA
	c.Position, c.Paused, c.Clocks = u.Position, u.Paused, nil
	c.Since, c.Used, c.Changed, c.Snoozed, c.Snoozes = u.Since, u.Used, u.Changed, u.Snoozed, u.Snoozes
	c.Touch, c.Idle, c.Holds = u.Touch, u.Idle, u.Holds
	if c.Stage == StageHandoff && c.Asked != u.Asked {
		c.Asked++ // its reminders are named by it, and those of what was offered meanwhile were
	}
	for _, k := range u.Clocks {
		if k.waits() {
			c.Clocks = append(c.Clocks, k)
			continue
		}
		c.set(c.e.At, k) // what fell due meanwhile is due now
	}
	c.Asking, c.Pending = false, ""
	c.Passed = slices.DeleteFunc(slices.Clone(c.Passed), func(rep string) bool { return rep == u.Owner })
	if len(c.Passed) == 0 {
		c.Passed = nil
	}
	c.Last, c.Undo = Decision{ID: c.e.Decision.ID, Kind: Undone, By: c.e.Decision.By, Cycle: c.Cycle}, nil
	c.drop(ClockQueue)
	if c.Stage == StageQualified {
		c.waitInQueue() // it is a stay of its own
		if !c.has(ClockRetry) {
			c.lookAgain(c.retryAfter())
		}
	}
	c.replan() // the terms may have changed meanwhile, and who rests hears neither of that nor of what was asked before
}
