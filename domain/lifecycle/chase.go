package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The clocks of work where a policy chases (SLA.Chased): all levels of first touch and idleness are planned at once by Postgres,
// which knows the terms of the lead and the calendar of its owner. What passes is looked at before it is believed, as ever.

// planWork asks for the clocks of work from a moment on: of both kinds, or of idleness alone where the first touch is settled or
// runs on.
func (c *change) planWork(since time.Time, kinds ...ClockKind) {
	c.drop(kinds...)
	c.Since, c.Used = since, 0
	c.wish(Command{
		ID: fmt.Sprintf("%s%d/%v", c.workID(), c.Handed, kinds), Kind: CommandPlan, Assignment: c.Assignment, Rep: c.Owner, Team: c.Team, N: c.Handed, Stage: c.Stage, Since: since,
		Clocks: wanted(kinds),
	})
}

func wanted(kinds []ClockKind) []Clock {
	out := make([]Clock, len(kinds))
	for i, k := range kinds {
		out[i] = Clock{Kind: k}
	}
	return out
}

// workID names the plan of the clocks of work: whose, in which stage, from when. What it asks for follows.
func (l Lead) workID() string {
	return l.id("plan/work/%s/%s/%d/", l.Assignment, l.Stage, l.Since.UnixNano())
}

// plansWork reports that the event answers the newest plan of the clocks of work.
func (c *change) plansWork() bool { return strings.HasPrefix(c.e.Command, c.workID()) }

// planAnew asks for the clocks of work that were asked for and not answered when a decision took the lead away, which an undo has brought
// back. Where they all had passed by then they pass again, and tell nobody twice.
func (c *change) planAnew() {
	if c.p.SLA.Chased() && (c.Stage == StageWorking || c.Stage == StageOpportunity) && !c.has(ClockTouch) && !c.has(ClockIdle) {
		c.planWork(c.Since, ClockTouch, ClockIdle)
	}
}

// plansTouch reports that the event answers what was asked when an opportunity was accepted: the first touch is of the assignment, and
// whoever qualified the lead in the same breath has not called yet.
func (c *change) plansTouch() bool {
	return c.Stage == StageOpportunity && strings.HasPrefix(c.e.Command, c.id("plan/work/%s/%s/", c.Assignment, StageWorking))
}

// chased acts on a clock of work once Postgres said when the lead was last worked.
func (c *change) chased(k Clock) {
	switch {
	case k.Kind == ClockTouch && !c.e.Worked.IsZero():
		c.drop(ClockTouch) // it was touched: the other levels mean nothing any more
		return
	case k.Kind == ClockIdle && !c.Since.Before(k.At):
		return // somebody decided something meanwhile, and the clocks are planned anew
	case k.Kind == ClockIdle && c.e.Worked.After(c.Since):
		c.planWork(c.e.Worked, ClockIdle)
		return
	}
	c.quiet, c.entry.Why, c.entry.Assignment, c.entry.Due = false, chaseCode(k), c.Assignment, k.At
	switch k.Level {
	case LevelReassign:
		c.handOn(k)
	case LevelFinal:
		c.end(k.To)
	default:
		c.wish(Command{
			ID: c.id("%s/%s%s/%d", k.Kind, k.Level, ordinal(k.N), k.At.Unix()), Kind: CommandAlert,
			Clock: Clock{Kind: k.Kind, Level: k.Level, N: k.N, Was: k.At}, Rep: c.Owner, Team: c.Team, Assignment: c.Assignment,
		})
	}
}

func chaseCode(k Clock) string {
	if k.Kind == ClockTouch {
		return "first_touch_" + string(k.Level)
	}
	return "idle_" + string(k.Level)
}

// handOn asks for another rep of the team. Where there is none, the lead ends where the clock says.
func (c *change) handOn(k Clock) {
	if c.Asking {
		return // a person gives it to somebody just now
	}
	if c.Owner != "" && !slices.Contains(c.Passed, c.Owner) {
		c.Passed = append(slices.Clone(c.Passed), c.Owner)
	}
	c.Handed++
	c.Asked++
	c.Asking, c.Falls = true, k.To
	c.wish(Command{
		ID: c.id("assign/%d/clock", c.Asked), Kind: CommandAssign, N: c.Asked, Team: c.Team, Assignment: c.Assignment, Exclude: slices.Clone(c.Passed),
	})
}

// notHanded ends a lead that a clock wanted to give to another rep, and nobody was found.
func (c *change) notHanded() bool {
	if c.e.Command != c.id("assign/%d/clock", c.Asked) || !c.Asking || c.Stage != StageWorking && c.Stage != StageOpportunity {
		return false
	}
	c.Asking = false
	c.end(c.Falls)
	return true
}

// end is where a clock of work leads at last.
func (c *change) end(to string) {
	switch to {
	case ThenTeamQueue:
		c.entry.Assignment, c.entry.Outcome = c.Assignment, "missed"
		c.drop(ClockTouch, ClockIdle)
		c.Made, c.SLA = max(c.Made, c.maxOffers()), SLAClock{State: SLANone}
		why := c.entry.Why
		c.queue(why)
		c.entry.Why = why
	case ThenDormant:
		c.sleep("idle", c.p.Recycle.Default)
	}
}
