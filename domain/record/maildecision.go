package record

import "fmt"

// MailDecision is what somebody decides about a mail whose outcome nobody knows, or that did not go.
type MailDecision string

// The decisions, by the names of their routes.
const (
	MailRetry    MailDecision = "retry"     // send it, again under its Message-ID where it may have left
	MailMarkSent MailDecision = "mark-sent" // it left: the mail server's log says so
	MailSkip     MailDecision = "skip"      // it is not sent
)

// MailDecisions are all.
var MailDecisions = []MailDecision{MailRetry, MailMarkSent, MailSkip}

// CodeSafeMode is the code of a suppressed mail that safe mode kept in the house.
const CodeSafeMode = "safe_mode"

// Allowed reports whether a mail in this state may be decided so. What is being sent at this moment is nobody's to decide,
// and whom nobody may write to is not written to because somebody insists.
func (d MailDecision) Allowed(state, code string) bool {
	switch d {
	case MailRetry:
		return state == "unknown" || state == "failed" || state == "expired" || state == "suppressed" && code == CodeSafeMode
	case MailMarkSent:
		return state == "unknown"
	case MailSkip:
		return state == "unknown" || state == "queued" || state == "failed"
	}
	return false
}

// Becomes is the state and the code that the decision makes.
func (d MailDecision) Becomes() (state, code string) {
	switch d {
	case MailRetry:
		return "queued", "retried"
	case MailMarkSent:
		return "sent", "marked"
	}
	return "expired", "skipped"
}

// MailRefused says that a mail is in a state that does not allow the decision.
type MailRefused struct{ State, Code string }

func (r *MailRefused) Error() string {
	return fmt.Sprintf("the mail is %s (%s)", r.State, r.Code)
}
