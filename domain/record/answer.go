package record

import (
	"fmt"
	"time"
)

// Questions that customers are asked, by their kind.
const (
	AskedWon  = "won"  // what one thing helped you choose us?
	AskedLost = "lost" // what was missing?
	AskedNPS  = "nps"  // how likely is it that you would recommend us, 0 to 10?
)

// Said is an answer: a score to AskedNPS, with a text or without; a text to the others.
type Said struct {
	Score *int
	Text  string
	Via   string // link, or api: somebody of the house heard it
}

// Question is what a person was asked, and what they answered. The text is shown with its person and nowhere else.
type Question struct {
	ID         string     `json:"id"`
	LeadID     string     `json:"lead_id"`
	Kind       string     `json:"kind" doc:"won, lost or nps"`
	Cycle      int        `json:"cycle"`
	AskedAt    time.Time  `json:"asked_at"`
	AnsweredAt *time.Time `json:"answered_at"`
	Via        *string    `json:"via" doc:"link: of a mail; api: told to somebody of the house"`
	Score      *int       `json:"score" doc:"0 to 10, of nps"`
	Answer     *string    `json:"answer" doc:"in their words; only where the question is read by its person"`
	Content    []string   `json:"content" doc:"what they had downloaded or attended when they answered"`
}

// AskRefused says why somebody is not asked, or an answer not taken: not_closed, asked_before, no_address, suppressed or no_consent.
type AskRefused struct {
	Why   string
	Again *time.Time // from when on they may be asked; nil: never, or not known
}

func (r *AskRefused) Error() string { return fmt.Sprintf("not asked: %s", r.Why) }

// Theme is what answers may be about, and the words that tell it. A star at the end of a word stands for any end.
type Theme struct {
	Code      string    `json:"code"`
	Title     string    `json:"title"`
	Words     []string  `json:"words"`
	UpdatedAt time.Time `json:"updated_at"`
}

// AnswerFilter is which answers a report is about: of who was asked in a period.
type AnswerFilter struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	By       string    `json:"by"`                 // see AnswerBy; empty: no breakdown
	Question string    `json:"question,omitempty"` // won, lost or nps; empty: all
	Said     string    `json:"said"`               // buyer: by themselves; rep: what sales noted with the decision
	Source   string    `json:"source,omitempty"`
	Campaign string    `json:"campaign,omitempty"`
	Band     string    `json:"band,omitempty"`
	Model    int       `json:"model,omitempty"`
}

// AnswerBy is what a report about answers may be broken down by.
var AnswerBy = []string{"theme", "rule", "content", "question", "week", "month", "source", "campaign", "band", "model"}

// Before is the filter of the period of the same length that ended where this one begins.
func (f AnswerFilter) Before() AnswerFilter {
	f.From, f.To = f.From.Add(-f.To.Sub(f.From)), f.From
	return f
}

// NPS is the net promoter score of answers in points, -100 to 100, with its 95 % interval; null of nobody.
type NPS struct {
	Answers    int      `json:"answers"`
	Promoters  int      `json:"promoters"`  // 9 or 10
	Passives   int      `json:"passives"`   // 7 or 8
	Detractors int      `json:"detractors"` // 6 or less
	Score      *float64 `json:"score" nullable:"true"`
	Low        *float64 `json:"low" nullable:"true"`
	High       *float64 `json:"high" nullable:"true"`
}

// AnswerLine is one row of the report.
type AnswerLine struct {
	Key      string `json:"key"`      // of the breakdown; empty: of none
	Name     string `json:"name"`     // of the theme
	Asked    int    `json:"asked"`    // whose mail went out, or who answered
	Answered int    `json:"answered"` //
	Response Rate   `json:"response"` // of who was asked
	Told     int    `json:"told"`     // who wrote something
	Share    Rate   `json:"share"`    // of all who wrote something
	NPS      NPS    `json:"nps"`
}

// AnswersReport tells what customers answered, in counts.
type AnswersReport struct {
	AnswerFilter
	Total  AnswerLine   `json:"total"`
	Before *AnswerLine  `json:"before,omitempty"` // the total of the period before
	Items  []AnswerLine `json:"items"`
	Says   string       `json:"says,omitempty"`
}

// AnswerFigures are what a report about answers can be opened by.
var AnswerFigures = []string{"asked", "answered", "told", "promoters", "passives", "detractors"}

// Answered is an answer as lists show it: whose it is, never its words.
type Answered struct {
	ID         string     `json:"id"`
	LeadID     string     `json:"lead_id"`
	Question   string     `json:"question"`
	Cycle      int        `json:"cycle"`
	AskedAt    time.Time  `json:"asked_at"`
	AnsweredAt *time.Time `json:"answered_at"`
	Score      *int       `json:"score"`
}
