package lifecycle

import (
	"cmp"
	"time"
)

// repeats reports whether the decision is the one that took effect last: then it is granted again without effect.
func (l Lead) repeats(e Event) bool {
	d := e.Decision
	if d.ID != "" && d.ID == l.Last.ID {
		return true
	}
	switch e.Kind {
	case Paused:
		return l.Paused
	case Resumed:
		return !l.Paused
	case Accepted, Rejected:
		same := l.Last.Kind == e.Kind && l.Last.By == d.By && l.Last.Reason == d.Reason
		if d.Assignment != "" {
			return same && d.Assignment == l.Last.Assignment
		}
		open := l.Stage == StageHandoff && l.Owner == d.By // then that offer is meant
		return same && l.Last.Cycle == l.Cycle && !open
	case Qualified:
		return l.Last.Kind == e.Kind && l.Stage == StageOpportunity
	case Undone:
		return l.Last.Kind == e.Kind && l.Last.Cycle == l.Cycle && l.Undo == nil
	case Lost, Disqualified:
		return l.Last.Kind == e.Kind && l.Last.Reason == d.Reason && transitions[l.Stage][e.Kind] == nil
	case Recycled: // a second one must not skip the cool-down of the first
		rests := l.Stage == StageDormant && l.Last.Cycle == l.Cycle
		return l.Last.Kind == e.Kind && l.Last.Reason == d.Reason && (rests || transitions[l.Stage][e.Kind] == nil)
	}
	return false
}

// checkDecision says whether this person may decide this now.
func (l Lead) checkDecision(e Event, p Policy) error {
	d := e.Decision
	switch e.Kind {
	case Snoozed:
		return l.checkSnooze(e, p)
	case Accepted, Rejected:
		if l.Stage == StageHandoff && (l.Assignment == "" || l.Owner != d.By || d.Assignment != "" && d.Assignment != l.Assignment) {
			return l.refuse(CodeNotYourOffer, e.Kind)
		}
		if l.Stage == StageQualified && l.Asking {
			return l.refuse(CodeBusy, e.Kind)
		}
		if e.Kind == Rejected && e.Rule == nil && !p.Knows(Rejected, d.Reason) {
			return l.refuse(CodeUnknownReason, e.Kind)
		}
	case Lost, Disqualified:
		if e.Rule == nil && !p.Knows(e.Kind, d.Reason) {
			return l.refuse(CodeUnknownReason, e.Kind)
		}
	case Reassigned:
		if l.Asking {
			return l.refuse(CodeBusy, e.Kind)
		}
	case Undone:
		return l.checkUndo(e)
	}
	return nil
}

// decide remembers the decision.
func (c *change) decide() {
	c.Undo = nil
	c.Last = c.e.Decision
	c.Last.Kind, c.Last.Cycle = c.e.Kind, c.Cycle
	c.Last.By = cmp.Or(c.Last.By, c.Owner) // who has it answers for what is decided of it
	c.entry.Why = c.e.Decision.Reason
}

func (c *change) accepted() {
	if c.Stage == StageQualified {
		c.Asked++
		c.Asking = true
		c.wish(Command{
			ID: c.id("claim/%d/%s", c.Asked, c.e.Decision.By), Kind: CommandClaim, N: c.Asked,
			Rep: c.e.Decision.By, Decision: c.e.Decision.ID, Assignment: c.e.Decision.Assignment,
		})
		c.quiet = true
		return
	}
	c.decide()
	c.remember()
	c.Last.Assignment = c.Assignment
	c.entry.Assignment, c.entry.Outcome = c.Assignment, "accepted"
	c.met()
	c.Stage = StageWorking
	c.work()
	c.planTouch()
}

// met stops the accept clock. A breach stays a breach, unless the run was only late to hear of the decision.
func (c *change) met() {
	c.drop(ClockAccept, ClockRetry)
	if c.SLA.State == SLARunning || c.SLA.State == SLAHeld || c.SLA.State == SLABreached && c.inTime() {
		c.SLA.State = SLAMet
	}
}

func (c *change) claimed() {
	o := c.e.Offer
	c.entry.Rep = o.Rep
	c.entry.Assignment, c.entry.Outcome = o.Assignment, "accepted"
	if !c.Asking || c.Stage != StageQualified || c.e.Command != c.id("claim/%d/%s", c.Asked, o.Rep) {
		c.tooLate()
		return
	}
	c.Asking, c.Pending = false, ""
	c.remember()
	c.Undo.Kind, c.Undo.By = Accepted, o.Rep
	c.Owner, c.Team, c.Assignment = o.Rep, o.Team, o.Assignment
	c.Last = Decision{ID: c.e.Decision.ID, Kind: Accepted, By: o.Rep, Assignment: o.Assignment, Cycle: c.Cycle}
	c.met()
	c.Stage = StageWorking
	c.work()
	c.planTouch()
}

// tooLate marks a grant nobody waits for any more: the projection closes the assignment.
func (c *change) tooLate() { c.entry.Outcome, c.entry.Why = "withdrawn", CodeOvertaken }

func (c *change) rejected() {
	c.decide()
	c.remember()
	c.Last.Assignment = c.Assignment
	c.entry.Assignment, c.entry.Outcome = c.Assignment, "rejected"
	c.met()
	r := c.reason(Rejected)
	switch r.Path {
	case PathReroute:
		c.pass()
		c.next(c.e.Decision.Reason)
	case PathDisqualify, PathDuplicate:
		c.pass()
		c.close(StageDisqualified, c.e.Decision.Reason)
	default:
		c.pass()
		c.sleep(c.e.Decision.Reason, r)
	}
}

func (c *change) lost() {
	c.decide()
	r := c.reason(Lost)
	switch r.Path {
	case PathDisqualify:
		c.close(StageDisqualified, c.e.Decision.Reason)
	case PathStayLost:
		c.rest(StageLost, c.e.Decision.Reason)
		c.out.RollOver = true
	default:
		c.sleep(c.e.Decision.Reason, r)
	}
}

func (c *change) recycled() {
	c.decide()
	if c.atWork() {
		c.sleep(c.e.Decision.Reason, c.p.ReasonIn(c.Stage, Recycled, c.e.Decision.Reason))
		return
	}
	c.begin("recycled")
}

// reassigned asks for it; the decision takes effect when it is granted.
func (c *change) reassigned() {
	c.Asked++
	c.Asking = true
	c.wish(Command{
		ID: c.id("assign/%d/%s%s", c.Asked, c.e.Rep, c.e.Team), Kind: CommandAssign, N: c.Asked,
		Rep: c.e.Rep, Team: c.e.Team, Assignment: c.Assignment, Exclude: []string{c.Owner}, Decision: c.e.Decision.ID,
	})
	c.e.Decision.ID = ""
}

func (c *change) assigned() {
	o := c.e.Offer
	c.entry.Rep = o.Rep
	c.entry.Assignment = o.Assignment
	if !c.asked() || (c.Stage != StageWorking && c.Stage != StageOpportunity) {
		c.tooLate()
		return
	}
	c.Asking, c.Undo = false, nil
	c.Last = Decision{ID: c.e.Decision.ID, Kind: Reassigned, Assignment: o.Assignment, Cycle: c.Cycle}
	c.Owner, c.Team, c.Assignment = o.Rep, o.Team, o.Assignment
	c.work()
	c.planTouch()
}

// work starts the idle clock anew.
func (c *change) work() {
	d, held := c.idleAfter(), c.Snoozed && !c.Paused
	c.settled()
	c.drop(ClockIdle, ClockStale, ClockStep, ClockRetry)
	c.Idle = Run{Since: c.e.At}
	if c.e.Kind != Qualified { // the first touch is of the assignment
		c.drop(ClockTouch)
		c.Touch = Run{Since: c.e.At}
	}
	if c.p.SLA.Chased() {
		if held || c.e.Kind != Qualified || c.Touch.Asked > 0 {
			c.planLevels("work", workKinds...)
		} else {
			c.planLevels("work", ClockIdle) // a first touch that runs, runs on
		}
		return
	}
	if held {
		c.runOn() // a first touch that was snoozed
	}
	c.Since, c.Used = c.e.At, 0
	if d > 0 {
		c.set(c.e.At, Clock{Kind: ClockIdle, Level: LevelOwner, At: c.e.At.Add(d)})
	}
}

func (c *change) idleAfter() time.Duration {
	if c.Stage == StageOpportunity {
		return c.p.SLA.Idle.Opportunity.Duration()
	}
	return c.p.SLA.Idle.Working.Duration()
}

// planTouch asks for the deadline of the first logged activity, in business time.
func (c *change) planTouch() {
	if c.p.SLA.Chased() {
		return // planned with the others
	}
	d := c.p.SLA.FirstTouch.Within.Duration()
	if d <= 0 {
		return
	}
	c.wish(Command{
		ID: c.id("plan/touch/%s", c.Assignment), Kind: CommandPlan, Assignment: c.Assignment, Rep: c.Owner, Team: c.Team,
		Clocks: []Clock{{Kind: ClockTouch, Level: LevelOwner, Left: c.p.SLA.FirstTouch.Within}},
	})
}
