package lifecycle

import (
	"slices"
	"time"
)

// replan asks for the clocks anew after their terms have changed: policy, calendar, or who owns the lead. What is held is
// planned when it runs again.
func (c *change) replan() {
	kinds := c.running()
	switch {
	case len(kinds) == 0:
		c.Changed = false
	case c.Paused || c.Snoozed:
		c.Changed = true
	default:
		c.Changed = false
		c.Terms++
		c.wish(Command{
			ID:   c.id("plan/terms/%d/%s/%s/%d/%d/%d/%v", c.Terms, c.Assignment, c.Stage, c.Since.UnixNano(), c.Used, c.Handed, kinds),
			Kind: CommandPlan, Assignment: c.Assignment, Rep: c.Owner, Team: c.Team, N: c.Handed,
			Stage: c.Stage, Since: c.Since, Used: c.Used, Clocks: wanted(kinds),
		})
	}
}

// running are the kinds of clocks whose terms may change under the lead.
func (c *change) running() (kinds []ClockKind) {
	if c.Since.IsZero() {
		return nil // an offer of an older release: its clocks stay as they are
	}
	for _, k := range []ClockKind{ClockAccept, ClockTouch, ClockIdle} {
		if c.has(k) && (k != ClockIdle || c.p.SLA.Chased()) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// replanned takes what the clocks are under the new terms. What has passed stays passed: a level that does not wait any more
// comes back only where its new moment is still to come.
func (c *change) replanned() {
	before := c.Clocks
	for _, kind := range c.running() {
		c.drop(kind)
		for _, k := range c.e.Clocks {
			waited := slices.ContainsFunc(before, func(o Clock) bool { return o.Kind == k.Kind && o.Level == k.Level && o.N == k.N })
			if k.Kind == kind && (waited || k.At.After(c.e.At)) {
				c.set(c.e.At, k)
			}
		}
	}
	for _, k := range c.e.Clocks {
		if k.Kind != ClockAccept || k.Level != LevelDue || c.Stage != StageHandoff {
			continue
		}
		c.SLA.DueAt = k.At
		if k.At.After(c.e.At) && c.SLA.State == SLABreached {
			c.SLA.State = SLARunning
		}
	}
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
