package lifecycle

import "time"

// TriggerMQL is the trigger of a score that was lifted to the threshold; the others are engagement types.
const TriggerMQL = "mql"

// TriggerRepAway, a colon and the id of an assignment tell that whoever was offered the lead is away. The outbox alone tells it.
const TriggerRepAway = "rep_away"

func (c *change) start() {
	c.CycleAt = c.e.At
	if c.e.Move.Position.Sequence != "" {
		c.Position = c.e.Move.Position
	}
	c.nurture()
}

// nurture enters the stage: the stale clock starts and the sequence goes on from where it is.
func (c *change) nurture() {
	c.Stage, c.Reason = StageNurturing, ""
	if d := c.p.Stale.Nurturing.Duration(); d > 0 {
		c.set(c.e.At, Clock{Kind: ClockStale, At: c.e.At.Add(d)})
	}
	c.goOn()
}

// goOn asks for the next move of the sequence, unless mail stopped or is held.
func (c *change) goOn() {
	p := c.Position
	if p.Sequence == "" || c.Muted != "" || c.Stage != StageNurturing || c.Beginning {
		return
	}
	if c.Paused {
		c.set(c.e.At, Clock{Kind: ClockStep, At: c.e.At})
		return
	}
	c.wish(Command{ID: c.moveID(), Kind: CommandMail, Position: p})
}

// moveID names the wish to go on from a step. The number of the move tells a second visit of one step from the first.
func (l Lead) moveID() string {
	p := l.Position
	return l.id("mail/%s@%d/%s/%d", p.Sequence, p.Version, p.Step, p.Move)
}

func (c *change) moved() {
	c.quiet = true
	if c.Stage != StageNurturing || c.e.Command != c.moveID() {
		return // the sequence was left meanwhile
	}
	m := c.e.Move
	if m.Mail != "" {
		c.quiet, c.entry.Why = false, "mail:"+m.Mail
	}
	if m.Done {
		c.drop(ClockStep)
		c.Position = Position{}
		c.quiet, c.entry.Why = false, "sequence_done:"+m.Why
		return
	}
	m.Position.Move = c.Position.Move + 1
	c.Position = m.Position
	c.set(c.e.At, Clock{Kind: ClockStep, At: m.At})
}

// touched lets a step that waits for engagement look at once.
func (c *change) touched() {
	c.quiet = true
	if c.Stage == StageNurturing && c.has(ClockStep) {
		c.drop(ClockStep)
		c.goOn()
	}
}

func (c *change) mute() {
	c.Muted = string(c.e.Kind)
	c.drop(ClockStep)
	c.Position = Position{}
}

func (c *change) triggered() {
	c.entry.Why = c.e.Trigger
	switch {
	case c.Stage == StageDormant && c.e.Trigger != TriggerMQL:
		if c.Paused {
			c.hold(c.e.Trigger)
			return
		}
		c.again(c.e.Trigger)
		if c.Stage == StageNurturing {
			c.Pending = c.e.Trigger // acted on as soon as the cycle has begun
		}
	case c.Stage == StageNurturing && (c.Paused || c.Beginning):
		c.hold(c.e.Trigger)
	case c.Stage == StageNurturing:
		c.qualify()
	default:
		c.quiet = c.e.Trigger == TriggerMQL
	}
}

// qualify makes the lead an MQL and looks for a rep.
func (c *change) qualify() {
	c.Stage, c.Pending = StageQualified, ""
	c.drop(ClockStep, ClockStale)
	c.ask()
}

// revoked takes back what an un-scored crossing caused, as long as nobody has accepted it.
func (c *change) revoked() {
	if c.Pending == TriggerMQL || c.Pending == pendingOffer {
		c.Pending = ""
	}
	if c.Stage != StageQualified && c.Stage != StageHandoff {
		return
	}
	c.withdraw("unscored")
	c.Owner, c.Asking, c.SLA = "", false, SLAClock{State: SLANone}
	c.drop(ClockAccept, ClockRetry)
	c.nurture()
}

// stale asks Postgres before it believes that nobody engaged.
func (c *change) check(k Clock) {
	c.wish(Command{ID: c.checkOf(k), Kind: CommandCheck, Clock: k})
}

func (l Lead) checkID(k Clock) string {
	return l.id("check/%s/%s%s/%d", k.Kind, k.Level, ordinal(k.N), k.At.Unix())
}

func (c *change) checked() {
	c.quiet = true
	if c.Paused || c.Snoozed {
		c.askAt(c.e.At) // what follows from it is held as well: asked again at resume
		return
	}
	switch k := c.e.Clock; {
	case k.Kind == ClockStale && c.Stage == StageNurturing:
		c.stale()
	case k.Kind == ClockAccept:
		c.unlessDecided(k)
	case (k.Kind == ClockIdle || k.Kind == ClockTouch) && c.atWork():
		c.idle(k)
	}
}

// askAt sets the clock whose check came to nothing anew, where it still means anything.
func (c *change) askAt(at time.Time) {
	k := c.e.Clock
	nurtured := k.Kind == ClockStale && c.Stage == StageNurturing
	worked := (k.Kind == ClockIdle || k.Kind == ClockTouch) && c.atWork()
	if nurtured && !c.has(k.Kind) || worked && (c.leveled(k.Kind) && c.e.Command == c.checkOf(k) || !c.leveled(k.Kind) && !c.has(k.Kind)) {
		c.unpass(k)
		c.set(c.e.At, Clock{Kind: k.Kind, Level: k.Level, N: k.N, At: at, To: k.To})
	}
}

func (c *change) stale() {
	if c.has(ClockStale) {
		return // the stage was left and entered again meanwhile
	}
	if fresh := c.e.Engaged.Add(c.p.Stale.Nurturing.Duration()); !c.e.Engaged.IsZero() && fresh.After(c.e.At) {
		c.set(c.e.At, Clock{Kind: ClockStale, At: fresh})
		return
	}
	c.quiet = false
	r := c.p.quiet(StageNurturing, ReasonStale)
	if c.Cycle >= c.p.maxCycles() || r.MaxCycles > 0 && c.Cycle >= r.MaxCycles || r.Path == PathDisqualify {
		c.close(StageDisqualified, ReasonStale)
		return
	}
	c.sleep(ReasonStale, r)
}

func (l Lead) has(k ClockKind) bool {
	for _, c := range l.Clocks {
		if c.Kind == k {
			return true
		}
	}
	return false
}

func (p Policy) maxCycles() int { return max(1, p.Recycle.MaxCycles) }
