package sequence

import "time"

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
	// Untracked sequences have mails that tell nothing of what is done with them: links lead where they say, and there is no pixel.
	Untracked bool `json:"untracked,omitempty"`

	Entry  Entry   `json:"entry,omitzero"`
	Exit   []Exit  `json:"exit,omitempty"`
	Window *Window `json:"window,omitempty"` // absent: mails go out at any time
	Steps  []Step  `json:"steps"`
}

// Entry says who is sent through the sequence.
type Entry struct {
	Stages  []string `json:"stages,omitempty"`  // absent: nurturing
	Reasons []string `json:"reasons,omitempty"` // the next cycle of a lead that rested for one of them: price, not_ready, stale
	Reentry Reentry  `json:"reentry,omitempty"` // absent: each_cycle
}

// Reentry says whether a lead that has left the sequence may enter it again.
type Reentry string

// A lead enters once in its life, once in each cycle, or whenever the sequence is chosen for it.
const (
	ReentryNever     Reentry = "never"
	ReentryEachCycle Reentry = "each_cycle"
	ReentryAlways    Reentry = "always"
)

// Reentries lists every rule of coming back.
var Reentries = []Reentry{ReentryNever, ReentryEachCycle, ReentryAlways}

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

// Position is where a lead stands. The zero value has not entered yet.
type Position struct {
	Step  string    `json:"step,omitempty"`
	Since time.Time `json:"since,omitzero"`
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
