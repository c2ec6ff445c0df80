package record

import "github.com/leadflow-dev/leadflow/domain/lifecycle"

// Event is what the answer to an offer, a claim or an assignment is for the lead that asked.
func (g Granted) Event(cmd lifecycle.Command) lifecycle.Event {
	e := lifecycle.Event{Command: cmd.ID, Code: g.Code, Decision: lifecycle.Decision{ID: cmd.Decision}}
	switch {
	case g.Offer == nil && cmd.Kind == lifecycle.CommandOffer:
		e.Kind = lifecycle.NoRepFound
	case g.Offer == nil:
		e.Kind = lifecycle.NotGranted
		if cmd.Kind == lifecycle.CommandClaim {
			e.Actor = lifecycle.Actor{Type: "rep", ID: cmd.Rep}
		}
	case cmd.Kind == lifecycle.CommandOffer:
		e.Kind, e.Offer = lifecycle.Offered, *g.Offer
	case cmd.Kind == lifecycle.CommandClaim:
		e.Kind, e.Offer, e.Actor = lifecycle.Claimed, *g.Offer, lifecycle.Actor{Type: "rep", ID: cmd.Rep}
	default:
		e.Kind, e.Offer = lifecycle.Assigned, *g.Offer
	}
	return e
}
