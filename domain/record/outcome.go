package record

import (
	"encoding/json"
	"time"
)

// Outcome is how a cycle of a lead ended, or an offer of it, with what was known when the lead was offered.
type Outcome struct {
	ID           string          `json:"id"`
	LeadID       string          `json:"lead_id"`
	Cycle        int             `json:"cycle"`
	Kind         string          `json:"kind" doc:"won, lost, rejected or disqualified"`
	At           time.Time       `json:"at"`
	RepID        *string         `json:"rep_id"`
	Reason       string          `json:"reason"`
	Amount       *string         `json:"amount"`
	Currency     *string         `json:"currency"`
	OneThing     *string         `json:"one_thing" doc:"what the rep says helped the buyer choose us"`
	Missing      *string         `json:"missing" doc:"what the rep says was missing"`
	Answered     bool            `json:"answered" doc:"whether the buyer answered the one question they were asked; GET /v1/leads/{id}/questions has what"`
	DuplicateOf  *string         `json:"duplicate_of"`
	AssignmentID *string         `json:"assignment_id"`
	ModelVersion *int            `json:"model_version" doc:"of the scoring model, when the lead was offered"`
	Score        *int            `json:"score" doc:"when the lead was offered"`
	Rules        json.RawMessage `json:"rules" doc:"what that score was made of: [{rule, axis, points, raw}]"`
}

// QuestionPage is what the link of a question shows.
type QuestionPage struct {
	Kind     string // won, lost or nps
	Answered bool
}

// KindQuestion is the kind of the mail that asks a customer.
const KindQuestion = "question"

// Reason is one reason that a decision may give, and what it leads to.
type Reason struct {
	Kind     string `json:"kind" doc:"reject, lose or disqualify"`
	Code     string `json:"code"`
	Title    string `json:"title,omitempty" doc:"what people read; absent: the code"`
	Path     string `json:"path" doc:"recycle, reroute, disqualify, stay_lost or duplicate"`
	CoolDown string `json:"cool_down,omitempty" doc:"recycle: how long the lead rests before its next cycle"`
	Sequence string `json:"sequence,omitempty" doc:"recycle: of the next cycle; absent: the one of before"`
	Score    string `json:"score,omitempty" doc:"recycle: keep, halve, zero or floor"`
	Retired  bool   `json:"retired" doc:"it may not be given any more"`
	Origin   string `json:"origin,omitempty" doc:"built_in, policy (its document) or house (added here)"`
}
