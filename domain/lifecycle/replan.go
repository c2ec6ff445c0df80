package lifecycle

import (
	"slices"
	"strings"
	"time"
)

// replan asks for the clocks anew after their terms have changed: policy, calendar, or who owns the lead. What is held is
// planned when it runs again.
func (c *change) replan() {
	work, offer := len(c.alive()) > 0, c.has(ClockAccept) && !c.Since.IsZero() // zero: of an older release, whose clocks stay as they are
	c.Changed = (work || offer) && (c.Paused || c.Snoozed)
	switch {
	case c.Changed:
	case work:
		c.planLevels("terms", workKinds...)
	case offer:
		c.Plans++
		c.wish(Command{
			ID:   c.id("plan/terms/%d/%s/%d/%d", c.Plans, c.Assignment, c.Since.UnixNano(), c.Used),
			Kind: CommandPlan, Assignment: c.Assignment, Rep: c.Owner, Team: c.Team, Stage: c.Stage, Since: c.Since, Used: c.Used,
			Clocks: []Clock{{Kind: ClockAccept}},
		})
	}
}

// replansOffer reports that the event answers the newest plan of the clocks of the open offer.
func (c *change) replansOffer() bool {
	return c.Stage == StageHandoff && strings.HasPrefix(c.e.Command, c.id("plan/terms/%d/%s/", c.Plans, c.Assignment))
}

// replanned takes what the clocks of the offer are under the new terms. What has passed stays passed: a level that does not wait any
// more comes back only where its new moment is still to come. One that was put off to hear of a decision stays put off, unless there is
// time again.
func (c *change) replanned() {
	if c.Paused || c.Snoozed {
		c.replan() // those of now are planned once they run again
		return
	}
	before := c.Clocks
	c.drop(ClockAccept)
	for _, k := range c.e.Clocks {
		was := slices.IndexFunc(before, func(o Clock) bool { return o.Kind == k.Kind && o.Level == k.Level && o.N == k.N })
		switch future := k.At.After(c.e.At); {
		case was >= 0 && before[was].heard() && !future:
			c.set(c.e.At, before[was])
		case was >= 0 || future:
			c.set(c.e.At, k)
		}
		if k.Level == LevelDue {
			c.SLA.DueAt = k.At
			if k.At.After(c.e.At) && c.SLA.State == SLABreached {
				c.SLA.State = SLARunning
			}
		}
	}
	c.tellTerms(before)
}

// tellTerms writes that the clocks have moved.
func (c *change) tellTerms(before []Clock) {
	if moved := slices.ContainsFunc(c.Clocks, func(k Clock) bool { return !slices.Contains(before, k) }); moved || len(before) != len(c.Clocks) {
		c.quiet, c.entry.Why, c.entry.Assignment, c.entry.Due = false, "terms_changed", c.Assignment, c.firstDue()
	}
}

// firstDue is the deadline people wait for: of acceptance, else of the first touch, else of idleness.
func (c *change) firstDue() time.Time {
	for _, want := range []Clock{{Kind: ClockAccept, Level: LevelDue}, {Kind: ClockTouch, Level: LevelOwner}, {Kind: ClockIdle, Level: LevelOwner}} {
		for _, k := range c.Clocks {
			if k.Kind == want.Kind && k.Level == want.Level {
				return k.At
			}
		}
	}
	return time.Time{}
}
