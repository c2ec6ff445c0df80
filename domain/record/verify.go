package record

// ScoreDifference is a part of a lead's score that is not what its events give under its model.
type ScoreDifference struct {
	LeadID     string `json:"lead_id"`
	Part       string `json:"part"` // score, fit, engagement, grade, band, accumulators, turns_at
	Stored     string `json:"stored"`
	Recomputed string `json:"recomputed"`
}

// Verified counts what became of a look at scores.
type Verified struct {
	Leads     int `json:"leads"`     // looked at
	Different int `json:"different"` // of them, with at least one difference
	Unknown   int `json:"unknown"`   // of them, not what their events give, and older than the oldest event that is kept
}
