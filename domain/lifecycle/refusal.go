package lifecycle

import "fmt"

// Refusal codes. They cross the wire as error types and as problem codes.
const (
	CodeWrongStage     = "wrong_stage"
	CodeNotYourOffer   = "not_your_offer"
	CodeAlreadyDecided = "already_decided"
	CodeUnknownReason  = "unknown_reason"
	CodeBusy           = "assignment_in_progress"
	CodeUnknownRep     = "unknown_rep"
	CodeErased         = "erased"
	CodeMalformed      = "malformed"
	CodeNothingToUndo  = "nothing_to_undo"
	CodeTooLate        = "too_late_to_undo"
	CodeIrrevocable    = "irrevocable"
	CodeTooLong        = "too_long"
	CodeTooOften       = "too_often"
	CodeOfferOver      = "offer_over"
	CodeAtCapacity     = "at_capacity"
	CodeOvertaken      = "too_late" // the lead moved on while it was being given to somebody; people read wrong_stage
)

// Refusal says that an event has no meaning for the lead as it stands, and why. It carries no personal data.
type Refusal struct {
	Code      string    `json:"code"`
	Event     EventKind `json:"event"`
	Stage     Stage     `json:"stage"`
	DecidedBy string    `json:"decided_by,omitempty"` // rep id of the decision that stands in the way
}

func (r *Refusal) Error() string {
	switch r.Code {
	case CodeNotYourOffer:
		return "the open offer is another rep's"
	case CodeAlreadyDecided:
		return fmt.Sprintf("the offer was decided otherwise before; the lead is %s", r.Stage)
	case CodeUnknownReason:
		return "the policy knows no such reason for this decision"
	case CodeBusy:
		return "another assignment of this lead is under way; try again in a moment"
	case CodeMalformed:
		return "its ids or its reason are no ids and no code"
	case CodeNothingToUndo:
		return "nothing that was decided last can be undone: something was decided, paused or begun since"
	case CodeTooLate:
		return "a decision can be undone for ten minutes"
	case CodeIrrevocable:
		return "what followed from it cannot be taken back: somebody talked with the person, or a mail went to them"
	case CodeTooLong:
		return "a snooze ends in the future, and not later than the policy allows"
	case CodeTooOften:
		return "it is snoozed, or was as often as the policy allows"
	case CodeOfferOver:
		return "the offer that was meant is over, and the lead waits in its queue: without an offer's id any active rep of the team may take it"
	case CodeAtCapacity:
		return "the rep has as many leads as they may (their capacity, or their offers of a day): close one, or have it raised"
	case CodeUnknownRep:
		return "no active rep of the lead's team has that id"
	}
	return fmt.Sprintf("a lead that is %s cannot be %s", r.Stage, r.Event)
}

func (l Lead) refuse(code string, k EventKind) *Refusal {
	return &Refusal{Code: code, Event: k, Stage: l.Stage, DecidedBy: l.Last.By}
}
