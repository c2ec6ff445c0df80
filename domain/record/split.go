package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// SplitResults is what is known by now of the arms of a version's splits.
type SplitResults struct {
	Sequence string    `json:"sequence"`
	Version  int       `json:"version"`
	At       time.Time `json:"at"`
	Method   string    `json:"method"` // how a winner is found
	Alpha    float64   `json:"alpha"`  // how probable it is at most that a winner is named where there is none, however often one looks
	Splits   []Split   `json:"splits"`
}

// Split is one split step.
type Split struct {
	Step  string      `json:"step"`
	Arms  []SplitArm  `json:"arms"`
	Goals []SplitGoal `json:"goals"` // empty: the sequence names none, and nothing is compared
}

// SplitArm is what became of who drew an arm. A lead counts in each cycle anew: it draws anew.
type SplitArm struct {
	Arm       string `json:"arm"`
	Weight    int    `json:"weight"`
	Entered   int    `json:"entered"`
	MailsSent int    `json:"mails_sent"` // of the sequence, after the arm was drawn
	Clicked   int    `json:"clicked"`    // how many followed a link of such a mail
	Opened    Unsure `json:"opened"`
}

// Unsure is a count that is no measure: mail programs open mails that nobody reads, and hide those that somebody does.
type Unsure struct {
	Leads    int  `json:"leads"`
	Reliable bool `json:"reliable"` // false
}

// SplitGoal compares the arms by one goal. A lead is settled when so long has passed since it drew its arm: then its outcome is final,
// and only then it counts.
type SplitGoal struct {
	Goal    string      `json:"goal"`
	Within  span.Span   `json:"within"`
	Arms    []ArmResult `json:"arms"`
	P       float64     `json:"p_value"` // of "all arms convert alike"; valid at any time
	Verdict string      `json:"verdict"` // winner, undecided
	Winner  string      `json:"winner,omitempty"`
}

// The verdicts of a comparison.
const (
	SplitWinner    = "winner"
	SplitUndecided = "undecided"
)

// ArmResult is how an arm does by a goal. The interval is of the rate alone: whether arms differ is said by the verdict.
type ArmResult struct {
	Arm       string  `json:"arm"`
	Settled   int     `json:"settled"`
	Converted int     `json:"converted"` // of the settled
	Pending   int     `json:"pending"`   // entered, not settled
	Rate      float64 `json:"rate"`
	Low       float64 `json:"low"` // the Wilson interval, 95 %
	High      float64 `json:"high"`
}
