package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// tellsLate is from when on a clock says that it is late: less is the way from the timer to Postgres.
const tellsLate = time.Minute

// target is whom an alert goes to: a rep by mail and the subscribers of webhooks, these alone, or one of them.
type target struct {
	rep     string
	webhook string
	mail    bool
}

const sqlRepByAddress = `SELECT id FROM reps WHERE email = lower(@email) AND active`

// targetOf is whom a level of a chain goes to. A policy that has changed since, or a person who has left, leaves it with the
// manager, and without one with the owner: an escalation that reaches nobody is none.
func (s *Store) targetOf(ctx context.Context, q querier, c lifecycle.Command, manager *string) (target, error) {
	up := target{rep: c.Rep, mail: true}
	if manager != nil {
		up.rep = *manager
	}
	switch c.Clock.Level {
	case lifecycle.LevelManager:
		return up, nil
	case lifecycle.LevelEscalate:
	default:
		return target{rep: c.Rep, mail: true}, nil
	}
	level, ok, err := s.escalation(ctx, q, c)
	switch {
	case err != nil || !ok:
		return up, err
	case level.To == lifecycle.ToOwner:
		return target{rep: c.Rep, mail: true}, nil
	case level.To == lifecycle.ToWebhook:
		return target{rep: c.Rep, webhook: level.Webhook}, nil
	case level.To == lifecycle.ToRep:
		rows, _ := q.Query(ctx, sqlRepByAddress, pgx.NamedArgs{"email": level.Rep})
		rep, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
		if errors.Is(err, pgx.ErrNoRows) {
			return up, nil
		}
		return target{rep: rep, mail: true}, err
	}
	return up, nil
}

// escalation is the level of the chain that passed; false where the policy has none: escalate_at means the manager.
func (s *Store) escalation(ctx context.Context, q querier, c lifecycle.Command) (lifecycle.Escalation, bool, error) {
	var none lifecycle.Escalation
	p, err := activePolicy(ctx, q)
	if err != nil {
		return none, false, err
	}
	t, err := termsOf(ctx, q, p, leadOf(c), c.Rep, c.Assignment)
	if err != nil {
		return none, false, err
	}
	chain := map[lifecycle.ClockKind][]lifecycle.Escalation{
		lifecycle.ClockAccept: t.sla.Accept.Escalate, lifecycle.ClockTouch: t.sla.FirstTouch.Escalate, lifecycle.ClockIdle: t.sla.Idle.Escalate,
	}[c.Clock.Kind]
	if c.Clock.N >= len(chain) {
		return none, false, nil
	}
	return chain[c.Clock.N], true, nil
}
