package store

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/deadline"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Plan computes when deadlines fall due (deadline.Plan), by the terms of the lead and the calendar of its rep.
func (s *Store) Plan(ctx context.Context, c lifecycle.Command) ([]lifecycle.Clock, error) {
	p, err := s.ActivePolicy(ctx)
	if err != nil {
		return nil, err
	}
	hours, err := s.calendarOf(ctx, s.pool, p, c.Rep, c.Team)
	if err != nil {
		return nil, masked("plan", err)
	}
	t, err := termsOf(ctx, s.pool, p, leadOf(c), c.Rep, c.Assignment)
	if err != nil {
		return nil, masked("plan", err)
	}
	out, err := deadline.Plan(c, hours, p, t.sla)
	return out, masked("plan", err)
}
