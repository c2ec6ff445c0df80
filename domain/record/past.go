package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/backtest"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Codes of what an answer about the past cannot know.
const (
	UnknownBefore  = "not_known_yet"   // the lead was not known then
	UnknownEvents  = "events_gone"     // events of then are no longer kept
	UnknownProfile = "profile_undated" // values are known, but not since when
	UnknownMerged  = "merge_undone"    // what a merge gave the lead meanwhile was taken away again
	UnknownAhead   = "moment_ahead"    // the moment is still to come
)

// Unknown is something that an answer about the past cannot know, and says so.
type Unknown struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// ScoreSeries is the score of a lead over time, by what was known at each moment.
type ScoreSeries struct {
	LeadID  string           `json:"lead_id"`
	Model   int              `json:"model"`
	From    time.Time        `json:"from"`
	To      time.Time        `json:"to"`
	Items   []scoring.Moment `json:"items" nullable:"false"`
	Unknown []Unknown        `json:"unknown" nullable:"false"`
}

// Course is a question for a series.
type Course struct {
	LeadID   string
	Model    int       // 0: the published one
	From, To time.Time // zero: since the lead is known; now
	Points   int
}

// OfferDifference is a part of what is stored with an offer that is not what its moment gives.
type OfferDifference struct {
	LeadID       string `json:"lead_id"`
	AssignmentID string `json:"assignment_id"`
	Part         string `json:"part"` // score, fit, engagement, band, grade, items, stored
	Stored       string `json:"stored"`
	Recomputed   string `json:"recomputed"`
}

// OffersVerified is what a check of stored offers came to.
type OffersVerified struct {
	Offers    int `json:"offers"`    // looked at
	Different int `json:"different"` // of these, so many are not what their moment gives
	Unsettled int `json:"unsettled"` // made by a release that kept no mark of what was known, while something of the lead was under way: with or without it, they are what the moment gives
	Unknown   int `json:"unknown"`   // cannot be recomputed: events of then are no longer kept, or a merge was undone
	Unscored  int `json:"unscored"`  // nothing is stored: no model was published, or the person was erased
}

// Moments of decision.
const (
	DecidedByOffer = "offer" // the first offer of a cycle; where nobody was asked, when it became an MQL
	DecidedByMQL   = "mql"   // when a cycle became an MQL
)

// BacktestFilter says which decisions a backtest is about.
type BacktestFilter struct {
	Model      int
	From, To   time.Time // decisions from then on, and before then; zero: all
	Decision   string    // offer, mql
	MatureDays int       // what is open for longer counts as not converted
	OnlyMature bool      // what is younger is left out also where it has an outcome
}

// Performance is how a model would have told apart, at the moment of decision, who was won from who was not, beside the published one.
type Performance struct {
	Model       int             `json:"model"`
	Published   int             `json:"published"` // 0: none
	From        *time.Time      `json:"from"`
	To          *time.Time      `json:"to"`
	Decision    string          `json:"decision"`
	MatureDays  int             `json:"mature_days"`
	AsOf        time.Time       `json:"as_of"`
	Decisions   int             `json:"decisions"` // of the period
	Used        int             `json:"used"`
	Won         int             `json:"won"`          // of those used
	StillOpen   int             `json:"still_open"`   // of those used, without an outcome for longer than mature_days: not converted
	BeforeModel int             `json:"before_model"` // of those used, decided before this version was made: whoever made it may have known what became of them
	LeftOut     LeftOut         `json:"left_out"`
	Models      []ModelMeasured `json:"models" nullable:"false"` // this version, then the published one where that is another
	// AUCDifference is that of this version less that of the published one, on the same decisions.
	AUCDifference *backtest.Interval `json:"auc_difference"`
	Says          []string           `json:"says" nullable:"false"` // what to bear in mind
}

// LeftOut counts decisions that say nothing, each under the first reason that fits.
type LeftOut struct {
	Erased     int `json:"erased"`      // nothing is known of who was erased or merged away
	Duplicates int `json:"duplicates"`  // was found to be somebody else
	EventsGone int `json:"events_gone"` // what was known then is no longer kept
	Young      int `json:"young"`       // has no outcome yet, and is not old enough to count as not converted
	YoungEnded int `json:"young_ended"` // has one, is as young, and only mature ones are wanted
}

// ModelMeasured is how one version did.
type ModelMeasured struct {
	Model int `json:"model"`
	backtest.Measured
}
