package sequence

import "github.com/leadflow-dev/leadflow/domain/span"

// Step is one stop: exactly one of Mail, Wait, WaitUntil, WaitFor, Branch, Split, Notify, SetField and Goal.
type Step struct {
	ID        string     `json:"id"` // stable over versions: it is a ledger key
	Mail      *Mail      `json:"mail,omitempty"`
	Wait      span.Span  `json:"wait,omitempty"`
	WaitUntil *WaitUntil `json:"wait_until,omitempty"`
	WaitFor   *WaitFor   `json:"wait_for,omitempty"`
	Branch    []Case     `json:"branch,omitempty"`
	Split     []Arm      `json:"split,omitempty"`
	Notify    *Notify    `json:"notify,omitempty"`
	SetField  *SetField  `json:"set_field,omitempty"`
	Goal      *Goal      `json:"goal,omitempty"`
	Next      string     `json:"next,omitempty"` // of mail, wait, wait_until, notify, set_field; of goal: reached
	Then      string     `json:"then,omitempty"` // of wait_for: engaged
	Else      string     `json:"else,omitempty"` // of wait_for: timed out; branch: no case holds; wait_until: no such date, or it is over; goal: not reached
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

// WaitUntil rests until a time of the day on the next of some weekdays, or until a date that is known of the lead. Either is
// told by the clocks of the window's zone.
type WaitUntil struct {
	Days []string `json:"days,omitempty"` // mon to sun; absent: all
	At   string   `json:"at,omitempty"`   // 09:00; of a date field: absent is the time it has, or 09:00 where it has none

	Field  string    `json:"field,omitempty"`  // custom.renewal: 2026-12-24, or with a time 2026-12-24T10:00, or RFC 3339
	Before span.Span `json:"before,omitempty"` // so long before it; whole days are days of the calendar
	After  span.Span `json:"after,omitempty"`
}

// WaitFor rests until the lead engages, or comes into a band, or the timeout is over.
type WaitFor struct {
	Any     []string  `json:"any,omitempty"`  // engagement types
	Band    []string  `json:"band,omitempty"` // hot warm cold
	Timeout span.Span `json:"timeout"`
}

// Case is one way out of a branch.
type Case struct {
	If Condition `json:"if"`
	To string    `json:"to"`
}

// Arm is one way out of a split. Of two arms with weights 1 and 3 a quarter of the leads take the first.
type Arm struct {
	Arm    string `json:"arm"`
	Weight *int   `json:"weight,omitempty"` // absent: 1
	To     string `json:"to"`
}

// Notify tells a rep, or every subscriber of a channel, that a lead came here. It says which lead and what the author wrote.
type Notify struct {
	Rep     string `json:"rep,omitempty"`     // the address of an active rep
	Channel string `json:"channel,omitempty"` // webhook: all who subscribe to sequence.notified
	Message string `json:"message,omitempty"` // one line, the same for all leads
}

// ChannelWebhook is the channel of those who subscribed by webhook.
const ChannelWebhook = "webhook"

// SetField writes a profile field. It is kept as a value that was learned from the sequence.
type SetField struct {
	Field string `json:"field"`
	Value any    `json:"value"` // text, number, true or false
}

// Goal is a conversion with a name. As soon as its condition holds, wherever the lead is, the lead comes here; once in an entry.
type Goal struct {
	Name   string    `json:"name"`
	When   Condition `json:"when"`
	Within span.Span `json:"within,omitempty"` // of the results of a split: what comes later is not counted; absent: 14d
	Exit   bool      `json:"exit,omitempty"`   // the lead leaves the sequence as converted
}
