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

func (p *plan) add(k lifecycle.Clock, business time.Duration) {
	due, err := after(p.hours, p.since, max(0, business-p.used))
	if err != nil {
		p.err = err
		return
	}
	k.Kind, k.At = p.kind, due.UTC()
	p.clocks = append(p.clocks, k)
}
