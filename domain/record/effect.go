package record

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Cases are cycles of leads that came to an end, as the rules of a model saw them when sales were asked. Nothing that was learned or
// received afterwards is in them.
type Cases struct {
	Version int
	Model   scoring.Model // as it is stored
	Scorer  *scoring.Scorer
	Items   []Case // the newest decision first
	Forgot  int    // others, of which not all events are kept any more
	More    bool   // there are older ones
	Open    int    // leads that have not come to an end
}

// Case is one of them.
type Case struct {
	LeadID      string
	Cycle       int
	Won         bool
	DecidedAt   time.Time
	Profile     person.Profile
	Adjustments []scoring.Adjustment
	Sight       scoring.Sight
	Reasons     []string // why it was refused or lost, each as kind:code
	Answered    bool     // what helped the buyer was told
	Named       []bool   // by rule: and it is what the rule is about
}

// People are leads as they are known now, the newest first.
type People struct {
	Items []Known
	More  bool // there are older ones
}

// Known is one of them.
type Known struct {
	Profile person.Profile
	Score   int
}

// CaseFilter is which cases: of decisions in a time, under a version of the model.
type CaseFilter struct {
	Model int       `json:"model"` // 0: the published one
	From  time.Time `json:"from,omitzero"`
	To    time.Time `json:"to,omitzero"`
}

// Unfit says why nothing can be learned from what became of leads, and what to do.
type Unfit struct{ Why, Next string }

func (e *Unfit) Error() string { return e.Why }

// RulesReport says of each rule of a model whether it earns its points.
type RulesReport struct {
	CaseFilter
	Cases     int          `json:"cases"`     // leads that came to an end, once for each cycle
	Converted Rate         `json:"converted"` // of them
	Forgot    int          `json:"forgot"`    // left out: not all of their events are kept any more
	Open      int          `json:"open"`      // left out: leads that have not come to an end
	More      bool         `json:"more"`      // there are older ones than were looked at
	PerPoint  *float64     `json:"per_point" nullable:"true" doc:"by how much a point multiplies the odds to convert, by the rules that work; null: none shows that it works"`
	Items     []RuleEffect `json:"items"`
	Method    string       `json:"method"`
	Says      string       `json:"says,omitempty"`
}

// RuleEffect is what became of the leads a rule met. Shares and differences are parts of one: 0.02 is two in a hundred.
type RuleEffect struct {
	Rule     string         `json:"rule"`
	Axis     string         `json:"axis"`
	Why      string         `json:"why"` // the rule in words
	Points   float64        `json:"points"`
	Gives    float64        `json:"gives" doc:"points it gave on average to whom it met, by its own cap"`
	Fired    Rate           `json:"fired"`   // of all
	With     Rate           `json:"with"`    // conversion of whom it met
	Without  Rate           `json:"without"` // and of the others
	Lift     *effect.Bounds `json:"lift" doc:"the difference, with the interval of Newcombe"`
	Promised *float64       `json:"promised" nullable:"true" doc:"the difference there would be if its points were worth what points are worth elsewhere in the model"`
	P        *float64       `json:"p" nullable:"true" doc:"how surprising the difference is if the promise is true"`
	Odds     *effect.Bounds `json:"odds" doc:"by how much meeting the rule multiplies the odds to convert, the other rules held fixed"`
	Verdict  string         `json:"verdict" enum:"over,under,about_right,too_few"`
	Says     string         `json:"says"`
	Together []Together     `json:"together"`
	Reasons  []ReasonShare  `json:"reasons"`
	Named    Rate           `json:"named" doc:"of what buyers and reps said had helped, where the rule had met the lead: how often it is what the rule is about"`
}

// Together is how a rule goes together with another.
type Together struct {
	Rule string  `json:"rule"`
	Phi  float64 `json:"phi"`
}

// ReasonShare is how often leads were refused or lost for a reason.
type ReasonShare struct {
	Kind    string `json:"kind"`
	Reason  string `json:"reason"`
	With    Rate   `json:"with"`    // of those the rule met
	Without Rate   `json:"without"` // of the others
}

// PatternsReport lists who looks interested and is not.
type PatternsReport struct {
	CaseFilter
	Cases  int       `json:"cases"`
	Forgot int       `json:"forgot"`
	Open   int       `json:"open"`
	More   bool      `json:"more"`
	Items  []Pattern `json:"items"`
	Method string    `json:"method"`
	Says   string    `json:"says,omitempty"`
}

// Pattern is who did one thing so often, and never another.
type Pattern struct {
	Pattern string        `json:"pattern" doc:"its name, often:times:never: what takes it into a draft"`
	Often   string        `json:"often"`
	Times   int           `json:"times"`
	Never   string        `json:"never"`
	In      Rate          `json:"in"`     // conversion of the leads of the pattern
	Others  Rate          `json:"others"` // and of all others
	Both    Rate          `json:"both"`   // of those who did the one so often, and the other as well
	Lift    effect.Bounds `json:"lift"`
	P       float64       `json:"p"`
	Points  float64       `json:"points" doc:"what a rule for it would take"`
	Says    string        `json:"says"`
}

// Suggestion is points and a threshold fitted to what became of leads. Nothing goes by it until somebody publishes it.
type Suggestion struct {
	CaseFilter
	Cases     int               `json:"cases"`
	Forgot    int               `json:"forgot"`
	Open      int               `json:"open"`
	More      bool              `json:"more"`
	Seed      uint64            `json:"seed"`
	Strength  float64           `json:"strength" doc:"how strongly points are held to what they are, chosen by cross-validation"`
	PerPoint  float64           `json:"per_point"`
	Threshold SuggestedPoints   `json:"threshold"`
	Items     []SuggestedPoints `json:"items"`
	Effect    SuggestedEffect   `json:"effect"`
	Source    string            `json:"source" doc:"the draft, as a document"`
	Draft     *int              `json:"draft" nullable:"true" doc:"the version under which it was kept"`
	Method    string            `json:"method"`
	Says      string            `json:"says"`
}

// SuggestedPoints are the points of a rule, or the threshold, as they are and as outcomes would have them.
type SuggestedPoints struct {
	Rule      string   `json:"rule"`
	Now       float64  `json:"now"`
	Suggested float64  `json:"suggested"` // whole; 0: the rule goes
	Low       *float64 `json:"low" nullable:"true"`
	High      *float64 `json:"high" nullable:"true"`
	Held      bool     `json:"held" doc:"outcomes alone would turn its sign, and the rule is monotone"`
}

// SuggestedEffect is what is to be expected of the suggestion, of leads that had no part in it, with 95 % intervals by bootstrap.
type SuggestedEffect struct {
	AUC        Compared `json:"auc"`        // how often who converts stands above who does not
	Qualified  Compared `json:"qualified"`  // share at or above the threshold
	Conversion Compared `json:"conversion"` // of those
	Reached    Compared `json:"reached"`    // of those who convert, the share at or above the threshold
}

// Compared is a figure as it is and as it would be.
type Compared struct {
	Now       float64       `json:"now"`
	Suggested float64       `json:"suggested"`
	Gain      effect.Bounds `json:"gain"`
}

// PersonasReport says how many leads the named groups of a model match, and what became of them.
type PersonasReport struct {
	CaseFilter
	Leads  int           `json:"leads"` // looked at
	More   bool          `json:"more"`  // there are older ones
	Cases  int           `json:"cases"`
	Open   int           `json:"open"`
	Items  []PersonaLine `json:"items"`
	Method string        `json:"method"`
	Says   string        `json:"says,omitempty"`
}

// PersonaLine is a named group of profiles; the last one is of whom none of them matches.
type PersonaLine struct {
	Persona string         `json:"persona"` // empty: none of them
	Matched int            `json:"matched"` // leads, by what is known now
	Matches Rate           `json:"matches"` // of all leads
	Points  float64        `json:"points" doc:"what rules give for it"`
	Score   *float64       `json:"score" nullable:"true" doc:"mean score of the leads it matches"`
	With    Rate           `json:"with"`    // conversion of the leads it matched when sales were asked
	Without Rate           `json:"without"` // and of the others
	Lift    *effect.Bounds `json:"lift"`
}

// GapsReport says what is not known of leads, and what that costs.
type GapsReport struct {
	CaseFilter
	Leads int       `json:"leads"` // open ones that were looked at
	More  bool      `json:"more"`
	Cases int       `json:"cases"`
	Items []GapLine `json:"items"`
	Says  string    `json:"says,omitempty"`
}

// GapLine is a field that the model asks for.
type GapLine struct {
	Field   string         `json:"field"`
	Missing Rate           `json:"missing"` // of open leads
	Each    float64        `json:"each" doc:"points a lead gains on average once the field is known, by what leads got of whom it is"`
	Points  float64        `json:"points" doc:"what is not known costs in all"`
	Qualify int            `json:"qualify" doc:"open leads that this average would lift to the threshold"`
	Known   Rate           `json:"known"`   // conversion where it was known when sales were asked
	Unknown Rate           `json:"unknown"` // and where it was not
	Lift    *effect.Bounds `json:"lift"`
}
