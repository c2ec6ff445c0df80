package desk

import (
	"bytes"
	"encoding/json"
	"io"
	"time"
	"unicode/utf8"
)

// canonical is a decision as it is stored: trimmed, ids in lower case, amounts with two decimals. Equal decisions have
// equal bytes, which is what the fingerprint is made of.
type canonical struct {
	RepID        string     `json:"rep_id,omitempty"`
	TeamID       string     `json:"team_id,omitempty"`
	AssignmentID string     `json:"assignment_id,omitempty"`
	Reason       string     `json:"reason,omitempty"`
	Note         string     `json:"note,omitempty"`
	Amount       string     `json:"amount,omitempty"`
	Currency     string     `json:"currency,omitempty"`
	OneThing     string     `json:"one_thing,omitempty"`
	Missing      string     `json:"missing,omitempty"`
	Until        *time.Time `json:"until,omitempty"`
	CatchUp      string     `json:"catch_up,omitempty"`
	DecisionID   string     `json:"decision_id,omitempty"`  // undo: which decision
	DuplicateOf  string     `json:"duplicate_of,omitempty"` // reject: whose double it is
}

// split reads the top level of a body: an object, each field once is enough for us. An empty body is an empty object.
func split(ps *Problems, raw json.RawMessage) map[string]json.RawMessage {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(raw))
	if !utf8.Valid(raw) || dec.Decode(&fields) != nil || fields == nil || dec.Decode(new(any)) != io.EOF {
		ps.add("body", CodeInvalid, "must be a JSON object in UTF-8")
		return nil
	}
	return fields
}
