package record

import "time"

// Warning is something in a document that is taken and will hardly be meant. Line and Column count from 1; both are 0 where it has
// no place.
type Warning struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Why    string `json:"why"`
	Remedy string `json:"remedy"`
}

// ModelPublication is what to publish a version does: who is scored anew, and what stays.
type ModelPublication struct {
	Replaces  *int `json:"replaces"`   // the version that is published now; null: none, or this one
	RollsBack bool `json:"rolls_back"` // it was published before the one it replaces
	Leads     int  `json:"leads"`      // scored by another version: they are scored anew in the background
	Offers    int  `json:"offers"`     // leads with sales: none is withdrawn by it
	DryRun    bool `json:"dry_run"`    // nothing was done
}

// ModelPreview is what a version would make of everybody, as far as it is counted. It changes no score.
type ModelPreview struct {
	ID         int64              `json:"id"`
	Version    int                `json:"version"`
	Against    int                `json:"against"` // the version that was published when it began
	State      string             `json:"state" enum:"queued,running,done,cancelled"`
	At         time.Time          `json:"at"`    // the moment at which everybody is looked at
	Weeks      int                `json:"weeks"` // that are played, back from there
	Done       int                `json:"done"`  // leads
	Total      *int               `json:"total"` // null: not counted yet
	Rate       float64            `json:"rate"`  // leads a second so far
	ETA        *time.Time         `json:"eta"`
	Result     ModelPreviewResult `json:"result"`
	CreatedAt  time.Time          `json:"created_at"`
	StartedAt  *time.Time         `json:"started_at"`
	FinishedAt *time.Time         `json:"finished_at"`

	Claim     int    `json:"-"` // of who counts: an older one counts nothing more
	ClaimedTo string `json:"-"`
}

// ModelPreviewResult counts leads whose life is not over. To be an MQL is to be at the threshold at that moment: a publication
// alone offers nobody, the next engagement does.
type ModelPreviewResult struct {
	Leads       int           `json:"leads"`
	Over        int           `json:"over"` // won, lost, disqualified: not counted
	BandChanged int           `json:"band_changed"`
	Bands       []BandShift   `json:"bands" nullable:"false"` // hot to cold, each with each
	BecomeMQL   int           `json:"become_mql"`
	StopMQL     int           `json:"stop_mql"`
	StayMQL     int           `json:"stay_mql"`
	Gone        int           `json:"gone"`                   // leads of whose events the oldest are no longer kept: their weeks are played from the rest
	Weeks       []PreviewWeek `json:"weeks" nullable:"false"` // the oldest first
	Load        *PreviewLoad  `json:"load"`                   // null: not done yet
	Sample      []PreviewLead `json:"sample" nullable:"false"`
	Sales       int           `json:"sales"` // leads with sales now
}

// BandShift is how many leads are in one band now and would be in another.
type BandShift struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Leads int    `json:"leads"`
}

// PreviewWeek is how many cycles became MQL in seven days, had both models been published all the time. Profiles are as they are
// today.
type PreviewWeek struct {
	From    time.Time `json:"from"`
	Against int       `json:"against"` // under the published version
	Version int       `json:"version"` // under this one
}

// PreviewLoad is what the weeks mean for sales. Open leads are those a week times how long sales had one: Little's law (Little 1961).
type PreviewLoad struct {
	Reps           int      `json:"reps"`     // active
	Capacity       *int     `json:"capacity"` // open leads they may have together; null: some may have any number
	WeeklyAgainst  float64  `json:"weekly_against"`
	Weekly         float64  `json:"weekly"`
	PerRepAgainst  float64  `json:"per_rep_against"` // a week; 0 without reps
	PerRep         float64  `json:"per_rep"`
	DaysWithSales  *float64 `json:"days_with_sales"` // mean, of cycles that ended within half a year; null: fewer than 10
	OpenAgainst    *float64 `json:"open_against"`    // leads with sales at a time
	Open           *float64 `json:"open"`
	OverCapacityBy *float64 `json:"over_capacity_by"` // null: it is not
}

// PreviewLead is one of those for whom something would be otherwise, chosen by a hash of its id.
type PreviewLead struct {
	LeadID    string   `json:"lead_id"`
	Change    string   `json:"change" enum:"becomes_mql,stops_mql,band"`
	Score     int      `json:"score"` // under the published version
	Band      string   `json:"band"`
	NextScore int      `json:"next_score"`
	NextBand  string   `json:"next_band"`
	Reasons   []string `json:"reasons" nullable:"false"` // rules whose points differ, those that matter most first
}

// Shadow is a model that scores along without any effect, from a beginning to an end.
type Shadow struct {
	ID      int64      `json:"id"`
	Version int        `json:"version"`
	BeganAt time.Time  `json:"began_at"`
	EndedAt *time.Time `json:"ended_at"`
	Why     string     `json:"why"` // ended, published, retired; empty: it scores
}

// ShadowComparison is what a shadow said beside the published model, at the time.
type ShadowComparison struct {
	Shadow
	Published    int           `json:"published"`              // the version that is published now
	Leads        int           `json:"leads"`                  // that it has scored: to whom something happened since it began
	Bands        []BandShift   `json:"bands" nullable:"false"` // from: of the published model, to: of the shadow, when each last scored
	Calls        []ShadowCalls `json:"calls" nullable:"false"`
	EarlierHours *float64      `json:"earlier_hours"` // median, of cycles both called: how much earlier the shadow did
}

// ShadowCalls are the cycles that both models, or one of them, made an MQL while the shadow scored, and what became of them.
type ShadowCalls struct {
	By       string `json:"by" enum:"both,published,shadow"`
	Cycles   int    `json:"cycles"`
	Revoked  int    `json:"revoked"` // what they were called for was taken back; counted nowhere else
	Accepted int    `json:"accepted"`
	Won      int    `json:"won"`
	Over     int    `json:"over"` // lost, disqualified or dormant
}

// ShadowCall is what both said at the moment at which one of them made a cycle an MQL.
type ShadowCall struct {
	LeadID           string     `json:"lead_id"`
	Cycle            int        `json:"cycle"`
	By               string     `json:"by" enum:"published,shadow"`
	At               time.Time  `json:"at"`
	Published        int        `json:"published"` // the version everybody was scored by
	Score            int        `json:"score"`
	Fit              float64    `json:"fit"`
	Engagement       float64    `json:"engagement"`
	Band             string     `json:"band"`
	ShadowScore      int        `json:"shadow_score"`
	ShadowFit        float64    `json:"shadow_fit"`
	ShadowEngagement float64    `json:"shadow_engagement"`
	ShadowBand       string     `json:"shadow_band"`
	RevokedAt        *time.Time `json:"revoked_at"`
}
