package record

import "time"

// Examples are leads that came to an end, as they were known when sales were asked.
type Examples struct {
	Items []Example
	Open  int // leads that have not come to an end
}

// Example is one cycle of a lead. Values are those known at the decision: when the lead was first offered in this cycle, or
// when it ended if nobody was asked.
type Example struct {
	LeadID    string
	Cycle     int
	Won       bool
	DecidedAt time.Time
	EndedAt   time.Time         // when the outcome was known
	Source    string            // code of the lead's first source
	Values    map[string]string // of the profile by field; single values only
	Later     []string          // fields that were learned for the first time after the decision
	Events    map[string]int    // how many of each type had been received; nil: the oldest are no longer kept
}
