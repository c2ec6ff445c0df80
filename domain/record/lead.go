package record

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// What a store answers when there is nothing to answer with. Doors map them once.
var (
	ErrNotFound = errors.New("not found")
	ErrErased   = errors.New("erased")
	ErrConflict = errors.New("conflict") // a unique name or address is taken
	ErrInUse    = errors.New("in use")
	ErrTooMany  = errors.New("too many") // in a stretch of time

	// ErrNoModel says that nothing can be scored yet, so nobody can be captured: a model must be published first.
	ErrNoModel = errors.New("no scoring model is published; publish one (leadflow model publish), or run `leadflow migrate`, which seeds the default one")

	ErrBadCursor   = errors.New("bad cursor")  // none that the list gave out
	ErrUnavailable = errors.New("unavailable") // Postgres does not answer
)

// IdentityConflict says that the keys of one request belong to two leads.
type IdentityConflict struct{ LeadIDs [2]string }

func (e *IdentityConflict) Error() string { return "the keys belong to two different leads" }

// Source is where a lead came from.
type Source struct {
	Channel     string `json:"channel,omitempty"`
	Campaign    string `json:"campaign,omitempty"`
	Medium      string `json:"medium,omitempty"`
	Term        string `json:"term,omitempty"`
	Content     string `json:"content,omitempty"`
	Referrer    string `json:"referrer,omitempty"`
	LandingPage string `json:"landing_page,omitempty"`
}

// Consent is a yes or a no to one purpose.
type Consent struct {
	Purpose     string `json:"purpose"` // marketing, tracking, or a topic
	Granted     bool   `json:"granted"`
	DoubleOptIn bool   `json:"double_opt_in,omitempty"` // of a yes: it counts once it was confirmed by mail
	Wording     string `json:"wording,omitempty"`       // version of the words in which it was asked for
}

// Capture is one normalised capture. Of the profile, keys given win, null clears, absent stays.
type Capture struct {
	Email      string         // normalised, or empty
	ExternalID string         // source:value, or empty
	Profile    map[string]any // contract fields and custom.<key>, normalised
	Source     Source
	SourceCode string // [a-z0-9._-]{1,64}
	Consent    *Consent
	Ask        *Consent // a yes that counts once it was confirmed by mail
	VisitorID  string
	Via        string // api, form, import
	Actor      lifecycle.Actor
	FillBlanks bool       // known values stay: imports
	Otherwise  []string   // fields of the profile where the opposite of FillBlanks holds
	SkipKnown  bool       // of a known lead nothing changes, except that it may refuse mail
	Row        *ImportRef // of rows of a file: which one it carries out
	NoAlert    bool       // of a new lead: sales are not alerted
	NoNurture  bool       // of a new lead: no mail
	Event      *Event     // happened with the capture: form_submit
}

// Keys are those of a person, each under its kind; an empty one is none.
func Keys(email, externalID string) []string {
	var out []string
	if email != "" {
		out = append(out, "email:"+email)
	}
	if externalID != "" {
		out = append(out, "external:"+externalID)
	}
	return out
}

// Captured is what became of a capture.
type Captured struct {
	LeadID   string
	Created  bool
	Changed  bool // anything at all was written beside a touch
	Skipped  bool // known, and left alone for that
	Repeated bool // an earlier row of the same import was about this lead
}

// CapturedRow is what became of one row of an import among others.
type CapturedRow struct {
	Captured
	Conflict *IdentityConflict // nothing: its keys belong to two people
	Later    bool              // nothing yet: an earlier row among them is about the same lead, by its other key
}

// Outcome says what became of a row that carried the capture out: created, updated, skipped or unchanged.
func (c Captured) Outcome() string {
	switch {
	case c.Created:
		return "created"
	case c.Changed:
		return "updated"
	case c.Skipped:
		return "skipped"
	}
	return "unchanged"
}

// Lead is the read side of one lead.
type Lead struct {
	ID             string             `json:"id"`
	WorkflowID     string             `json:"workflow_id"`
	Email          *string            `json:"email"`
	ExternalID     *string            `json:"external_id"`
	Profile        map[string]any     `json:"profile"`
	Stage          lifecycle.Stage    `json:"stage"`
	Paused         bool               `json:"paused"`
	Band           string             `json:"band"`
	Score          int                `json:"score"`
	Fit            float64            `json:"fit"`
	Engagement     float64            `json:"engagement"`
	Grade          string             `json:"grade"`
	MQLAt          *time.Time         `json:"mql_at"`
	Cycle          int                `json:"cycle"`
	CycleStartedAt time.Time          `json:"cycle_started_at"`
	Owner          *string            `json:"owner"`
	Assignment     *Assignment        `json:"assignment"`
	SLA            SLA                `json:"sla"`
	Mail           MailState          `json:"mail"`
	Source         Source             `json:"source"`
	CreatedAt      time.Time          `json:"created_at"`
	UpdatedAt      time.Time          `json:"updated_at"`
	Version        int64              `json:"version"`
	MergedInto     *string            `json:"merged_into,omitempty"` // the lead that this one became; its stage is merged then
	Reason         string             `json:"-"`
	Last           lifecycle.Decision `json:"-"`
	TeamID         *string            `json:"-"`
	Untracked      bool               `json:"-"` // what is done with its mails is not to be noted
}

// Assignment is the open or last offer of the cycle.
type Assignment struct {
	ID        string    `json:"id"`
	RepID     string    `json:"rep_id"`
	OfferedAt time.Time `json:"offered_at"`
}

// SLA is the accept clock as people see it.
type SLA struct {
	DueAt *time.Time         `json:"due_at"`
	State lifecycle.SLAState `json:"state"`
}

// MailState says whether nurture mail may be sent: active, or why it is not (unsubscribed, bounced, complained,
// no_address, unconfirmed, no_consent, not_asked).
type MailState struct {
	State string `json:"state"`
}

// Page is one page of a list, newest first unless the list says otherwise.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor" nullable:"true"` // empty, and null to readers: there is no more
}

// MarshalJSON says the end of a list as null.
func (p Page[T]) MarshalJSON() ([]byte, error) {
	out := struct {
		Items []T     `json:"items"`
		Next  *string `json:"next_cursor"`
	}{Items: p.Items}
	if p.NextCursor != "" {
		out.Next = &p.NextCursor
	}
	return json.Marshal(out)
}

// LeadFilter narrows a list of leads. Empty fields do not filter.
type LeadFilter struct {
	Stage  []string
	Owner  string
	Band   string
	Source string
	Query  string // part of address, name or company
	Cursor string
	Limit  int
}

// TimelineItem is one thing that happened to a lead.
type TimelineItem struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"`
	From    string          `json:"from,omitempty"`
	To      string          `json:"to,omitempty"`
	Actor   lifecycle.Actor `json:"actor"`
	Why     string          `json:"why"`
	Cycle   int             `json:"cycle"`
	Version int64           `json:"version"`
	Data    map[string]any  `json:"data"`
}

// InboxItem is a lead that waits for a rep or is worked by one, sorted by time left.
type InboxItem struct {
	LeadID       string          `json:"lead_id"`
	AssignmentID *string         `json:"assignment_id"`
	RepID        *string         `json:"rep_id"`
	TeamID       *string         `json:"team_id"`
	Stage        lifecycle.Stage `json:"stage"`
	Score        int             `json:"score"`
	Band         string          `json:"band"`
	OfferedAt    *time.Time      `json:"offered_at"`
	SLA          SLA             `json:"sla"`
	Reasons      []string        `json:"reasons"` // why this score, in words, best first
}

// InboxFilter narrows the inbox.
type InboxFilter struct {
	RepID, TeamID, Cursor string
	Limit                 int
}

// Note is a free text about a lead. It never leaves Postgres.
type Note struct {
	ID     string    `json:"id"`
	LeadID string    `json:"lead_id"`
	At     time.Time `json:"at"`
	RepID  *string   `json:"rep_id"`
	Text   string    `json:"text"`
}
