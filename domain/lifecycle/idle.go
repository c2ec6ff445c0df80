package lifecycle

import (
	"slices"
	"time"
)

// idle decides what follows when Postgres was asked about a lead that nobody seemed to work.
func (c *change) idle(k Clock) {
	if c.leveled(k.Kind) {
		c.chased(k)
		return
	}
	if k.Kind == ClockTouch {
		if c.e.Worked.IsZero() {
			c.quiet, c.entry.Why, c.entry.Assignment = false, "first_touch_missed", c.Assignment
			c.alertIdle(k, LevelOwner)
		} else {
			c.Touch = Run{}
		}
		return
	}
	if c.has(ClockIdle) {
		return // somebody decided something meanwhile, and the clock runs anew
	}
	if fresh := c.e.Worked.Add(c.idleAfter()); !c.e.Worked.IsZero() && fresh.After(c.e.At) {
		c.set(c.e.At, Clock{Kind: ClockIdle, Level: LevelOwner, At: fresh})
		c.Idle = Run{Since: c.e.Worked}
		return
	}
	c.quiet = false
	c.entry.Why = "idle_" + string(k.Level)
	after := c.p.SLA.Idle.AfterManager.Duration()
	switch {
	case k.Level == LevelOwner:
		c.alertIdle(k, LevelOwner)
		c.idleNext(LevelManager, after)
	case k.Level == LevelManager:
		c.alertIdle(k, LevelManager)
		c.idleNext(LevelFinal, after)
	case c.p.SLA.Idle.Finally == StageDormant:
		c.sleep(ReasonIdle, c.p.quiet(c.Stage, ReasonIdle))
	}
}

func (c *change) idleNext(level Level, after time.Duration) {
	if after > 0 {
		c.set(c.e.At, Clock{Kind: ClockIdle, Level: level, At: c.e.At.Add(after)})
	}
}

func (c *change) alertIdle(k Clock, level Level) {
	c.wish(Command{
		ID: c.id("%s/%s/%d", k.Kind, level, k.At.Unix()), Kind: CommandAlert,
		Clock: Clock{Kind: k.Kind, Level: level, Was: k.At}, Rep: c.Owner, Team: c.Team, Assignment: c.Assignment,
	})
}

// planned takes the business deadlines Postgres' calendars gave. What changed meanwhile wins: a clock that is no longer
// wanted is not set.
func (c *change) planned() {
	c.quiet = true
	if kinds := c.answered(); len(kinds) > 0 {
		c.plannedLevels(kinds)
		return
	}
	if c.replansOffer() {
		c.replanned()
		return
	}
	for _, k := range c.e.Clocks {
		if !c.wants(k) {
			continue
		}
		if !k.Since.IsZero() {
			c.Since, c.Used = k.Since, k.Used
		}
		k.Since, k.Used = time.Time{}, 0
		c.set(c.e.At, k)
		if k.Level == LevelDue {
			c.SLA.DueAt = k.At
		}
	}
	if c.Changed && c.plansResume() {
		c.replan()
	}
}

// byTheWall are the clocks of work where no plan is to be had: better than none.
func (c *change) byTheWall(kinds []ClockKind) {
	if !c.Paused && !c.Snoozed {
		c.releaseAll(func(k Clock) bool { return slices.Contains(kinds, k.Kind) })
	}
	for _, k := range kinds {
		after := c.p.SLA.FirstTouch.Within.Duration()
		if k == ClockIdle {
			after = c.idleAfter()
		}
		if after > 0 && !c.has(k) && len(c.runOf(k).Passed) == 0 {
			c.set(c.e.At, Clock{Kind: k, Level: LevelOwner, At: c.e.At.Add(after)})
		}
	}
}

// wants reports that a planned clock is what the lead still waits for: the first touch of its owner, or what the end of
// its last pause left held.
func (c *change) wants(k Clock) bool {
	switch {
	case k.Kind == ClockQueue:
		return c.plansQueue()
	case c.e.Command == c.id("plan/touch/%s", c.Assignment):
		return k.Kind == ClockTouch && c.atWork() && !c.Touch.Levels
	case c.plansResume():
		return slices.ContainsFunc(c.Clocks, func(o Clock) bool {
			return o.waits() && o.Kind == k.Kind && o.Level == k.Level && o.N == k.N
		})
	}
	return false
}
