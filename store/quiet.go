package store

import (
	"context"
	"slices"
	"time"
)

// OpensIn is how long it is until the hours of a rep begin, by their own calendar or their team's; 0 in them, for kinds of alerts
// that the policy calls urgent, and where neither has a calendar: the policy's is about clocks, and nobody has said by it when
// they want to be left alone.
func (s *Store) OpensIn(ctx context.Context, repID, kind string) (time.Duration, error) {
	p, err := s.ActivePolicy(ctx)
	if err != nil {
		return 0, err
	}
	if slices.Contains(p.Notify.Urgent, kind) {
		return 0, nil
	}
	p.Calendar = ""
	c, err := s.calendarOf(ctx, s.pool, p, repID, "")
	if err != nil {
		return 0, masked("read hours", err)
	}
	now := time.Now()
	opens, err := c.NextOpen(now)
	if err != nil {
		return 0, nil // it never opens again: what nobody would read in time is still told
	}
	return max(0, opens.Sub(now)), nil
}
