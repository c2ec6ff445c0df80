package lifecycle

import (
	"strings"
	"time"
)

// sleep rests until the cool-down is over, then the next cycle begins by itself.
func (c *change) sleep(reason string, r Reason) {
	cool := r.CoolDown
	if cool == 0 {
		cool = c.p.Recycle.Default.CoolDown
	}
	from := c.Stage
	c.rest(StageDormant, reason)
	if len(c.p.Recycle.Stages) > 0 {
		c.Rested = from
	}
	c.set(c.e.At, Clock{Kind: ClockCoolDown, At: c.e.At.Add(cool.Duration())})
	c.out.RollOver = true
}

// again begins the next cycle of a lead that rested, or ends it at the maximum.
func (c *change) again(why string) {
	if most := c.rested().MaxCycles; most > 0 && most < c.p.maxCycles() && c.Cycle >= most {
		c.close(StageDisqualified, reasonsMaximum+c.Reason) // which keeps it from coming back: see mayReturn
		return
	}
	if c.Cycle >= c.p.maxCycles() {
		reason := c.Reason
		c.close(StageDisqualified, "max_cycles")
		if reason != "" {
			c.entry.Why = "max_cycles:" + reason
		}
		return
	}
	c.begin(why)
}

// reasonsMaximum begins the reason of a lead that had all the cycles which the reason it rested for allows.
const reasonsMaximum = "max_cycles:"

// rested is the rule under which the lead rests.
func (c *change) rested() Reason {
	r := c.p.Reason(c.Last.Kind, c.Reason)
	if own, ok := c.p.Recycle.Stages[c.Rested][c.Reason]; ok && c.Rested != "" {
		r = r.with(own)
	}
	return r
}

// begin starts the next cycle. Everything that is counted or asked once is counted and asked per cycle.
func (c *change) begin(why string) {
	r := c.rested()
	c.Stage, c.Rested, c.Undo = StageNurturing, "", nil
	c.Cycle++
	c.CycleAt, c.entry.Why = c.e.At, why
	c.Asked, c.Made, c.Granted, c.Void, c.Unmet, c.Passed, c.Asking, c.Left = 0, 0, 0, 0, 0, nil, false, ""
	c.Max, c.Handed, c.Falls, c.Since, c.Used, c.Changed = 0, 0, "", time.Time{}, 0, false
	c.Owner, c.Team, c.Assignment, c.SLA = "", "", "", SLAClock{State: SLANone}
	c.drop(ClockCoolDown)
	c.Pending = "" // what waited to begin it has its cycle
	c.Position, c.Beginning = Position{}, true
	c.wish(Command{ID: c.id("begin"), Kind: CommandBegin, Policy: r.Score, Sequence: r.Sequence})
	c.out.RollOver = true
}

// cycleBegun acts on what came while the cycle was being set up.
func (c *change) cycleBegun() {
	c.quiet = true
	if c.e.Command != c.id("begin") || c.Stage != StageNurturing || !c.Beginning {
		return
	}
	c.quiet, c.Beginning = false, false
	c.Score, c.Band, c.Position = c.e.Score, c.e.Band, c.e.Move.Position
	if c.Pending != "" && !c.Paused {
		c.Reason = ""
		c.qualify()
		return
	}
	c.nurture()
}

// recaptured brings back what rests. A lead that was disqualified comes back where its reason and the maximum allow.
func (c *change) recaptured() {
	switch {
	case c.Stage == StageDormant && c.Paused:
		c.hold(pendingCapture)
	case c.Stage == StageDormant:
		c.again("recaptured")
	case c.Stage == StageDisqualified && c.mayReturn():
		c.begin("recaptured")
	default:
		c.quiet = true
	}
}

// pendingCapture in Pending means: begin the next cycle once the pause is over.
const pendingCapture = "capture"

// mayReturn keeps out what people declared to be no buyer at all, and what has had all its cycles.
func (c *change) mayReturn() bool {
	switch c.Reason {
	case "spam", "no_consent", "bad_data", "duplicate", "not_a_buyer":
		return false
	}
	return c.Cycle < c.p.maxCycles() && !strings.HasPrefix(c.Reason, reasonsMaximum)
}

func (c *change) passed() {
	k := c.e.Clock
	c.entry.Why, c.entry.Due = string(k.Kind), k.At
	switch k.Kind {
	case ClockSnooze:
		c.wake()
	case ClockPause:
		c.resume()
	case ClockStep:
		c.quiet = true
		c.goOn()
	case ClockAccept:
		if c.Stage == StageHandoff {
			c.acceptPassed()
		}
	case ClockRetry:
		c.quiet = true
		c.askAgain()
	case ClockQueue:
		c.queueWaits(k)
	case ClockStale, ClockIdle, ClockTouch:
		c.quiet = true
		c.passLevel(k)
		switch leveled := c.leveled(k.Kind); {
		case !c.e.Late || leveled && acts(k):
			c.check(k)
		case leveled:
			c.quiet, c.entry.Why, c.entry.Assignment = false, chaseCode(k), c.Assignment
		}
	case ClockCoolDown:
		if c.Stage == StageDormant {
			c.again("cool_down_over")
		}
	}
}

// givenUp lets nothing wait for a command that will never be granted.
func (c *change) givenUp() {
	c.entry.Why = c.e.Code
	if kinds := c.answered(); len(kinds) > 0 {
		c.byTheWall(kinds)
		return
	}
	switch id := c.e.Command; {
	case id == c.id("begin"):
		if c.Beginning && c.Stage == StageNurturing {
			c.Beginning = false
			c.nurture()
		}
	case id == c.id("offer/%d", c.Asked):
		if c.awaitsOffer() {
			c.queue(c.e.Code)
			c.lookAgain(afterGivenUp)
		}
	case id == c.moveID():
		if c.Stage == StageNurturing && c.Position.Sequence != "" {
			c.set(c.e.At, Clock{Kind: ClockStep, At: c.e.At.Add(afterGivenUp)})
			c.Position.Move++
		}
	case id == c.checkOf(c.e.Clock):
		c.askAt(c.e.At.Add(afterGivenUp))
	case c.plansResume():
		if !c.Paused { // no calendar to be had: better by the clock on the wall than never
			c.releaseAll(func(Clock) bool { return true })
		}
	case c.notHanded():
	default:
		c.release()
	}
}

// afterGivenUp is when the lead tries again what an activity did not manage in its whole time.
const afterGivenUp = 15 * time.Minute
