package lifecycle

import "time"

// A snooze holds the clocks of a lead that somebody has, for a time that the policy bounds. Unlike a pause it is the rep's own,
// it ends by itself, and nothing but the clocks waits.

var snoozable = []ClockKind{ClockAccept, ClockTouch, ClockIdle}

func (l Lead) checkSnooze(e Event, p Policy) error {
	within, times := p.SLA.Snooze.Limits()
	switch {
	case e.Decision.By == "" || e.Decision.By != l.Owner:
		return l.refuse(CodeNotYourOffer, e.Kind)
	case l.Paused || l.Asking:
		return l.refuse(CodeBusy, e.Kind)
	case l.Snoozed || l.Snoozes >= times:
		return l.refuse(CodeTooOften, e.Kind)
	case e.At.IsZero(): // asked before it is folded in: the moment is looked at then
	case !e.Until.After(e.At) || e.Until.Sub(e.At) > within:
		return l.refuse(CodeTooLong, e.Kind)
	}
	return nil
}

func (c *change) snooze() {
	c.entry.Why, c.entry.Assignment, c.entry.Due = c.e.Decision.Reason, c.Assignment, c.e.Until
	c.Last.ID = c.e.Decision.ID // the same again has no effect; what was decided before stands
	c.Snoozed = true
	c.Snoozes++
	c.Pauses++ // of holds it is one: the plan that ends it is named by it
	c.holdClocks(c.e.At)
	if c.SLA.State == SLARunning {
		c.SLA.State = SLAHeld
	}
	c.set(c.e.At, Clock{Kind: ClockSnooze, At: c.e.Until})
}

func (c *change) holdClocks(at time.Time) {
	clocks := make([]Clock, 0, len(c.Clocks)+1)
	for _, k := range c.Clocks {
		for _, kind := range snoozable {
			if k.Kind == kind {
				k = k.held(at)
			}
		}
		clocks = append(clocks, k)
	}
	c.Clocks = clocks
}

// wake ends a snooze: the clocks run on with what was left of them.
func (c *change) wake() {
	if !c.Snoozed {
		return
	}
	c.entry.Why = "snooze_over"
	c.Snoozed = false
	c.drop(ClockSnooze)
	if c.SLA.State == SLAHeld {
		c.SLA.State = SLARunning
	}
	c.runOn()
}

// settled ends a snooze with what it was about: an offer that is decided, an owner who is another.
func (c *change) settled() {
	if c.Snoozed {
		c.Snoozed = false
		c.drop(ClockSnooze)
	}
	c.Snoozes = 0
}
