package lifecycle

import "strings"

// What the outbox tells a run of beside TriggerMQL, TriggerRepAway and the types of engagement that qualify at once. They live in every history
// ever written: never rename one.
const (
	TriggerRevoked     = "mql_revoked"
	TriggerFirstTouch  = "first_touch"
	TriggerUnsubscribe = "unsubscribe"
	TriggerBounce      = "bounce"
	TriggerComplaint   = "complaint"
	TriggerCapture     = "capture"
	TriggerErased      = "erased"
)

// Heard is the event that a trigger is for a lead.
func Heard(kind string) Event {
	lead := Actor{Type: "lead"}
	switch kind {
	case TriggerRevoked:
		return Event{Kind: Revoked}
	case TriggerFirstTouch:
		return Event{Kind: Touched, Actor: lead}
	case TriggerUnsubscribe:
		return Event{Kind: Unsubscribed, Actor: lead}
	case TriggerBounce:
		return Event{Kind: Bounced}
	case TriggerComplaint:
		return Event{Kind: Complained, Actor: lead}
	case TriggerCapture:
		return Event{Kind: Recaptured}
	case TriggerErased:
		return Event{Kind: Erased}
	}
	if rep, assignment, ok := strings.Cut(kind, ":"); ok && rep == TriggerRepAway {
		return Event{Kind: RepAway, Offer: Offer{Assignment: assignment}}
	}
	return Event{Kind: Triggered, Trigger: kind, Actor: lead}
}
