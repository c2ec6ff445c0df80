package replay

import (
	"context"
	"fmt"

	"github.com/leadflow-dev/leadflow/e2e/stack"
)

// life is where a case stands in the product.
type life struct {
	p      *Player
	id     string
	amount string
	owner  string // the rep it was offered to
	stage  string // as the player brought it about; empty: nurturing
}

// moves are what milestones make the player do, after the line itself is told.
var moves = map[string]func(*life, context.Context) error{
	Preaccepted: (*life).offered, Accepted: (*life).accept, Sent: (*life).qualify, Activated: (*life).win,
	Declined: (*life).decline, Cancelled: (*life).cancel,
}

// offered waits until the product has found somebody for the lead.
func (l *life) offered(ctx context.Context) error {
	return l.p.await(ctx, "the offer", func() (bool, error) {
		var lead struct {
			Stage string
			Owner *string
		}
		if err := l.p.Door.Call(ctx, "GET", "/v1/leads/"+l.id, nil, &lead); err != nil || lead.Stage != "handoff" || lead.Owner == nil {
			return false, err
		}
		l.stage, l.owner = lead.Stage, *lead.Owner
		return true, nil
	})
}

func (l *life) accept(ctx context.Context) error {
	return l.decide(ctx, "accept", stack.Object{"rep_id": l.owner})
}

// qualify is for the first offer that is sent; later ones change nothing.
func (l *life) qualify(ctx context.Context) error {
	if l.stage != "working" {
		return nil
	}
	return l.decide(ctx, "qualify", stack.Object{})
}

func (l *life) win(ctx context.Context) error {
	return l.decide(ctx, "win", stack.Object{"amount": l.amount, "currency": "EUR"})
}

func (l *life) decline(ctx context.Context) error {
	switch l.stage {
	case "":
		return nil // the policy ends it
	case "handoff":
		return l.decide(ctx, "reject", stack.Object{"rep_id": l.owner, "reason": "not_a_buyer"})
	}
	return l.decide(ctx, "disqualify", stack.Object{"reason": "not_a_buyer"})
}

func (l *life) cancel(ctx context.Context) error {
	switch l.stage {
	case "":
		return nil
	case "handoff":
		return l.decide(ctx, "reject", stack.Object{"rep_id": l.owner, "reason": "not_ready"})
	}
	return l.decide(ctx, "lose", stack.Object{"reason": "no_fit"})
}

// decide takes a decision and waits until it is answered.
func (l *life) decide(ctx context.Context, kind string, body stack.Object) error {
	var answer struct {
		Stage      string
		DecisionID string `json:"decision_id"`
	}
	l.p.decisions.Add(1)
	if err := l.p.Door.Call(ctx, "POST", "/v1/leads/"+l.id+"/"+kind, body, &answer); err != nil {
		return err
	}
	if answer.DecisionID != "" { // Temporal or the workers are slow: it is asked again until it is answered
		if err := l.applied(ctx, kind, answer.DecisionID); err != nil {
			return err
		}
		if err := l.p.Door.Call(ctx, "GET", "/v1/leads/"+l.id, nil, &answer); err != nil {
			return err
		}
	}
	l.stage = answer.Stage
	return nil
}

func (l *life) applied(ctx context.Context, kind, decision string) error {
	return l.p.await(ctx, "the answer to "+kind, func() (bool, error) {
		var d struct{ State, Code string }
		err := l.p.Door.Call(ctx, "GET", "/v1/decisions/"+decision, nil, &d)
		if err == nil && d.State == "refused" {
			err = fmt.Errorf("%s was refused: %s", kind, d.Code)
		}
		return d.State == "applied", err
	})
}
