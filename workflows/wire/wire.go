package wire

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Names on the wire. They live in every history ever written: never rename one.
const (
	TypeLead  = "Lead"
	TaskQueue = "leads"

	SignalEngagement = "engagement"
	SignalAccept     = "accept"
	SignalReject     = "reject"
	SignalPause      = "pause"
	SignalResume     = "resume"
	SignalRefresh    = "refresh"
	SignalRollOver   = "roll-over"

	UpdateAccept     = "accept"
	UpdateReject     = "reject"
	UpdateQualify    = "qualify"
	UpdateWin        = "win"
	UpdateLose       = "lose"
	UpdateReassign   = "reassign"
	UpdateRecycle    = "recycle"
	UpdateDisqualify = "disqualify"
	UpdatePause      = "pause"
	UpdateResume     = "resume"
	UpdateSnooze     = "snooze"
	UpdateErase      = "erase"
	UpdateUndo       = "undo"

	QueryState = "state"
)

// Search attributes of a lead's run.
const (
	AttrStage    = "LeadStage"  // Keyword
	AttrOwner    = "LeadOwner"  // Keyword, rep id
	AttrSource   = "LeadSource" // Keyword, channel code
	AttrCycle    = "LeadCycle"  // Int
	AttrSLADueAt = "SlaDueAt"   // Datetime
)

// Trigger kinds beside the engagement types a model names as hard triggers. Capture and erased are told by the outbox
// only.
const (
	TriggerMQL         = lifecycle.TriggerMQL
	TriggerMQLRevoked  = lifecycle.TriggerRevoked
	TriggerFirstTouch  = lifecycle.TriggerFirstTouch
	TriggerUnsubscribe = lifecycle.TriggerUnsubscribe
	TriggerBounce      = lifecycle.TriggerBounce
	TriggerComplaint   = lifecycle.TriggerComplaint
	TriggerCapture     = lifecycle.TriggerCapture
	TriggerErased      = lifecycle.TriggerErased
	TriggerTerms       = "terms" // policy, calendar or owner changed: heard by runs of edition 2 and later
)

// WorkflowID is the id of a lead's run, the same for its whole life.
func WorkflowID(leadID string) string { return "lead/" + leadID }

// Updates maps the names people's decisions have on the wire to what happens to the lead.
var Updates = map[string]lifecycle.EventKind{
	UpdateAccept: lifecycle.Accepted, UpdateReject: lifecycle.Rejected, UpdateQualify: lifecycle.Qualified,
	UpdateWin: lifecycle.Won, UpdateLose: lifecycle.Lost, UpdateReassign: lifecycle.Reassigned,
	UpdateRecycle: lifecycle.Recycled, UpdateDisqualify: lifecycle.Disqualified,
	UpdatePause: lifecycle.Paused, UpdateResume: lifecycle.Resumed, UpdateErase: lifecycle.Erased,
	UpdateSnooze: lifecycle.Snoozed, UpdateUndo: lifecycle.Undone,
}

// UpdateNames lists the updates in the order in which they are registered.
var UpdateNames = []string{
	UpdateAccept, UpdateReject, UpdateQualify, UpdateWin, UpdateLose, UpdateReassign, UpdateRecycle, UpdateDisqualify,
	UpdatePause, UpdateResume, UpdateErase, UpdateUndo, UpdateSnooze,
}

// LeadInput starts a run, or carries a life over from the run before.
type LeadInput struct {
	LeadID  string             `json:"lead_id"`
	Carried *lifecycle.Carried `json:"carried,omitempty"`
}

// Engagement is the one signal of the machine: a significant change, coalesced by the outbox.
type Engagement struct {
	Seq      int64     `json:"seq"`
	Score    int       `json:"score"`
	Band     string    `json:"band"`
	Triggers []Trigger `json:"triggers,omitempty"`
}

// Trigger acts only if its own seq is above the lead's watermark.
type Trigger struct {
	Kind string `json:"kind"`
	Seq  int64  `json:"seq"`
}

// Decision is the body of every update and of the accept and reject signals; the fields a decision does not know are
// absent. Notes and free text never travel: they are in Postgres under DecisionID.
type Decision struct {
	DecisionID   string    `json:"decision_id,omitempty"`
	RepID        string    `json:"rep_id,omitempty"`
	TeamID       string    `json:"team_id,omitempty"`
	AssignmentID string    `json:"assignment_id,omitempty"`
	Reason       string    `json:"reason,omitempty"`
	Until        time.Time `json:"until,omitzero"`
	KeyID        string    `json:"key_id,omitempty"`  // the API key it came with, when no rep is named
	Undoes       string    `json:"undoes,omitempty"`  // undo: the stored decision that is meant; empty: the last
	AskedAt      time.Time `json:"asked_at,omitzero"` // undo, accept, reject: when the person asked for it

	// Rule is what the reason meant when it was decided: a run's policy is of when the run began, and the house may have
	// given itself the reason since.
	Rule *lifecycle.Reason `json:"rule,omitempty"`
}

// Decided answers an update: the version that the read side shows by then.
type Decided struct {
	Stage   lifecycle.Stage `json:"stage"`
	Version int64           `json:"version"`
}

// State answers the query.
type State struct {
	Stage        lifecycle.Stage    `json:"stage"`
	Cycle        int                `json:"cycle"`
	Version      int64              `json:"version"`
	Seq          int64              `json:"seq"`
	Score        int                `json:"score"`
	Band         string             `json:"band"`
	Owner        string             `json:"owner"`
	AssignmentID string             `json:"assignment_id"`
	SLA          lifecycle.SLAClock `json:"sla"`
	Paused       bool               `json:"paused"`
	Next         Next               `json:"next"`
}

// Next is the deadline the run waits for.
type Next struct {
	Kind string    `json:"kind"`
	At   time.Time `json:"at,omitzero"`
}

// RefusalDetails travel with an application error whose type is the refusal's code.
type RefusalDetails struct {
	Stage     lifecycle.Stage `json:"stage"`
	DecidedBy string          `json:"decided_by,omitempty"`
}
