package record

import "github.com/leadflow-dev/leadflow/domain/lifecycle"

// Unscore names events of a lead that are not to count: by their ids or those their clients gave them, or what was done with one mail. Reason is a code.
type Unscore struct {
	LeadID   string
	EventIDs []string
	MailID   string
	Reason   string
	Actor    lifecycle.Actor
}

// Unscored is what became of a lead when events were taken back. Events that had been taken back before are not in it.
type Unscored struct {
	EventIDs    []string `json:"event_ids" nullable:"false"`
	Points      float64  `json:"points"` // of engagement, by which it fell; negative where it rose
	ScoreBefore int      `json:"score_before"`
	Score       int      `json:"score"`
	BandBefore  string   `json:"band_before"`
	Band        string   `json:"band"`
	MQLRevoked  bool     `json:"mql_revoked"` // the rest does not make the lead an MQL in this cycle
}
