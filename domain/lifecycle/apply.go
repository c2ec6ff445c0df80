package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Check returns a *Refusal when the event has no meaning for the lead as it stands, else nil. It is what the validator
// of an update asks: a refused decision then writes nothing to history.
func (l Lead) Check(e Event, p Policy) error {
	if !l.Stage.Terminal() && l.repeats(e) {
		return nil
	}
	if transitions[l.Stage][e.Kind] == nil {
		if l.Stage == StageErased {
			return l.refuse(CodeErased, e.Kind)
		}
		decided := (l.Last.Kind == Accepted || l.Last.Kind == Rejected) && l.Last.Cycle == l.Cycle
		if decided && (e.Kind == Accepted || e.Kind == Rejected) {
			return l.refuse(CodeAlreadyDecided, e.Kind)
		}
		return l.refuse(CodeWrongStage, e.Kind)
	}
	return l.checkDecision(e, p)
}

// Apply folds one event into the lead. It returns the lead that follows and what follows from it, or a *Refusal and the
// lead unchanged. It panics on an edge the table does not declare: that is a defect, and a workflow task that fails is
// tried again after a repair, where a wrong stage would be for ever.
func (l Lead) Apply(e Event, p Policy) (Lead, Outcome, error) {
	if err := l.Check(e, p); err != nil {
		return l, Outcome{}, err
	}
	if l.repeats(e) {
		return l, Outcome{Same: true}, nil
	}
	c := &change{Lead: l, e: e, p: p}
	c.fold()
	c.leaveQueue()
	c.keepHolds()
	if !slices.Contains(transitions[l.Stage][e.Kind], c.Stage) {
		panic(fmt.Sprintf("lifecycle: undeclared transition %s --%s--> %s", l.Stage, e.Kind, c.Stage))
	}
	c.note(l)
	return c.Lead, c.out, nil
}

// change is one Apply under way.
type change struct {
	Lead
	e     Event
	p     Policy
	out   Outcome
	entry Entry // of this event; written by note when there is anything to tell
	quiet bool  // nothing people would want on a timeline
}

func (c *change) fold() {
	switch c.e.Kind {
	case Started:
		c.start()
	case Scored:
		c.quiet = true
		c.Score, c.Band = c.e.Score, c.e.Band
	case Triggered:
		c.triggered()
	case Revoked:
		c.revoked()
	case Touched:
		c.touched()
	case Unsubscribed, Bounced, Complained:
		c.mute()
	case Recaptured:
		c.recaptured()
	case RepAway:
		c.repAway()
	case Paused:
		c.pause()
	case Resumed:
		c.resume()
	case Snoozed:
		c.snooze()
	case Erased:
		c.close(StageErased, "")
	case Passed:
		c.passed()
	case GivenUp:
		c.givenUp()
	default:
		if !c.foldDecision() {
			c.foldResult()
		}
	}
}

func (c *change) foldDecision() bool {
	switch c.e.Kind {
	case Accepted:
		c.accepted()
	case Rejected:
		c.rejected()
	case Qualified:
		c.decide()
		c.Stage = StageOpportunity
		c.work()
	case Won:
		c.decide()
		c.close(StageWon, "")
	case Lost:
		c.lost()
	case Reassigned:
		c.reassigned()
	case Recycled:
		c.recycled()
	case Undone:
		c.undone()
	case Disqualified:
		c.decide()
		c.remember()
		c.close(StageDisqualified, c.e.Decision.Reason)
	default:
		return false
	}
	return true
}

func (c *change) foldResult() {
	switch c.e.Kind {
	case Offered:
		c.offered()
	case NoRepFound:
		c.noRep()
	case Claimed:
		c.claimed()
	case Assigned:
		c.assigned()
	case NotGranted:
		c.entry.Why, c.entry.Refused = c.e.Code, c.e.Code
		c.e.Decision.ID = "" // it took no effect
		if !c.notHanded() {
			c.release()
		}
	case Moved:
		c.moved()
	case CycleBegun:
		c.cycleBegun()
	case Checked:
		c.checked()
	case Planned:
		c.planned()
	case Refreshed:
		c.quiet = true
		c.askAgain()
		if c.e.Replan {
			c.replan()
		}
	}
}

// because is why something happened where the event itself says no more.
var because = map[EventKind]string{
	Started: "captured", Offered: "in_turn", Claimed: "team_queue", Assigned: "reassigned", CycleBegun: "recycled",
	Accepted: "decision", Qualified: "decision", Won: "decision", Reassigned: "decision", Paused: "decision", Resumed: "decision",
	RepAway: "rep_away", Recycled: "decision", Unsubscribed: "by_the_person", Bounced: "hard_bounce", Complained: "by_the_person",
}

// note writes the entry of the event.
func (c *change) note(before Lead) {
	n := &c.entry
	n.At, n.Kind, n.Cycle, n.Decision, n.Late = c.e.At, c.e.Kind, before.Cycle, c.e.Decision.ID, c.e.Late
	n.Actor = c.e.Actor
	if n.Actor.Type == "" {
		n.Actor = System
	}
	n.Why = cmp.Or(n.Why, because[n.Kind])
	if c.Stage != before.Stage {
		n.From, n.To, n.Cycle = before.Stage, c.Stage, c.Cycle
	}
	if c.quiet && c.Stage == before.Stage {
		return
	}
	c.out.Entries = append([]Entry{*n}, c.out.Entries...)
}

// also adds a second entry, for an offer that ends because of this event.
func (c *change) also(e Entry) {
	e.At, e.Cycle = c.e.At, c.Cycle
	if e.Actor.Type == "" {
		e.Actor = System
	}
	c.out.Entries = append(c.out.Entries, e)
}

func (c *change) wish(cmd Command) {
	cmd.Cycle, cmd.At = c.Cycle, c.e.At
	c.out.Commands = append(c.out.Commands, cmd)
}

// close ends the life, or this part of it: no deadline, no owner, no offer.
func (c *change) close(to Stage, reason string) {
	c.withdraw("")
	c.Stage, c.Reason = to, reason
	if reason != "" {
		c.entry.Why = reason
	}
	c.Paused, c.PausedAt, c.Pending, c.Beginning, c.Asking = false, time.Time{}, "", false, false
	c.settled()
	if to != StageWon {
		c.Owner = ""
	}
	c.Position = Position{}
	c.dropAll()
}

// rest parks the lead; it remembers why.
func (c *change) rest(to Stage, reason string) {
	paused, at := c.Paused, c.PausedAt
	var end []Clock
	for _, k := range c.Clocks {
		if k.Kind == ClockPause {
			end = append(end, k)
		}
	}
	c.close(to, reason)
	c.Paused, c.PausedAt, c.Clocks = paused, at, end
}
