package lifecycle

import "time"

// A lead in the queue of its team belongs to nobody: who lets it lie there is nobody's rep. Where the policy minds (Stale.TeamQueue)
// the manager of the team hears of it, more seldom each time. The key is in no document of an older release, so no older run
// sets this clock.

// waitInQueue asks, once for each stay in the queue, when somebody must hear of it.
func (c *change) waitInQueue() {
	if c.p.Stale.TeamQueue <= 0 || !c.Queued.IsZero() {
		return
	}
	c.Queued = c.e.At
	c.wish(Command{ID: c.queueID(), Kind: CommandPlan, Team: c.Team, Since: c.Queued, Clocks: []Clock{{Kind: ClockQueue}}})
}

func (l Lead) queueID() string { return l.id("plan/queue/%d", l.Queued.UnixNano()) }

func (c *change) plansQueue() bool { return !c.Queued.IsZero() && c.e.Command == c.queueID() }

// leaveQueue forgets the clock of a lead that lies there no more.
func (c *change) leaveQueue() {
	if !c.Queued.IsZero() && c.Stage != StageQualified {
		c.Queued = time.Time{}
		c.drop(ClockQueue)
	}
}

func (c *change) queueWaits(k Clock) {
	c.entry.Why = "queue_waits"
	if c.e.Late {
		return
	}
	c.wish(Command{
		ID: c.id("queue/%d/%s%s", c.Queued.UnixNano(), k.Level, ordinal(k.N)), Kind: CommandAlert,
		Clock: Clock{Kind: k.Kind, Level: k.Level, N: k.N, Was: k.At}, Team: c.Team,
	})
}
