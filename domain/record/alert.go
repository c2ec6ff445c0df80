package record

import (
	"strings"
	"time"
)

// AlertPayload is what a subscriber is posted: ids and codes, nothing personal. The form is that of Standard Webhooks.
type AlertPayload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      AlertData `json:"data"`
}

// AlertLetter is what the mail of an alert is made from: it may say more than a subscriber is told.
type AlertLetter struct {
	AlertPayload
	Text string `json:"text,omitempty"` // what the lead wrote
	Whys []Why  `json:"whys,omitempty"` // what the score of the offer was made of
}

// AlertReply is the kind of an alert that a lead answered a mail, AlertMeeting of one that a meeting with it was booked.
const (
	AlertReply   = "reply"
	AlertMeeting = "meeting"
)

// AlertData says which lead, whose, and until when.
type AlertData struct {
	LeadID       string     `json:"lead_id"`
	Cycle        int        `json:"cycle"`
	AssignmentID string     `json:"assignment_id"`
	RepID        string     `json:"rep_id"`
	Score        int        `json:"score"`
	DueAt        *time.Time `json:"due_at,omitempty"`   // of an offer that is open
	Sequence     string     `json:"sequence,omitempty"` // of a sequence that notifies: which, at which step, and what its author wrote
	Step         string     `json:"step,omitempty"`
	Message      string     `json:"message,omitempty"`
	Reason       string     `json:"reason,omitempty"`         // of a retraction: why the engagement does not count
	WasDue       *time.Time `json:"was_due,omitempty"`        // of a clock that is told late: its moment
	StartsAt     *time.Time `json:"starts_at,omitempty"`      // of a meeting, where its event says so
	LateBy       string     `json:"late_by,omitempty"`        // and how late that is, such as 1h2m3s
	MergedLeadID string     `json:"merged_lead_id,omitempty"` // of a merge or its undoing: the lead that ended, or is back
}

// AlertSequence is the kind of alert with which a sequence tells that a lead came to a step, and KindSequenceNotified the type
// under which subscribers hear of it.
const (
	AlertSequence        = "sequence"
	KindSequenceNotified = "sequence.notified"
)

// WebhookKinds are the types of event a subscriber may ask for. They are part of the API.
var WebhookKinds = []string{
	"handoff.offered", "handoff.reminded", "handoff.escalated", "handoff.claimed", "handoff.assigned", "handoff.first_touch_due",
	"handoff.first_touch_reminded", "handoff.first_touch_escalated",
	"handoff.idle_reminded", "handoff.idle_owner", "handoff.idle_manager", "handoff.idle_escalated", "handoff.retracted", "handoff.undone", "handoff.meeting_booked",
	"handoff.queue_waits", KindSequenceNotified, "mail.replied", "lead.merged", "lead.unmerged",
}

var webhookKinds = map[string]string{
	"offer": "offered", "reminder": "reminded", "escalation": "escalated", "first_touch": "first_touch_due",
	"retraction": "retracted", "first_touch_reminder": "first_touch_reminded", "first_touch_escalation": "first_touch_escalated",
	"idle_reminder": "idle_reminded", "idle_escalation": "idle_escalated", "queue": "queue_waits", AlertMeeting: "meeting_booked",
}

// WebhookKind is the type under which subscribers hear of an alert of this kind.
func WebhookKind(alert string) string {
	switch alert {
	case AlertReply:
		return "mail.replied"
	case "merged", "unmerged":
		return "lead." + alert
	}
	if past, ok := webhookKinds[alert]; ok {
		alert = past
	}
	return strings.Join([]string{"handoff", alert}, ".")
}
