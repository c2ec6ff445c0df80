package sequence

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// End is the step name that ends the sequence.
const End = "end"

// ZoneLead is the window zone that means the lead's own.
const ZoneLead = "lead"

// Sequence is one version of a nurture sequence, as in examples/documents/sequence.yaml. It is a plain value, safe in
// JSON.
type Sequence struct {
	Name string `json:"name"`
	// Purpose is the purpose of consent that its mails are sent under; absent: marketing. Who refused it gets none of them.
	Purpose string `json:"purpose,omitempty"`

	Entry  Entry   `json:"entry,omitzero"`
	Exit   []Exit  `json:"exit,omitempty"`
	Window *Window `json:"window,omitempty"` // absent: mails go out at any time
	Steps  []Step  `json:"steps"`
}

// Entry says in which stages a lead is sent through the sequence.
type Entry struct {
	Stages []string `json:"stages,omitempty"` // absent: nurturing
}

// Exit is a rule that ends the sequence for a lead.
type Exit string

// The exit rules. A lead that qualifies, unsubscribes, bounces or complains leaves every sequence, listed or not.
const (
	ExitQualified     Exit = "qualified"
	ExitBounced       Exit = "bounced"
	ExitUnsubscribed  Exit = "unsubscribed"
	ExitComplained    Exit = "complained"
	ExitReplied       Exit = "replied"
	ExitMet           Exit = "met"
	ExitCalled        Exit = "called"
	ExitDemoRequested Exit = "demo_requested"
)

// Exits lists every exit rule.
var Exits = []Exit{
	ExitQualified, ExitBounced, ExitUnsubscribed, ExitComplained, ExitReplied, ExitMet, ExitCalled, ExitDemoRequested,
}

// engagement is the type that makes an exit rule hold. The two without one are the lead's own: it leaves nurturing when
// it qualifies, and only a hard bounce ends its mail.
func (e Exit) engagement() string {
	switch e {
	case ExitUnsubscribed:
		return "unsubscribe"
	case ExitComplained:
		return "complaint"
	case ExitReplied:
		return "email_reply"
	case ExitMet:
		return "meeting"
	case ExitCalled:
		return "call"
	case ExitDemoRequested:
		return "demo_request"
	}
	return ""
}

// Window is when mails may go out.
type Window struct {
	Days []string `json:"days,omitempty"` // mon to sun: the days on which it opens; absent: all
	From string   `json:"from"`           // 09:00
	To   string   `json:"to"`             // 17:00; 24:00 is midnight; not after From: on the next day
	Zone string   `json:"zone,omitempty"` // lead (the default) or an IANA name
}

// Step is one stop: exactly one of Mail, Wait, WaitFor and Branch.
type Step struct {
	ID      string    `json:"id"` // stable over versions: it is a ledger key
	Mail    *Mail     `json:"mail,omitempty"`
	Wait    span.Span `json:"wait,omitempty"`
	WaitFor *WaitFor  `json:"wait_for,omitempty"`
	Branch  []Case    `json:"branch,omitempty"`
	Next    string    `json:"next,omitempty"` // of mail and wait
	Then    string    `json:"then,omitempty"` // of wait_for: engaged
	Else    string    `json:"else,omitempty"` // of wait_for: timed out; of branch: no case holds
}

// Mail is what a lead is sent. Subject, preheader and body are templates in the bounded Liquid subset, the body Markdown.
type Mail struct {
	Subject   string    `json:"subject"`
	Preheader string    `json:"preheader,omitempty"`
	Body      string    `json:"body"`
	OnUnknown OnUnknown `json:"on_unknown,omitempty"`
}

// OnUnknown says what happens to a mail of which nobody knows whether it left.
type OnUnknown string

// A parked mail waits for a person: at most one is ever sent. A resent one may come twice.
const (
	Park   OnUnknown = "park"
	Resend OnUnknown = "resend"
)

// WaitFor rests until the lead engages or the timeout is over.
type WaitFor struct {
	Any     []string  `json:"any"` // engagement types
	Timeout span.Span `json:"timeout"`
}

// Case is one way out of a branch.
type Case struct {
	If Condition `json:"if"`
	To string    `json:"to"`
}

// Position is where a lead stands. The zero value has not entered yet.
type Position struct {
	Step  string    `json:"step,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// Facts are what a sequence may ask about a lead. A nil function knows nothing.
type Facts struct {
	Entered time.Time      // when the lead entered the sequence in this cycle
	Zone    *time.Location // of the send window; nil is UTC
	Score   int
	Band    string // hot warm cold
	Grade   string // A B C D

	// Field is a profile value: text, number or bool; false where none is known.
	Field func(name string) (any, bool)
	// Engaged counts engagements of any of the types that occurred from one moment to another, both included.
	Engaged func(types []string, from, to time.Time) int
}

// Move is what happens now. Unless Done, the lead rests at Rest and is due at At.
type Move struct {
	Mail string    `json:"mail,omitempty"` // step id of the mail to queue, with or without Done
	Rest Position  `json:"rest,omitzero"`
	At   time.Time `json:"at,omitzero"`
	Any  []string  `json:"any,omitempty"` // engagement types that make it due earlier
	Done bool      `json:"done,omitempty"`
	Why  string    `json:"why,omitempty"` // of Done: end, exit:<rule>, loop, unknown_step
	Via  []string  `json:"via,omitempty"` // the steps left behind by this move, in order
}

// step finds a step by id.
func (s Sequence) step(id string) (int, bool) {
	for i := range s.Steps {
		if s.Steps[i].ID == id {
			return i, true
		}
	}
	return 0, false
}

// Step finds a step by id: what the store needs to compose the mail a move names.
func (s Sequence) Step(id string) (Step, bool) {
	i, ok := s.step(id)
	if !ok {
		return Step{}, false
	}
	return s.Steps[i], true
}

// below is the id of the step under the i-th one.
func (s Sequence) below(i int) string {
	if i+1 < len(s.Steps) {
		return s.Steps[i+1].ID
	}
	return End
}

// or is the named step, or the one below where none is named.
func (s Sequence) or(name string, i int) string {
	if name != "" {
		return name
	}
	return s.below(i)
}
