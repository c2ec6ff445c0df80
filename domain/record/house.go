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
	Unkept      int64           `json:"-"` // by which version of the lead it was applied, while nobody knows that Temporal has kept the task that did
}

// UndoFull is why a decision is not undone whose lead would be one too many for its rep.
const UndoFull = "at_capacity"

// SuppressionReasons are why an address may be suppressed, as people may say it.
var SuppressionReasons = []string{"unsubscribe", "hard_bounce", "complaint", "consent", "manual"}

// Suppression is an address no nurture mail goes to.
type Suppression struct {
	Email  *string   `json:"email"` // null once erased
	Reason string    `json:"reason"`
	LeadID *string   `json:"lead_id"`
	At     time.Time `json:"at"`
}

// Webhook is a subscriber, or a channel of Slack.
type Webhook struct {
	ID           string     `json:"id"`
	URL          string     `json:"url" doc:"of a Slack channel only its host is shown: the rest is its secret"`
	Secret       string     `json:"secret,omitempty"` // shown once
	Kinds        []string   `json:"kinds"`            // empty: all
	Active       bool       `json:"active"`
	Format       string     `json:"format" doc:"standard: signed by Standard Webhooks; slack: a message to a channel"`
	TeamID       *string    `json:"team_id" doc:"slack: only what concerns reps of this team"`
	RepID        *string    `json:"rep_id" doc:"slack: only what concerns this rep"`
	OlderUntil   *time.Time `json:"older_until" doc:"until when a secret of before signs as well; null: none does"`
	Disabled     string     `json:"disabled,omitempty" doc:"why it was switched off: gone (it answered 410) or operator"`
	OlderSecrets []string   `json:"-"` // they sign as well, the one that does for the longest first
}

// The formats of webhooks.
const (
	FormatStandard = "standard"
	FormatSlack    = "slack"
)

// HookDelivery is one message to a subscriber or a channel, as people see it.
type HookDelivery struct {
	ID        string     `json:"id"`
	WebhookID string     `json:"webhook_id"`
	Kind      string     `json:"kind"`
	LeadID    *string    `json:"lead_id"`
	State     string     `json:"state" doc:"failed: its attempts are used up, or the receiver refuses it: a dead letter"`
	Code      string     `json:"code,omitempty" doc:"the HTTP status of the last attempt, or what became of it"`
	Attempts  int        `json:"attempts"`
	CreatedAt time.Time  `json:"created_at"`
	NotBefore *time.Time `json:"not_before" doc:"when it is tried next; null: it is not"`
	SentAt    *time.Time `json:"sent_at"`
}

// StoredAnswer is an answer of the API that is given again to the same request.
type StoredAnswer struct {
	Status int
	Header map[string]string
	Body   []byte
	LeadID string // erased with the lead
}

// WebhookChange is what of a webhook is changed; nil: it stays.
type WebhookChange struct {
	Active *bool
	URL    *string
	Kinds  []string
}

// HookFilter chooses messages to subscribers.
type HookFilter struct {
	WebhookID, State string
	Cursor           string
	Limit            int
}
