package record

import "time"

// FunnelFilter is which journeys a report is about: those that began in a period.
type FunnelFilter struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	By       string    `json:"by"`  // see FunnelBy; empty: no breakdown
	Per      string    `json:"per"` // cycle: each cycle counts; lead: each lead once, as far as it ever came
	Source   string    `json:"source,omitempty"`
	Campaign string    `json:"campaign,omitempty"`
	Persona  string    `json:"persona,omitempty"`
	Band     string    `json:"band,omitempty"`
	Model    int       `json:"model,omitempty"`
	TeamID   string    `json:"team_id,omitempty"`
	RepID    string    `json:"rep_id,omitempty"`
}

// FunnelBy is what reports about journeys may be broken down by.
var FunnelBy = []string{"week", "month", "source", "campaign", "persona", "band", "model", "team", "rep", "cycle"}

// Before is the filter of the period of the same length that ended where this one begins.
func (f FunnelFilter) Before() FunnelFilter {
	f.From, f.To = f.From.Add(-f.To.Sub(f.From)), f.From
	return f
}

// Span is how long something took those who did it, in seconds; null where nobody did.
type Span struct {
	Count int      `json:"count"`
	P50   *float64 `json:"p50" nullable:"true"`
	P90   *float64 `json:"p90" nullable:"true"`
}

// Rate is a share of a number, with its 95 % interval by Wilson; null of nobody.
type Rate struct {
	Of   int      `json:"of"`
	Rate *float64 `json:"rate" nullable:"true"`
	Low  *float64 `json:"low" nullable:"true"`
	High *float64 `json:"high" nullable:"true"`
}

// FunnelStep is one step of a funnel.
type FunnelStep struct {
	Step       string `json:"step"`
	Reached    int    `json:"reached"`
	Conversion Rate   `json:"conversion"` // of those who reached the step before; null of the first
	OfAll      Rate   `json:"of_all"`     // of all that began
	Took       Span   `json:"took"`       // from the step before
}

// Recycled is who was taken up again, and was won afterwards: of leads who had a cycle after the first, of cycles those that are one.
type Recycled struct {
	Recycled int  `json:"recycled"`
	Won      int  `json:"won"` // in a cycle after the first
	WinRate  Rate `json:"win_rate"`
}

// Endings is where journeys are now.
type Endings struct {
	Open         int `json:"open"` // not at an end: it may still become anything
	Won          int `json:"won"`
	Lost         int `json:"lost"`
	Disqualified int `json:"disqualified"`
	Dormant      int `json:"dormant"`
	Erased       int `json:"erased"`
}

// FunnelLine is one row of the report.
type FunnelLine struct {
	Key     string       `json:"key"`  // of the breakdown; empty: of none
	Name    string       `json:"name"` // of the team or rep
	Steps   []FunnelStep `json:"steps"`
	Endings Endings      `json:"endings"`

	Recycled Recycled `json:"recycled"`
}

// FunnelReport tells how far the leads of a period came.
type FunnelReport struct {
	FunnelFilter
	Total  FunnelLine   `json:"total"`
	Before *FunnelLine  `json:"before,omitempty"` // the total of the period before
	Items  []FunnelLine `json:"items"`
	AsOf   time.Time    `json:"as_of"` // when journeys were folded last
	Says   string       `json:"says,omitempty"`
}

// Pace is how fast the journeys of a period went.
type Pace struct {
	Stages     []StageSpan   `json:"stages"`     // time in each stage, of stays that are over
	Spans      []NamedSpan   `json:"spans"`      // from step to step
	Conversion []FunnelPoint `json:"conversion"` // share won by age, of all that began
}

// VelocityReport tells how fast the journeys of a period went.
type VelocityReport struct {
	FunnelFilter
	Pace
	Months []VelocityMonth `json:"months"`           // of the period, by when they qualified: lead velocity rate
	Before *Pace           `json:"before,omitempty"` // of the period before
	AsOf   time.Time       `json:"as_of"`
	Says   string          `json:"says,omitempty"`
}

// StageSpan is the time spent in a stage.
type StageSpan struct {
	Stage string `json:"stage"`
	Span
}

// NamedSpan is the time from one step to another.
type NamedSpan struct {
	From string `json:"from"`
	To   string `json:"to"`
	Span
}

// FunnelPoint is the share of a cohort that was won by an age, by Kaplan and Meier, with its interval of 95 %.
type FunnelPoint struct {
	Age    int     `json:"age_days"`
	AtRisk int     `json:"at_risk"`
	Share  float64 `json:"share"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// VelocityMonth is how many qualified in a month, and how much more or less that is than in the month before (lead velocity
// rate): 0.1 is a tenth more. Null of the first month, and after a month of none.
type VelocityMonth struct {
	Month     string   `json:"month"`
	Qualified int      `json:"qualified"`
	Won       int      `json:"won"`
	Growth    *float64 `json:"growth" nullable:"true"`
	Whole     bool     `json:"whole"` // false: the period has not all of it, or it is not over
}

// Journeyed is a journey as lists show it.
type Journeyed struct {
	LeadID        string     `json:"lead_id"`
	Cycle         int        `json:"cycle"` // 0: the lead as far as it ever came
	BeganAt       time.Time  `json:"began_at"`
	MQLAt         *time.Time `json:"mql_at" nullable:"true"`
	AcceptedAt    *time.Time `json:"accepted_at" nullable:"true"`
	OpportunityAt *time.Time `json:"opportunity_at" nullable:"true"`
	WonAt         *time.Time `json:"won_at" nullable:"true"`
	Stage         string     `json:"stage"`
	StageAt       time.Time  `json:"stage_at"`
	Source        string     `json:"source"`
	Campaign      string     `json:"campaign"`
	Personas      []string   `json:"personas" nullable:"false"`
	Band          string     `json:"band"` // at the first offer
	Model         *int       `json:"model" nullable:"true"`
	TeamID        *string    `json:"team_id" nullable:"true"`
	RepID         *string    `json:"rep_id" nullable:"true"`
	Amount        *string    `json:"amount" nullable:"true"`
	Currency      *string    `json:"currency" nullable:"true"`
}

// JourneyFigures are the figures of reports that can be opened into their leads: a step, which is reached; an ending; a step after the one before
// it (to_); a time between two, or in a stage, that is known; who was taken up again, and won afterwards (rewon); what brought money
// (paid); who was won by an age, and who was at risk at it.
var JourneyFigures = []string{
	"captured", "mql", "accepted", "opportunity", "won", "open", "ended_won", "lost", "disqualified", "dormant", "erased",
	"to_mql", "to_accepted", "to_opportunity", "to_won",
	"captured-mql", "mql-accepted", "accepted-opportunity", "opportunity-won", "accepted-won", "captured-won", "captured-disqualified", "captured-lost",
	"in_nurturing", "in_qualified", "in_handoff", "in_working", "in_opportunity", "in_dormant",
	"recycled", "rewon", "paid", "won_by", "at_risk",
}

// Counted is by what a journey belongs to a period: that it began in it, or that it came to the step of the figure in it, as months and attribution
// are counted.
var Counted = []string{"began", "reached"}

// Opened is which figure of which line of a report is opened into its list.
type Opened struct {
	Figure  string
	Key     string // of the line of the breakdown
	Counted string // see Counted; empty: began
	Age     int    // in whole days, of won_by and at_risk
	Due     bool   // of offers: only those with a deadline
}

// Cost is what a source, or one of its campaigns, cost over some days, by UTC, the last one included.
type Cost struct {
	ID        string    `json:"id"`
	Source    string    `json:"source"`
	Campaign  string    `json:"campaign"` // empty: of the source as a whole
	From      string    `json:"from"`     // YYYY-MM-DD
	To        string    `json:"to"`
	Amount    string    `json:"amount"` // decimal
	Currency  string    `json:"currency"`
	Note      string    `json:"note"`
	CreatedAt time.Time `json:"created_at"`
}

// SourceLine is what came of a source or a campaign, and what it cost.
type SourceLine struct {
	Key      string        `json:"key"`
	Leads    int           `json:"leads"`
	MQL      int           `json:"mql"`
	Accepted int           `json:"accepted"`
	Won      int           `json:"won"`
	WinRate  Rate          `json:"win_rate"` // of all leads
	Money    []SourceMoney `json:"money"`    // by currency: none is converted
}

// SourceMoney is what a source brought and cost in one currency. Amounts are decimals.
type SourceMoney struct {
	Currency   string            `json:"currency"`
	Revenue    string            `json:"revenue"` // of the leads that began in the period
	Cost       string            `json:"cost"`    // of the days of the period: of an entry that reaches beyond it, the share of its days
	PerLead    *string           `json:"per_lead" nullable:"true"`
	PerWon     *string           `json:"per_won" nullable:"true"`
	ROI        *float64          `json:"roi" nullable:"true"` // (revenue - cost) / cost; null where nothing was spent
	Attributed map[string]string `json:"attributed"`          // revenue won in the period by way of attribution: see domain/funnel
}

// SourcesReport tells what came of each source.
type SourcesReport struct {
	FunnelFilter
	Total  SourceLine   `json:"total"`
	Before *SourceLine  `json:"before,omitempty"` // the total of the period before
	Items  []SourceLine `json:"items"`
	AsOf   time.Time    `json:"as_of"`
	Says   string       `json:"says,omitempty"`
}

// Attributed is a journey that was won, and which part of it is a source's or campaign's, by way of attribution.
type Attributed struct {
	LeadID   string             `json:"lead_id"`
	Cycle    int                `json:"cycle"`
	WonAt    time.Time          `json:"won_at"`
	Amount   string             `json:"amount"`
	Currency string             `json:"currency"`
	Touches  int                `json:"touches"` // before it was won, of all sources
	Shares   map[string]float64 `json:"shares"`  // of the amount: 0 to 1
}
