package lifecycle

import "time"

// pause holds every deadline and keeps what was left of it.
func (c *change) pause() {
	c.decidePause()
	c.Paused, c.PausedAt = true, c.e.At
	c.Pauses++
	clocks := make([]Clock, 0, len(c.Clocks)+1)
	for _, k := range c.Clocks {
		clocks = append(clocks, k.held(c.e.At))
	}
	c.Clocks = clocks
	if c.SLA.State == SLARunning {
		c.SLA.State = SLAHeld
	}
	if !c.e.Until.IsZero() {
		c.set(c.e.At, Clock{Kind: ClockPause, At: c.e.Until})
	}
}

func (c *change) decidePause() { c.entry.Why = c.e.Decision.Reason }

// resume lets the deadlines run on with what was left of them, and acts on what came meanwhile. What is left in
// business time needs a calendar: those clocks stay held until the plan is there.
func (c *change) resume() {
	if c.e.Kind == Passed {
		c.entry.Why = "pause_over"
	}
	c.Paused, c.PausedAt = false, time.Time{}
	c.drop(ClockPause)
	var business []Clock
	clocks := make([]Clock, 0, len(c.Clocks))
	for _, k := range c.Clocks {
		if k.Kind.Business() && k.At.IsZero() {
			business = append(business, k)
		} else {
			k = k.released(c.e.At)
		}
		clocks = append(clocks, k)
	}
	c.Clocks = clocks
	if c.SLA.State == SLAHeld {
		c.SLA.State = SLARunning
	}
	if len(business) > 0 {
		c.wish(Command{
			ID: c.id("plan/resume/%d", c.Pauses), Kind: CommandPlan, Clocks: business,
			Assignment: c.Assignment, Rep: c.Owner, Team: c.Team,
		})
	}
	c.actOnPending()
}

func (k Clock) released(now time.Time) Clock {
	if !k.At.IsZero() || k.Was.IsZero() {
		return k
	}
	k.At = now.Add(max(0, k.Was.Sub(k.From)))
	k.Was, k.From = time.Time{}, time.Time{}
	return k
}

func (c *change) actOnPending() {
	pending := c.Pending
	switch {
	case pending == "" || c.Beginning:
	case pending == pendingOffer && c.Stage == StageQualified:
		c.Pending = ""
		c.askAgain()
	case pending == pendingCapture && c.Stage == StageDormant:
		c.Pending = ""
		c.again("recaptured")
	case c.Stage == StageDormant && pending != TriggerMQL:
		c.Pending = ""
		c.again(pending)
		if c.Stage == StageNurturing {
			c.Pending = pending
		}
	case c.Stage == StageNurturing && pending != pendingOffer && pending != pendingCapture:
		c.qualify()
	default:
		c.Pending = ""
	}
}
