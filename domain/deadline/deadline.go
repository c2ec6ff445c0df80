// Package deadline is when the clocks of offers and of work fall due: the terms of a lead, told by the calendar of whoever has it.
//
// It must not choose the terms or the calendar, read a clock or perform I/O.
package deadline

import (
	"errors"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// after is when so much business time has passed. Where the calendar has not that much left, time itself counts: an
// offer that could not be made, or a clock that stood still, would be noticed by nobody.
func after(c *calendar.Calendar, at time.Time, business time.Duration) (time.Time, error) {
	due, err := c.Add(at, business)
	if errors.Is(err, calendar.ErrNoMoreTime) {
		return calendar.Always.Add(at, business)
	}
	return due, err
}

// plan collects the clocks of one kind: how much of a calendar's time after a moment, of which some was used before.
type plan struct {
	hours  *calendar.Calendar
	since  time.Time
	used   time.Duration
	kind   lifecycle.ClockKind
	clocks []lifecycle.Clock
	err    error
}

// lessHolds lets the clock run from the end of the last hold, with what was used before. One that lasts has not ended: from its beginning on
// nothing is used.
func (p *plan) lessHolds(holds []lifecycle.Hold) {
	for _, h := range holds {
		if !h.To.IsZero() && !h.To.After(p.since) {
			continue
		}
		if h.From.After(p.since) {
			p.used += p.hours.Elapsed(p.since, h.From)
		}
		if h.To.IsZero() {
			p.since = later(p.since, h.From)
			return
		}
		p.since = h.To
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (p *plan) add(k lifecycle.Clock, business time.Duration) {
	due, err := after(p.hours, p.since, max(0, business-p.used))
	if err != nil {
		p.err = err
		return
	}
	k.Kind, k.At = p.kind, due.UTC()
	p.clocks = append(p.clocks, k)
}
