package lifecycle

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// ask looks for a rep for the next offer of the cycle. While the lead is paused it waits for the end of the pause.
func (c *change) ask() {
	if c.Paused {
		c.hold(pendingOffer)
		return
	}
	c.Asked++
	c.Asking, c.Unmet = true, 0
	c.drop(ClockRetry)
	c.wish(Command{ID: c.id("offer/%d", c.Asked), Kind: CommandOffer, N: c.Asked, Exclude: slices.Clone(c.Passed)})
}

// pendingOffer in Pending means: look for a rep once the pause is over.
const pendingOffer = "offer"

// askAgain repeats the ask that found nobody: the same wish, so the same number.
func (c *change) askAgain() {
	if c.Stage != StageQualified || c.Asking || c.spent() {
		return
	}
	if c.Paused {
		c.hold(pendingOffer)
		return
	}
	if c.Asked == c.Made || c.Asked == c.Granted {
		c.ask()
		return
	}
	c.Asking = true
	c.drop(ClockRetry)
	c.wish(Command{ID: c.id("offer/%d", c.Asked), Kind: CommandOffer, N: c.Asked, Exclude: slices.Clone(c.Passed)})
}

func (c *change) maxOffers() int {
	if c.Max > 0 {
		return c.Max
	}
	return max(1, c.p.SLA.Accept.MaxOffers)
}

// spent reports that the cycle has had its offers.
func (c *change) spent() bool { return c.Made-c.Void >= c.maxOffers() }

// offered makes the granted offer the open one. A grant nobody waits for any more is withdrawn: the projection closes
// every open assignment that is not the lead's own.
func (c *change) offered() {
	o := c.e.Offer
	c.entry.Assignment = o.Assignment
	if !c.awaitsOffer() {
		c.entry.Outcome, c.entry.Why = "withdrawn", CodeOvertaken
		return
	}
	c.Asking, c.Pending = false, ""
	c.Made++
	c.Unmet, c.Granted = 0, c.Asked
	c.entry.Rep = o.Rep
	c.Stage, c.Owner, c.Team, c.Assignment = StageHandoff, o.Rep, o.Team, o.Assignment
	c.SLA = SLAClock{DueAt: o.DueAt, State: SLARunning}
	if c.Paused {
		c.SLA.State = SLAHeld
	}
	c.settled()
	c.drop(ClockAccept, ClockRetry)
	c.Since, c.Used = o.At, 0
	for _, k := range o.Clocks {
		c.run(c.e.At, k) // while Temporal was away its rep had it all the same
		if k.Level == LevelReassign && k.N > 0 {
			c.Max = k.N
		}
	}
	if c.Left == o.Assignment {
		c.leave()
	}
}

// repAway ends the offer to somebody who is away. One that is on its way to the run ends as soon as it is there.
func (c *change) repAway() {
	of := c.e.Offer.Assignment
	if c.Stage == StageHandoff && c.Assignment != "" && c.Assignment == of {
		c.leave()
		return
	}
	c.quiet = true
	if c.Asking {
		c.Left = of
	}
}

// leave offers the lead to somebody else at once. Nobody had the offer, so it is none of those that a cycle may have, and who is
// back in time may have another.
func (c *change) leave() {
	c.Left = ""
	c.also(Entry{Kind: Offered, Assignment: c.Assignment, Outcome: "withdrawn", Why: "rep_away"})
	c.Owner, c.Assignment, c.SLA = "", "", SLAClock{State: SLANone}
	c.Void++
	c.drop(ClockAccept)
	c.next("rep_away")
}

// awaitsOffer reports that the event answers the offer the lead asked for last, and that it still wants one.
func (c *change) awaitsOffer() bool {
	return c.Asking && c.e.Command == c.id("offer/%d", c.Asked) && (c.Stage == StageQualified || c.Stage == StageHandoff)
}

// asked reports that the event answers what the lead asked for last, be it an offer, a claim or an assignment.
func (c *change) asked() bool {
	for _, wish := range []string{"offer", "claim", "assign"} {
		id := c.id("%s/%d", wish, c.Asked)
		if c.e.Command == id || strings.HasPrefix(c.e.Command, id+"/") {
			return c.Asking
		}
	}
	return false
}

// release ends the wait for what was asked and will not be granted. The clock of a queued lead may have passed meanwhile.
func (c *change) release() {
	if !c.asked() {
		return
	}
	c.Asking = false
	if c.Stage == StageQualified && !c.spent() && !c.has(ClockRetry) {
		c.lookAgain(c.retryAfter())
	}
}

func (c *change) noRep() {
	c.quiet = true
	if !c.awaitsOffer() {
		return
	}
	c.quiet = c.Unmet > 0 // the first time is told; that it is still so is no news
	c.Unmet++
	c.queue("no_rep")
	c.lookAgain(c.retryAfter())
}

func (c *change) lookAgain(after time.Duration) {
	c.set(c.e.At, Clock{Kind: ClockRetry, At: c.e.At.Add(after)})
}

// retryAfter is a sixteenth of the accept deadline, at least five seconds, doubled each time up to an hour. It is a second
// way only: a rep who becomes free is told by the outbox.
func (c *change) retryAfter() time.Duration {
	first := min(max(c.p.SLA.Accept.Within.Duration()/16, 5*time.Second), 15*time.Minute)
	return min(first<<min(max(c.Unmet-1, 0), 10), time.Hour)
}

// queue puts the lead where any rep of the team may take it.
func (c *change) queue(why string) {
	c.Stage, c.Owner, c.Assignment, c.Asking = StageQualified, "", "", false
	c.settled()
	c.entry.Why = why
	c.drop(ClockAccept)
	c.waitInQueue()
}

// withdraw notes that the open offer ends without a decision.
func (c *change) withdraw(why string) {
	if c.Stage == StageHandoff && c.Assignment != "" {
		c.also(Entry{Kind: Offered, Assignment: c.Assignment, Outcome: "withdrawn", Why: why})
		c.Assignment = ""
	}
}

// acceptPassed is one deadline of the open offer.
func (c *change) acceptPassed() {
	k := c.e.Clock
	c.entry.Why, c.entry.Assignment = "accept_"+string(k.Level), c.Assignment
	switch k.Level {
	case LevelDue:
		c.SLA.State = SLABreached
	case LevelReassign:
		if c.heldUp(k) {
			c.quiet = true
			c.askIfDecided(k)
			return
		}
		c.missed()
	default:
		if c.e.Late {
			return
		}
		c.wish(Command{
			ID: c.id("sla/%d/%s%s", c.Asked, k.Level, ordinal(k.N)), Kind: CommandAlert,
			Clock: Clock{Kind: k.Kind, Level: k.Level, N: k.N, Was: k.At}, Rep: c.Owner, Team: c.Team, Assignment: c.Assignment,
		})
	}
}

func ordinal(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (c *change) missed() {
	c.entry.Outcome = "missed"
	c.pass()
	c.next("accept_missed")
}

// pass remembers that the owner had it and ends the offer.
func (c *change) pass() {
	if c.Owner != "" && !slices.Contains(c.Passed, c.Owner) {
		c.Passed = append(slices.Clone(c.Passed), c.Owner)
	}
	c.Owner, c.Assignment = "", ""
	c.settled()
	c.drop(ClockAccept)
}

// next offers it to another rep, or leaves it in the team queue once the offers of the cycle are used up.
func (c *change) next(why string) {
	if c.spent() {
		c.queue(why)
		return
	}
	if c.Paused {
		c.queue(why)
	}
	c.ask()
}
