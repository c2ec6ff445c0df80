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

// AlertData says which lead, whose, and until when.
type AlertData struct {
	LeadID       string     `json:"lead_id"`
	Cycle        int        `json:"cycle"`
	AssignmentID string     `json:"assignment_id"`
	RepID        string     `json:"rep_id"`
	Score        int        `json:"score"`
	DueAt        *time.Time `json:"due_at,omitempty"` // of an offer that is open
	Reason       string     `json:"reason,omitempty"` // of a retraction: why the engagement does not count
}

// WebhookKinds are the types of event a subscriber may ask for. They are part of the API.
var WebhookKinds = []string{
	"handoff.offered", "handoff.reminded", "handoff.escalated", "handoff.claimed", "handoff.assigned", "handoff.first_touch_due",
	"handoff.idle_owner", "handoff.idle_manager", "handoff.retracted",
}

var webhookKinds = map[string]string{
	"offer": "offered", "reminder": "reminded", "escalation": "escalated", "first_touch": "first_touch_due",
	"retraction": "retracted",
}

// WebhookKind is the type under which subscribers hear of an alert of this kind.
func WebhookKind(alert string) string {
	if past, ok := webhookKinds[alert]; ok {
		alert = past
	}
	return strings.Join([]string{"handoff", alert}, ".")
}
