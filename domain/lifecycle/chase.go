package lifecycle

import (
	"slices"
	"time"
)

// What follows where nobody touches or works a lead whose levels were planned at once. What passes is looked at before it is believed, as ever.

// checkOf names the question about a level: of the clock as it runs now, for whoever has the lead now.
func (c *change) checkOf(k Clock) string {
	if !c.leveled(k.Kind) {
		return c.checkID(k)
	}
	return c.id("check/%s/%s/%d/%s/%d", k.Kind, k.level(), k.At.UnixNano(), c.Assignment, c.runOf(k.Kind).Since.UnixNano())
}

// chased acts on a level once Postgres said when the lead was last worked.
func (c *change) chased(k Clock) {
	switch {
	case c.e.Command != c.checkOf(k):
		return // it was asked about somebody else's clock, or before the lead was worked
	case k.Kind == ClockTouch && !c.e.Worked.IsZero():
		c.drop(ClockTouch) // it was touched: the other levels mean nothing any more
		c.Touch = Run{}
		return
	case k.Kind == ClockIdle && c.e.Worked.After(c.Idle.Since):
		c.drop(ClockIdle)
		c.Idle = Run{Since: c.e.Worked}
		c.planLevels("work", ClockIdle)
		return
	case acts(k) && c.Asking:
		c.putOff(k)
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

// acts reports that a level of work does more than tell somebody: it does so as well where a later one is due with it.
func acts(k Clock) bool { return k.Level == LevelReassign || k.Level == LevelFinal }

// putOff lets a level that acts come again: somebody is giving the lead to another rep just now, and may not be granted it.
func (c *change) putOff(k Clock) {
	c.unpass(k)
	c.set(c.e.At, Clock{Kind: k.Kind, Level: k.Level, N: k.N, To: k.To, At: c.e.At.Add(askingPatience)})
}

const askingPatience = 15 * time.Second

func chaseCode(k Clock) string {
	if k.Kind == ClockTouch {
		return "first_touch_" + string(k.Level)
	}
	return "idle_" + string(k.Level)
}

// handOn asks for another rep of the team. Where there is none, the lead ends where the clock says.
func (c *change) handOn(k Clock) {
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
	if c.e.Command != c.id("assign/%d/clock", c.Asked) || !c.Asking || !c.atWork() {
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
		c.Made, c.SLA = max(c.Made, c.maxOffers()+c.Void), SLAClock{State: SLANone}
		why := c.entry.Why
		c.queue(why)
		c.entry.Why = why
	case ThenDormant:
		c.sleep(ReasonIdle, c.p.quiet(c.Stage, ReasonIdle))
	}
}
