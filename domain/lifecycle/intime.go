package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// People decide in Postgres, and while Temporal or the workers are away their run is woken by the deadline before it hears of a
// decision that met it. So before an offer is taken away late Postgres is asked: a decision that was made in time is waited for.

const (
	heardLate = 10 * time.Second // from when on a deadline is so late that a decision may have been held up
	hearIn    = 15 * time.Second // one that is held up is asked again at least that often
	hearFor   = 10 * time.Minute // and one that does not come in that time will not
)

// heldUp reports that a deadline comes so late that a decision in time may still be on its way.
func (c *change) heldUp(k Clock) bool {
	return c.e.Asks && (k.heard() || c.e.At.Sub(k.At) > heardLate)
}

// heard reports that the deadline was put off to hear of a decision: Was is when it was due, From when that began.
func (k Clock) heard() bool { return !k.At.IsZero() && !k.Was.IsZero() }

// askIfDecided puts the deadline off and asks. Should the answer be lost, the deadline comes again.
func (c *change) askIfDecided(k Clock) {
	if !k.heard() {
		k.Was, k.From = k.At, c.e.At
	}
	k.At = c.e.At.Add(hearIn)
	c.set(c.e.At, k)
	c.wish(Command{ID: fmt.Sprintf("%s%d/%d", c.heldUpID(), k.From.UnixNano(), k.At.UnixNano()), Kind: CommandCheck, Clock: k, Assignment: c.Assignment})
}

// heldUpID names the question by the offer: another may be open when it is answered.
func (l Lead) heldUpID() string { return l.id("check/%s/%s/", ClockAccept, l.Assignment) }

// unlessDecided takes the offer away, unless somebody decided about it in time and the run is yet to hear of it.
func (c *change) unlessDecided(k Clock) {
	open := c.Stage == StageHandoff && c.Assignment != "" && strings.HasPrefix(c.e.Command, c.heldUpID())
	open = open && slices.ContainsFunc(c.Clocks, func(o Clock) bool { // else there is time again, by new terms
		return o.Kind == k.Kind && o.Level == k.Level && o.heard() && o.From.Equal(k.From)
	})
	if !open || c.e.Waits && c.e.At.Sub(k.From) < hearFor {
		return
	}
	c.quiet, c.e.Kind = false, Passed // which is what the timeline tells of it
	c.entry.Why, c.entry.Assignment, c.entry.Due = "accept_"+string(k.Level), c.Assignment, k.Was
	c.missed()
}

// inTime reports that the decision was made before the deadline, whenever the run heard of it.
func (c *change) inTime() bool {
	return !c.e.Asked.IsZero() && !c.SLA.DueAt.IsZero() && !c.e.Asked.After(c.SLA.DueAt)
}
