package fitting

import "time"

// Observed is what a house has seen of the leads that were captured in a period.
type Observed struct {
	From, To time.Time
	Until    time.Time // what was later is not known
	Captured int       // in the period; where it is more than there are Leads, these are the newest
	Imported int       // left out: they were not captured one by one
	Leads    []Lead
}

// Lead is what is known of one.
type Lead struct {
	Source  string         `json:"source"`
	At      time.Time      `json:"at"`
	Profile map[string]any `json:"profile"` // only what documents ask for
	Events  []Event        `json:"events"`  // by time, those that count
	Moves   []Move         `json:"moves"`   // by time
	Mails   []time.Time    `json:"mails"`   // nurture mails that were sent, by time
	Offers  []Offer        `json:"offers"`  // by time
	Ends    []End          `json:"ends"`    // by time
}

// Event is one thing a lead did, or that was done with it.
type Event struct {
	Type       string         `json:"type"`
	At         time.Time      `json:"at"`
	Properties map[string]any `json:"properties"` // only what documents ask for
}

// Move is that a lead came into a stage.
type Move struct {
	Stage string    `json:"stage"`
	Cycle int       `json:"cycle"`
	At    time.Time `json:"at"`
}

// Offer is a lead that somebody was given.
type Offer struct {
	Cycle   int       `json:"cycle"`
	Rep     string    `json:"rep"` // id
	At      time.Time `json:"at"`
	Decided time.Time `json:"decided"` // zero: not yet
	State   string    `json:"state"`   // offered, accepted, rejected, missed, withdrawn; as it was first decided
	Reason  string    `json:"reason"`
	Claimed bool      `json:"claimed"` // out of the queue, or given by a person: it was never offered
}

// End is that a cycle came to an end.
type End struct {
	Kind   string    `json:"kind"` // won, lost, rejected, disqualified
	Cycle  int       `json:"cycle"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// FittedPart is what was made of one part of the behaviour.
type FittedPart struct {
	What  string `json:"what"`  // as in sales.decides.after
	How   string `json:"how"`   // fitted; shrunk: towards what all have; assumed: not of this house
	Of    int    `json:"of"`    // so many cases
	Cases string `json:"cases"` // of what
	Says  string `json:"says"`
}

// How something was found.
const (
	ByFit     = "fitted"
	ByAssumed = "assumed"
)

// Least numbers of cases. Of less nothing is said.
const (
	Anonymous   = 10  // leads that must have a value
	leastLeads  = 30  // of a house
	leastKind   = 50  // of a source of its own
	leastHours  = 200 // for hours of the day
	leastVisits = 30  // that came later than the first
	leastMails  = 30
	leastCases  = 20 // of what sales did

	strength = 20 // of what all have, in cases, where a source has few
)
