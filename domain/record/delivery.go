package record

import (
	"encoding/json"
	"time"
)

// The lanes of deliveries, each with workers and connections of its own.
const (
	LaneAlert   = "alert"
	LaneBulk    = "bulk"
	LaneWebhook = "webhook"
)

// KindTest is a mail of a sequence that somebody of the house sent to themselves. It counts for nothing.
const KindTest = "test"

// Mail is one row of the mail ledger as people see it. The address is not in it: the lead is.
type Mail struct {
	ID        string     `json:"id"`
	Key       string     `json:"key"`
	LeadID    *string    `json:"lead_id"`
	Lane      string     `json:"lane"`
	Kind      string     `json:"kind"`
	Sequence  string     `json:"sequence,omitempty"`
	Version   int        `json:"sequence_version,omitempty"`
	Step      string     `json:"step,omitempty"`
	Cycle     int        `json:"cycle,omitempty"`
	State     string     `json:"state"`
	Code      string     `json:"code,omitempty"`
	Attempts  int        `json:"attempts"`
	CreatedAt time.Time  `json:"created_at"`
	SendingAt *time.Time `json:"sending_at" doc:"when its DATA began last: where the mail server's log says what became of it"`
	SentAt    *time.Time `json:"sent_at"`
	Decided   string     `json:"decided,omitempty" doc:"what somebody decided last: retry, mark-sent or skip"`
	DecidedBy string     `json:"decided_by,omitempty" doc:"key:<id>"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
}

// Delivery is a claimed row with what its pool needs to carry it out.
type Delivery struct {
	ID           string
	Key          string
	Lane         string
	Channel      string // mail, webhook, slack
	Kind         string // nurture, offer, reminder, escalation, ...
	LeadID       string
	Cycle        int
	Sequence     string
	Version      int
	Step         string
	AssignmentID string
	RepID        string // whom an alert is for
	Attempts     int    // this claim: whoever carries an older one has lost it
	MayRepeat    bool   // at least once rather than at most once
	CreatedAt    time.Time
	FailingSince time.Time // when it was first put back because it could not be delivered; zero: it was not
	HasTurn      bool      // it comes back at the turn that the pace of its domain gave it
	Payload      json.RawMessage
	Message      []byte // composed before, or nil
	MessageID    string

	To       string          // address of the person or the rep
	ToName   string          // of the rep
	ToZone   string          // by whose clock the rep is told of times: an IANA name; empty is UTC
	Lead     *Lead           // nurture: whom the mail is about; alerts: the lead that is offered
	Document json.RawMessage // nurture: the sequence
	Purpose  string          // nurture: the purpose of consent that the sequence mails under
	Webhook  *Webhook
	Stop     string // why it must not be sent after all: suppressed:<why> or expired:<why>; empty to go on
	Hold     bool   // the lead is paused: put it back
}
