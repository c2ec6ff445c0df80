package lifecycle

import (
	"fmt"
	"time"
)

// Lead is the state of one life: everything a run hands over to the next, and what RecordStage keeps in Postgres. Every
// field is exported and survives JSON; it holds ids and codes only, never a name, an address or a free text.
type Lead struct {
	ID      string `json:"id"`
	Source  string `json:"source,omitempty"` // channel code, for the search attribute
	Stage   Stage  `json:"stage"`
	Cycle   int    `json:"cycle"`
	Version int64  `json:"version"` // grows with every recorded change
	Seq     int64  `json:"seq"`     // watermark: the highest outbox seq folded in

	CycleAt time.Time `json:"cycle_at,omitzero"`
	Score   int       `json:"score"`
	Band    string    `json:"band,omitempty"`
	Reason  string    `json:"reason,omitempty"` // why it rests or ended
	Rested  Stage     `json:"rested,omitempty"` // where it was before it rests, under a policy that asks for that

	Owner      string   `json:"owner,omitempty"` // rep offered in handoff, rep at work after it
	Team       string   `json:"team,omitempty"`
	Assignment string   `json:"assignment,omitempty"`
	Asked      int      `json:"asked,omitempty"`   // offers asked for in this cycle; numbers their ids
	Made       int      `json:"made,omitempty"`    // offers that found a rep in this cycle
	Granted    int      `json:"granted,omitempty"` // the last of those that was asked for by its number
	Void       int      `json:"void,omitempty"`    // of those, how many went to somebody who was away: they do not count
	Unmet      int      `json:"unmet,omitempty"`   // how often in a row nobody was found
	Asking     bool     `json:"asking,omitempty"`  // an offer, claim or assignment is under way
	Passed     []string `json:"passed,omitempty"`  // reps who rejected or missed it in this cycle
	Left       string   `json:"left,omitempty"`    // an assignment whose rep went away before the run heard of it
	SLA        SLAClock `json:"sla,omitzero"`
	Last       Decision `json:"last,omitzero"`  // the last decision that took effect
	Undo       *Undo    `json:"undo,omitempty"` // what it took the lead away from, where it can be undone

	Max     int           `json:"max,omitempty"`     // offers of the cycle at most, where the terms of an offer say so
	Since   time.Time     `json:"since,omitzero"`    // from when the clocks of the offer were planned
	Used    time.Duration `json:"used,omitempty"`    // of their time, before Since: a hold was between
	Handed  int           `json:"handed,omitempty"`  // how often a clock of work gave it to another rep in this cycle
	Falls   string        `json:"falls,omitempty"`   // where it goes when none is found
	Plans   int           `json:"plans,omitempty"`   // how often levels were asked for, or clocks were planned anew: numbers their ids
	Queued  time.Time     `json:"queued,omitzero"`   // since when it lies in the queue of its team, where the policy minds
	Changed bool          `json:"changed,omitempty"` // their terms changed while they were held
	Snoozed bool          `json:"snoozed,omitempty"`
	Snoozes int           `json:"snoozes,omitempty"` // under this assignment

	Touch Run    `json:"touch,omitzero"`
	Idle  Run    `json:"idle,omitzero"`
	Holds []Hold `json:"holds,omitempty"` // of the clocks of work, the oldest first

	Paused    bool      `json:"paused,omitempty"`
	PausedAt  time.Time `json:"paused_at,omitzero"`
	Pauses    int       `json:"pauses,omitempty"`
	Pending   string    `json:"pending,omitempty"` // trigger to be acted on at resume, or once the cycle has begun
	Muted     string    `json:"muted,omitempty"`   // why mail stopped for good
	Beginning bool      `json:"beginning,omitempty"`

	Position Position `json:"position,omitzero"`
	Clocks   []Clock  `json:"clocks,omitempty"`
}

// Position is where a lead stands in its nurture sequence.
type Position struct {
	Sequence string    `json:"sequence,omitempty"`
	Version  int       `json:"version,omitempty"`
	Step     string    `json:"step,omitempty"` // empty: not entered yet
	Since    time.Time `json:"since,omitzero"`
	Move     int       `json:"move,omitempty"` // how often it went on in this cycle
}

// SLAState is how the accept clock stands.
type SLAState string

// The states of the accept clock.
const (
	SLANone     SLAState = "none"
	SLARunning  SLAState = "running"
	SLAHeld     SLAState = "held"
	SLAMet      SLAState = "met"
	SLABreached SLAState = "breached"
)

// SLAClock is what people see of the accept clock. The deadlines themselves are Clocks.
type SLAClock struct {
	DueAt time.Time `json:"due_at,omitzero"`
	State SLAState  `json:"state,omitempty"`
}

// Decision is what a person decided, as far as the run needs it to know the same decision again.
type Decision struct {
	ID         string    `json:"id,omitempty"` // of the stored decision; empty for a plain signal
	Kind       EventKind `json:"kind,omitempty"`
	By         string    `json:"by,omitempty"` // rep id
	Assignment string    `json:"assignment,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Cycle      int       `json:"cycle,omitempty"` // in which it was decided
}

// New is a lead whose run has not begun.
func New(id string) Lead {
	return Lead{ID: id, Stage: StageCaptured, Cycle: 1, SLA: SLAClock{State: SLANone}}
}

// Due is the earliest deadline that counts now; zero when there is none.
func (l Lead) Due() time.Time {
	var due time.Time
	for _, c := range l.Clocks {
		if !c.At.IsZero() && (due.IsZero() || c.At.Before(due)) {
			due = c.At
		}
	}
	return due
}

// Next is the clock behind Due.
func (l Lead) Next() (Clock, bool) {
	due := l.Due()
	for _, c := range l.Clocks {
		if !due.IsZero() && c.At.Equal(due) {
			return c, true
		}
	}
	return Clock{}, false
}

func (l Lead) id(format string, args ...any) string {
	return fmt.Sprintf("%s/%d/", l.ID, l.Cycle) + fmt.Sprintf(format, args...)
}
