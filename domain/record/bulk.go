package record

import (
	"encoding/json"
	"time"
)

// Bulk is one decision over many leads, under way. Applied, refused and failed add up to the leads that are done with.
type Bulk struct {
	ID         string          `json:"id"`
	Action     string          `json:"action"` // pause, resume, reassign, recycle, disqualify
	State      string          `json:"state"`  // queued, running, done, cancelled
	Filter     BulkFilter      `json:"filter"`
	Body       json.RawMessage `json:"body"` // of each decision
	Total      int             `json:"total"`
	Applied    int             `json:"applied"`
	Refused    int             `json:"refused"` // by the lead's run: errors.csv says why
	Failed     int             `json:"failed"`  // erased meanwhile, or the decision itself is wrong by now
	Pace       float64         `json:"pace"`    // leads a second at most
	Rate       float64         `json:"rate"`    // leads a second so far
	ETA        *time.Time      `json:"eta"`
	CreatedAt  time.Time       `json:"created_at"`
	FinishedAt *time.Time      `json:"finished_at"`

	KeyID *string `json:"-"`
	Claim int     `json:"-"` // of who carries it: an older one notes nothing more
}

// BulkFilter is which leads were asked for. Words that were searched for may be a person's, and are not kept.
type BulkFilter struct {
	Stage    []string `json:"stage,omitempty"`
	Owner    string   `json:"owner,omitempty"`
	Band     string   `json:"band,omitempty"`
	Source   string   `json:"source,omitempty"`
	Searched bool     `json:"searched,omitempty"`
	All      bool     `json:"all,omitempty"`
}

// BulkPreview is what a bulk action would be about.
type BulkPreview struct {
	DryRun bool     `json:"dry_run"`
	Total  int      `json:"total"`
	Sample []string `json:"sample" nullable:"false"` // ids of the newest
}

// BulkLead is what became of one lead.
type BulkLead struct {
	LeadID     string
	State      string // waiting, asked, applied, refused, failed
	DecisionID *string
	Code       string
}
