package record

import (
	"encoding/json"
	"time"

	"github.com/leadflow-dev/leadflow/domain/routing"
)

// Route is one version of the routing document.
type Route struct {
	Version     int             `json:"version"`
	State       string          `json:"state"` // draft, published, retired
	Note        string          `json:"note"`
	Author      string          `json:"author"`
	Document    json.RawMessage `json:"document"` // with ids in the place of names
	Source      string          `json:"source"`
	CreatedAt   time.Time       `json:"created_at"`
	PublishedAt *time.Time      `json:"published_at"`
}

// Absence is a time in which a rep is offered nothing.
type Absence struct {
	ID    string    `json:"id"`
	RepID string    `json:"rep_id"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"` // not any more at this moment
	Kind  string    `json:"kind"`  // vacation, other
}

// AbsenceKinds are what an absence may be called. Why somebody is away is nobody else's business, so there are no more.
var AbsenceKinds = []string{"vacation", "other"}

// Routed is one decision about who gets a lead, as the ledger has it.
type Routed struct {
	ID         int64               `json:"id"`
	At         time.Time           `json:"at"`
	Document   *int                `json:"document"` // version; null: what is built in
	Rule       string              `json:"rule"`
	Pool       string              `json:"pool"`
	Strategy   string              `json:"strategy"`
	Turn       *int64              `json:"turn"` // of the pool
	RepID      *string             `json:"rep_id"`
	Why        string              `json:"why"` // round_robin weighted least_loaded first_available account_owner named no_rep
	Candidates []routing.Candidate `json:"candidates"`
	Input      *routing.Input      `json:"input"` // null: from before it was kept, or erased
	Words      []string            `json:"words,omitempty" doc:"the decision in words, with names"`
}

// RoutePreview is what a routing document would have done.
type RoutePreview struct {
	Leads   int               `json:"leads"`   // that were looked at
	Changed int               `json:"changed"` // who would go to somebody else than by today's document
	Nobody  int               `json:"nobody"`  // for whom nobody would be found
	Rules   []RouteShare      `json:"rules"`
	Reps    []RouteShare      `json:"reps"`
	Items   []RoutePreviewRow `json:"items"` // newest first
}

// RouteShare is how many leads come to a rule or a rep.
type RouteShare struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Would int    `json:"would"` // by the document that is looked at
	Today int    `json:"today"` // by the one that is published
	Had   int    `json:"had"`   // in truth, where the ledger knows
}

// RoutePreviewRow is one lead.
type RoutePreviewRow struct {
	LeadID string  `json:"lead_id"`
	Rule   string  `json:"rule"`
	Pool   string  `json:"pool"`
	Would  *string `json:"would"` // rep; null: nobody
	Today  *string `json:"today"`
	Had    *string `json:"had"` // null: it was offered to nobody yet
	Why    string  `json:"why"`
}
