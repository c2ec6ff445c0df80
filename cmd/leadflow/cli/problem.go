package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// problem is what the API answers when it refuses (RFC 9457), with our extensions.
type problem struct {
	Title     string   `json:"title"`
	Detail    string   `json:"detail"`
	Code      string   `json:"code"`
	RequestID string   `json:"request_id"`
	Stage     string   `json:"stage"`      // of a refused decision
	DecidedBy string   `json:"decided_by"` // of a refused decision
	LeadIDs   []string `json:"lead_ids"`   // of an identity conflict
	Errors    []struct {
		Field  string `json:"field"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"errors"`
}

// problem is the refusal as an error. What is no problem document came from something in between.
func (c *client) problem(status int, body []byte) error {
	var p problem
	f := &failure{what: fmt.Sprintf("the API refused this (%d %s)", status, http.StatusText(status)), code: ExitFailure}
	f.passing = status == http.StatusTooManyRequests || status >= http.StatusBadGateway
	if err := json.Unmarshal(body, &p); err != nil || p.Title+p.Detail+p.Code == "" {
		f.why = c.base + " answered without saying why"
		f.next = c.advice(status, "")
		if f.next == "" {
			f.next = "check that LEADFLOW_URL is the address of Leadflow's API"
		}
		return f
	}
	f.why = p.Detail
	if f.why == "" {
		f.why = p.Title
	}
	if p.Code != "" {
		f.why += " [" + p.Code + "]"
	}
	if p.Stage != "" {
		f.fields = append(f.fields, "the lead is "+p.Stage)
	}
	if p.DecidedBy != "" {
		f.fields = append(f.fields, "decided by "+p.DecidedBy)
	}
	for _, id := range p.LeadIDs {
		f.fields = append(f.fields, "lead "+id)
	}
	for _, e := range p.Errors {
		f.fields = append(f.fields, fmt.Sprintf("%s: %s [%s]", e.Field, e.Detail, e.Code))
	}
	f.next = c.advice(status, p.Code)
	if status >= http.StatusInternalServerError && p.RequestID != "" {
		f.next += "; the server's log has it as request " + p.RequestID
	}
	return f
}

// advice is what to do next; codes say more than statuses.
func (c *client) advice(status int, code string) string {
	switch code {
	case "wrong_stage", "not_your_offer":
		return "look at the lead: leadflow lead get ID, and leadflow lead timeline ID"
	case "identity_conflict":
		return "look at both leads; one of the keys belongs to another person"
	}
	switch {
	case status == http.StatusUnauthorized && c.key == "":
		return "set LEADFLOW_API_KEY, or give --env-file DATA/leadflow.env; the first key is made by: leadflow key create --first"
	case status == http.StatusUnauthorized:
		return "set LEADFLOW_API_KEY to a key that is valid here: it is unknown to " + c.base + ", or revoked"
	case status == http.StatusForbidden:
		return "use a key whose role may do this; `leadflow key list` (admin) shows roles"
	case status == http.StatusNotFound:
		return "check the id; the list commands show what there is"
	case status == http.StatusGone:
		return "nothing: the person was erased"
	case status == http.StatusUnprocessableEntity, status == http.StatusBadRequest:
		return "correct what is named above; --help shows the flags"
	case status == http.StatusRequestEntityTooLarge:
		return "send less at once"
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return "try again in a moment; `leadflow doctor` where it runs says what is wrong"
	}
	return ""
}
