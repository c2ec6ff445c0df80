package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/funnel"
)

// Journey is how far one cycle of a lead came, with what reports tell it by.
type Journey struct {
	funnel.Journey
	LeadID       string
	Cycles       int // of the lead, so far
	SourceCode   string
	Campaign     string
	Band         string // at the first offer; empty: never offered
	ModelVersion *int   // likewise
	TeamID       *string
	RepID        *string // who accepted first, and has not been relieved
	Cents        *int64  // of what was won, in hundredths
	Currency     *string
	Personas     []string   // of the published model, by what is known of the lead, in order of their names
	EngagedAt    *time.Time // the newest engagement, of a cycle that is over

	TouchedAt                    []time.Time // before it was won for money, in their order
	TouchSources, TouchCampaigns []string    // of these touches
}

// JourneyDifference is a journey that is not what its timeline says.
type JourneyDifference struct {
	LeadID string `json:"lead_id"`
	Cycle  int    `json:"cycle"` // 0: of all cycles together
	What   string `json:"what"`  // missing, stale, left_over; offer: of an offer of that cycle
}

// JourneysChecked counts what a check of the journeys has looked at.
type JourneysChecked struct {
	Leads     int `json:"leads"`
	Waiting   int `json:"waiting"` // changed so lately that they are not folded yet
	Different int `json:"different"`
	Mended    int `json:"mended"`
}
