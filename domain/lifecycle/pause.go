package lifecycle

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// pause holds every deadline and keeps what was left of it.
func (c *change) pause() {
	c.decidePause()
	c.Undo = nil
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
	c.Paused, c.PausedAt, c.Undo = false, time.Time{}, nil
	c.drop(ClockPause)
	if c.Snoozed { // it is the clocks' own hold, and goes on
		c.releaseAll(func(k Clock) bool { return !slices.Contains(snoozable, k.Kind) })
	} else {
		if c.SLA.State == SLAHeld {
			c.SLA.State = SLARunning
		}
		c.runOn()
	}
	c.actOnPending()
}

// runOn lets held clocks go on with what was left of them: those of business time once a plan is there.
func (c *change) runOn() {
	levels := slices.DeleteFunc(c.alive(), func(k ClockKind) bool { return !c.leveled(k) })
	var business []Clock
	for _, k := range c.Clocks {
		if k.waits() && c.inBusiness(k.Kind) && !slices.Contains(levels, k.Kind) {
			business = append(business, k)
		}
	}
	c.releaseAll(func(k Clock) bool { return !c.inBusiness(k.Kind) && !slices.Contains(levels, k.Kind) })
	if len(levels) > 0 { // as they are by now
		c.Changed = false
		c.planLevels("hold", levels...)
	}
	if len(business) > 0 {
		c.wish(Command{
			ID: c.planID(business), Kind: CommandPlan, Clocks: business,
			Assignment: c.Assignment, Rep: c.Owner, Team: c.Team, Since: c.Since, Used: c.Used,
		})
	} else if c.Changed {
		c.replan()
	}
}

// inBusiness reports that a clock runs in business time. Where a policy chases, Postgres knows which: it is asked of both.
func (c *change) inBusiness(k ClockKind) bool {
	return k.Business() || k == ClockIdle && c.p.SLA.Chased()
}

// planID names the plan of what is left in business time: the pause that held it, and what it held, which a lost task
// may have seen otherwise.
func (l Lead) planID(held []Clock) string {
	var b strings.Builder
	for _, k := range held {
		b.WriteString(fmt.Sprintf("%s/%s/%d/%d/%d ", k.Kind, k.Level, k.N, k.Was.UnixNano(), k.From.UnixNano()))
	}
	return l.id("plan/resume/%d/%08x", l.Pauses, crc32.ChecksumIEEE([]byte(b.String())))
}

// plansResume reports that the event answers the plan of the last pause.
func (c *change) plansResume() bool {
	return strings.HasPrefix(c.e.Command, c.id("plan/resume/%d/", c.Pauses))
}

// releaseAll lets held clocks run on with what was left of them on the wall.
func (c *change) releaseAll(which func(Clock) bool) {
	clocks := slices.Clone(c.Clocks)
	for i, k := range clocks {
		if k.waits() && which(k) {
			clocks[i] = k.released(c.e.At)
		}
	}
	c.Clocks = clocks
}

// waits reports that the clock is held.
func (k Clock) waits() bool { return k.At.IsZero() && !k.Was.IsZero() }

func (k Clock) released(now time.Time) Clock {
	k.At = now.Add(max(0, k.Was.Sub(k.From)))
	k.Was, k.From = time.Time{}, time.Time{}
	return k
}

// hold keeps what came while the lead could not act on it. Of several the weightiest counts: a wish to talk, an edge, the
// rest.
func (c *change) hold(what string) {
	if weight(what) >= weight(c.Pending) {
		c.Pending = what
	}
}

func weight(pending string) int {
	switch pending {
	case "":
		return 0
	case pendingOffer, pendingCapture:
		return 1
	case TriggerMQL:
		return 2
	}
	return 3
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
