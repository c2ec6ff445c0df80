package record

import "time"

// SLAFilter is which offers a report is about.
type SLAFilter struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	By     string    `json:"by"` // see SLABy
	TeamID string    `json:"team_id,omitempty"`
	RepID  string    `json:"rep_id,omitempty"`

	Source   string `json:"source,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Persona  string `json:"persona,omitempty"`
	Band     string `json:"band,omitempty"`
	Model    int    `json:"model,omitempty"`
}

// SLABy is what a report may be broken down by, and a list of its offers.
var SLABy = []string{"team", "rep", "source", "band", "campaign", "model", "week", "month"}

// Offers is the filter of lists of the same offers.
func (f SLAFilter) Offers() FunnelFilter {
	return FunnelFilter{From: f.From, To: f.To, By: f.By, Source: f.Source, Campaign: f.Campaign, Persona: f.Persona, Band: f.Band, Model: f.Model, TeamID: f.TeamID, RepID: f.RepID}
}

// Before is the filter of the period of the same length that ended where this one begins.
func (f SLAFilter) Before() SLAFilter {
	f.From, f.To = f.From.Add(-f.To.Sub(f.From)), f.From
	return f
}

// SLACounts are offers with a deadline, and what became of it.
type SLACounts struct {
	Offers        int `json:"offers"`
	Met           int `json:"met"`
	Breached      int `json:"breached"`
	Running       int `json:"running"`   // not due yet, or held
	Withdrawn     int `json:"withdrawn"` // neither met nor breached: nobody waits any more
	TouchMet      int `json:"touch_met"`
	TouchBreached int `json:"touch_breached"`
}

// Percentiles are of spans in seconds; null where there is none.
type Percentiles struct {
	Count int      `json:"count"`
	P50   *float64 `json:"p50" nullable:"true"`
	P90   *float64 `json:"p90" nullable:"true"`
	P99   *float64 `json:"p99" nullable:"true"`
}

// SystemDelay is what the house took: nobody in sales is answerable for it.
type SystemDelay struct {
	CrossedToOffered   Percentiles `json:"crossed_to_offered"`
	OfferedToDelivered Percentiles `json:"offered_to_delivered"`
	CrossedToDelivered Percentiles `json:"crossed_to_delivered"`
	// DueToTold is how late the latest clock of an offer was told, of offers where that was a minute or more: after an outage.
	DueToTold Percentiles `json:"due_to_told"`
}

// HumanDelay is what people took, by the clock on the wall. Seen is known of offers that were looked at in the inbox or by
// the link of their notification.
type HumanDelay struct {
	DeliveredToSeen    Percentiles `json:"delivered_to_seen"`
	SeenToDecided      Percentiles `json:"seen_to_decided"`
	DeliveredToDecided Percentiles `json:"delivered_to_decided"`
	AcceptedToTouched  Percentiles `json:"accepted_to_touched"`
}

// SLALine is one row of the report.
type SLALine struct {
	Key  string `json:"key"`  // id of the team or rep, source, band; empty: of none
	Name string `json:"name"` // of the team or rep
	SLACounts
	Attainment Rate        `json:"attainment"` // met, of met and breached
	System     SystemDelay `json:"system"`
	Human      HumanDelay  `json:"human"`
}

// SLAReport tells how offers went.
type SLAReport struct {
	SLAFilter
	Says   string    `json:"says,omitempty"` // where there is nothing to tell: why
	Total  SLALine   `json:"total"`
	Before *SLALine  `json:"before,omitempty"` // the total of the period before
	Items  []SLALine `json:"items" nullable:"false"`
	AsOf   time.Time `json:"as_of"`       // when offers were folded last
	Next   *string   `json:"next_cursor"` // never any: one page holds all
}
