package record

import (
	"encoding/json"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
)

// Rep is a person in sales.
type Rep struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	Email      string  `json:"email"`
	TeamID     *string `json:"team_id"`
	TimeZone   string  `json:"time_zone"`
	CalendarID *string `json:"calendar_id"`
	Capacity   *int    `json:"capacity"` // open leads at most; null: no limit
	Active     bool    `json:"active"`

	Weight      *int     `json:"weight"`  // in pools that go by it; absent when it is made: 1
	PerDay      *int     `json:"per_day"` // offers from midnight to midnight at most; null: no limit
	Tags        []string `json:"tags"`
	Languages   []string `json:"languages"`   // BCP 47
	Territories []string `json:"territories"` // values of the field that pools cover by
}

// Team is a group of reps with a manager.
type Team struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	ManagerID  *string `json:"manager_id"`
	CalendarID *string `json:"calendar_id"`
}

// Calendar is business time under a name.
type Calendar struct {
	ID   string        `json:"id"`
	Name string        `json:"name"`
	Spec calendar.Spec `json:"spec"`
}

// Policy is the rules of a life under a name; one is active.
type Policy struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Active   bool            `json:"active"`
	Document json.RawMessage `json:"document"`
	Source   string          `json:"source"`
}

// Key is an API key; its secret is shown once, when it is made.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	Prefix     string     `json:"prefix"`
	Origins    []string   `json:"origins"` // scheme://host[:port] of the pages a site key may be used on, or *
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

// Decision is what a person decided, and what became of it.
type Decision struct {
	ID          string          `json:"decision_id"`
	LeadID      string          `json:"lead_id"`
	Kind        string          `json:"kind"`  // the update's name
	Body        json.RawMessage `json:"-"`     // as decided, notes included
	Fingerprint string          `json:"-"`     // of kind and body: the same decision again
	State       string          `json:"state"` // pending, applied, refused
	Code        string          `json:"code,omitempty"`
	RepID       *string         `json:"rep_id"`
	KeyID       *string         `json:"-"`
	CreatedAt   time.Time       `json:"created_at"`
	AnsweredAt  *time.Time      `json:"answered_at"`
	Attempts    int             `json:"-"`
}

// SuppressionReasons are why an address may be suppressed, as people may say it.
var SuppressionReasons = []string{"unsubscribe", "hard_bounce", "complaint", "consent", "manual"}

// Suppression is an address no nurture mail goes to.
type Suppression struct {
	Email  *string   `json:"email"` // null once erased
	Reason string    `json:"reason"`
	LeadID *string   `json:"lead_id"`
	At     time.Time `json:"at"`
}

// Webhook is a subscriber.
type Webhook struct {
	ID     string   `json:"id"`
	URL    string   `json:"url"`
	Secret string   `json:"secret,omitempty"` // shown once
	Kinds  []string `json:"kinds"`            // empty: all
	Active bool     `json:"active"`
}

// StoredAnswer is an answer of the API that is given again to the same request.
type StoredAnswer struct {
	Status int
	Header map[string]string
	Body   []byte
	LeadID string // erased with the lead
}
