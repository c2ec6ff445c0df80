package record

import "time"

// EngagementFigures are what a report about engagement can be opened by.
var EngagementFigures = []string{"leads", "engaged", "silent", "active"}

// EngagementLine is one row of the report.
type EngagementLine struct {
	Key     string `json:"key"`     // of the breakdown; empty: of none
	Name    string `json:"name"`    // of the team or rep
	Leads   int    `json:"leads"`   // that began in the period, or cycles of them
	Engaged int    `json:"engaged"` // that did something themselves since, later than a minute after: what captured them is none
	Silent  int    `json:"silent"`  // that did not
	Active  int    `json:"active"`  // that did something in the last 30 days
	Rate    Rate   `json:"rate"`    // engaged, of all
}

// EngagementReport tells how many of the leads of a period engaged.
type EngagementReport struct {
	FunnelFilter
	Total  EngagementLine   `json:"total"`
	Before *EngagementLine  `json:"before,omitempty"` // the total of the period before
	Items  []EngagementLine `json:"items"`
	AsOf   time.Time        `json:"as_of"` // when journeys were folded last; engagement is as it is now
	Says   string           `json:"says,omitempty"`
}

// EngagedLead is a lead of that report as lists show it.
type EngagedLead struct {
	LeadID    string     `json:"lead_id"`
	BeganAt   time.Time  `json:"began_at"`
	EngagedAt *time.Time `json:"engaged_at" doc:"the last time"`
	Cycle     int        `json:"cycle"` // 0: the lead as a whole
	Stage     string     `json:"stage"`
	Source    string     `json:"source"`
	Campaign  string     `json:"campaign"`
}

// ModelLine is how the leads and offers of one version of the model went.
type ModelLine struct {
	Model       int        `json:"model"` // 0: of all, or of offers of before there were models
	State       string     `json:"state,omitempty"`
	PublishedAt *time.Time `json:"published_at" nullable:"true"`
	Leads       int        `json:"leads"`      // offered for the first time under this version, of those that began in the period
	Won         int        `json:"won"`        // of them
	WinRate     Rate       `json:"win_rate"`   // of them
	Offers      int        `json:"offers"`     // made in the period
	Accepted    int        `json:"accepted"`   //
	Rejected    int        `json:"rejected"`   //
	Acceptance  Rate       `json:"acceptance"` // of offers that were accepted, rejected or missed
	Met         int        `json:"met"`        // decided within the deadline
	Breached    int        `json:"breached"`   // decided later, or missed
	SLA         Rate       `json:"sla"`        // met, of met and breached
	TookP50     *float64   `json:"took_p50" nullable:"true" doc:"seconds from the offer to its acceptance: half took no longer"`
	TookP90     *float64   `json:"took_p90" nullable:"true"`
}

// ModelsReport puts versions of the model side by side.
type ModelsReport struct {
	FunnelFilter
	Total  ModelLine   `json:"total"`
	Before *ModelLine  `json:"before,omitempty"` // the total of the period before
	Items  []ModelLine `json:"items"`
	AsOf   time.Time   `json:"as_of"`
	Says   string      `json:"says,omitempty"`
}

// OfferFigures are what reports about offers can be opened by: what became of them, and the times that are known of them.
var OfferFigures = []string{
	"offers", "accepted", "rejected", "missed", "met", "breached", "running", "withdrawn", "touch_met", "touch_breached",
	"crossed_to_offered", "offered_to_delivered", "crossed_to_delivered", "delivered_to_seen", "seen_to_decided", "delivered_to_decided", "accepted_to_touched", "due_to_told",
}

// OfferedLead is an offer as lists show it.
type OfferedLead struct {
	AssignmentID string     `json:"assignment_id"`
	LeadID       string     `json:"lead_id"`
	RepID        string     `json:"rep_id"`
	TeamID       *string    `json:"team_id"`
	Model        *int       `json:"model"`
	Band         string     `json:"band"`
	Source       string     `json:"source"`
	State        string     `json:"state"`
	OfferedAt    time.Time  `json:"offered_at"`
	DueAt        *time.Time `json:"due_at"`
	DecidedAt    *time.Time `json:"decided_at"`
}
