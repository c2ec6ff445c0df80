package record

import (
	"encoding/json"
	"time"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Event is one normalised engagement event. Exactly one of LeadID, Email and VisitorID says whose it is.
type Event struct {
	ClientID   string
	Type       string
	LeadID     string
	Email      string
	VisitorID  string
	OccurredAt time.Time // zero: arrival
	Properties map[string]any
	JSON       json.RawMessage // the properties, where they came as JSON that Postgres takes; Properties is nil then
}

// Ingested is what became of one event; Code is empty when it was accepted.
type Ingested struct {
	LeadID    string
	Duplicate bool
	Code      string // unknown_lead, erased, occurred_at_in_future, too_old
	Waits     bool   // nothing became of it yet: somebody else holds its lead or visitor; it may be tried again
}

// Score is the explained score of one lead.
type Score struct {
	At         time.Time         `json:"at"`
	Model      int               `json:"model"`
	Score      int               `json:"score"`
	Fit        float64           `json:"fit"`
	Engagement float64           `json:"engagement"`
	Band       string            `json:"band"`
	Grade      string            `json:"grade"`
	MQLAt      *time.Time        `json:"mql_at"`
	Items      []scoring.Item    `json:"items"`
	Missing    []scoring.Missing `json:"missing"`
	Complete   bool              `json:"complete"`

	Prediction *scoring.Prediction `json:"prediction,omitempty"` // of a model that has a predictor: how likely the lead is to convert

	Published int       `json:"published,omitempty"` // the version that everybody was scored by at that moment; absent: none, or not known
	Unknown   []Unknown `json:"unknown,omitempty"`   // what this answer cannot know

	Knew string `json:"knew,omitempty" hidden:"true"` // stored with an offer only: a mark of what was known
}

// Model is one version of the scoring model.
type Model struct {
	Version     int             `json:"version"`
	State       string          `json:"state"`
	Note        string          `json:"note"`
	Author      string          `json:"author"`
	Document    json.RawMessage `json:"document"`
	Source      string          `json:"source"`
	CreatedAt   time.Time       `json:"created_at"`
	PublishedAt *time.Time      `json:"published_at"`
	Rescoring   *Rescoring      `json:"rescoring"` // null: it was never published
}

// Rescoring is how far the newest publication of a model is on its way to everybody.
type Rescoring struct {
	State      string     `json:"state"` // running, done, superseded
	Done       int        `json:"done"`  // leads; those that events brought up are counted at the end
	Total      *int       `json:"total"` // leads another model had scored; null: not counted yet
	Rate       float64    `json:"rate"`  // leads a second so far
	ETA        *time.Time `json:"eta"`
	StartedAt  *time.Time `json:"started_at"` // null: no worker has taken it up
	FinishedAt *time.Time `json:"finished_at"`
}

// Sequence is one version of a nurture sequence.
type Sequence struct {
	Name        string          `json:"name"`
	Version     int             `json:"version"`
	State       string          `json:"state"`
	Default     bool            `json:"default"`
	Document    json.RawMessage `json:"document"`
	Source      string          `json:"source"`
	CreatedAt   time.Time       `json:"created_at"`
	PublishedAt *time.Time      `json:"published_at"`
}

// OutboxRow is what one lead's run must be told, merged.
type OutboxRow struct {
	LeadID     string
	Seq        int64
	Score      int
	Band       string
	Triggers   map[string]int64
	Attempts   int
	Stage      string // as the read side has it: a terminal lead is only told of its erasure
	SourceCode string
	Cycle      int

	ClaimedUntil time.Time // the lease: by the clock of Postgres, and the claim's name
}
