package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/fitting"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// mostObserved is of how many leads all is read. More would not make shares surer than they need be.
const mostObserved = 20_000

// FitBehaviour makes a behaviour for simulations out of the leads that were captured in a period, by the model and the policy in force and sales as they are. What there is
// too little of is taken from what is assumed.
func (s *Store) FitBehaviour(ctx context.Context, from, to time.Time, assumed simulate.Behaviour) (fitting.Fitted, error) {
	in := fitting.Input{Assumed: assumed}
	var err error
	if in.Policy, err = s.ActivePolicy(ctx); err != nil {
		return fitting.Fitted{}, err
	}
	w, err := s.enter(ctx, s.pool)
	switch {
	case errors.Is(err, ErrNoModel): // no rule asks for anything
	case err != nil:
		return fitting.Fitted{}, masked("read model", err)
	default:
		in.Model = w.scorer.Model
	}
	if in.Office, in.Hours, err = s.salesOffice(ctx, in.Policy.Calendar); err != nil {
		return fitting.Fitted{}, err
	}
	if in.Observed, err = s.Observe(ctx, from, to, fitting.Fields(in.Model), fitting.Properties(in.Model), mostObserved); err != nil {
		return fitting.Fitted{}, err
	}
	return fitting.Fit(in), nil
}

// salesOffice is sales as they are, reps by number, and the business time of each by id.
func (s *Store) salesOffice(ctx context.Context, house string) (simulate.Office, func(rep string) *calendar.Calendar, error) {
	reps, err := everyPage(ctx, s.Reps)
	if err != nil {
		return simulate.Office{}, nil, err
	}
	teams, err := everyPage(ctx, s.Teams)
	if err != nil {
		return simulate.Office{}, nil, err
	}
	calendars, err := everyPage(ctx, s.Calendars)
	if err != nil {
		return simulate.Office{}, nil, err
	}
	made, names := map[string]*calendar.Calendar{}, map[string]*calendar.Calendar{}
	for i, c := range calendars {
		days, err := daysOf(ctx, s.pool, c.ID)
		if err != nil {
			return simulate.Office{}, nil, masked("read calendar days", err)
		}
		made[c.ID] = compiled(c.Spec, days)
		names[c.Name], calendars[i].Spec = made[c.ID], c.Spec.With(days)
	}
	find := func(in map[string]*calendar.Calendar, id *string) *calendar.Calendar {
		if id == nil {
			return nil
		}
		return in[*id]
	}
	own, team := map[string]*calendar.Calendar{}, map[string]*calendar.Calendar{}
	for _, t := range teams {
		team[t.ID] = find(made, t.CalendarID)
	}
	for _, r := range reps {
		own[r.ID] = cmp.Or(find(made, r.CalendarID), find(team, r.TeamID))
	}
	hours := func(rep string) *calendar.Calendar { return cmp.Or(own[rep], names[house], calendar.Always) }
	return simulate.NewOffice(reps, teams, calendars, simulate.Pseudonym), hours, nil
}

// everyPage is all of a list.
func everyPage[T any](ctx context.Context, list func(ctx context.Context, cursor string, limit int) (record.Page[T], error)) ([]T, error) {
	var out []T
	for cursor := ""; ; {
		p, err := list(ctx, cursor, maxPage)
		if err != nil {
			return nil, err
		}
		if out = append(out, p.Items...); p.NextCursor == "" {
			return out, nil
		}
		cursor = p.NextCursor
	}
}
