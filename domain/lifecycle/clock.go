package lifecycle

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// ClockKind names one of the deadlines a lead may have.
type ClockKind string

// The clocks. A lead has at most one deadline of each kind and level.
const (
	ClockStep     ClockKind = "step"      // the sequence goes on
	ClockStale    ClockKind = "stale"     // no engagement while nurtured
	ClockAccept   ClockKind = "accept"    // an offer waits; business time
	ClockRetry    ClockKind = "retry"     // look for a rep again
	ClockTouch    ClockKind = "touch"     // first logged activity after acceptance; business time
	ClockIdle     ClockKind = "idle"      // nobody works it
	ClockCoolDown ClockKind = "cool_down" // rests before the next cycle
	ClockPause    ClockKind = "pause"     // a pause with an end; the only one that runs while paused
	ClockSnooze   ClockKind = "snooze"    // a snooze ends
	ClockQueue    ClockKind = "queue"     // it lies in the queue of its team; business time
)

// Level tells the deadlines of one clock apart, in the order in which they fall due.
type Level string

// The levels of the accept clock (remind may carry a number) and of the idle clock.
const (
	LevelRemind   Level = "remind"
	LevelDue      Level = "due"
	LevelEscalate Level = "escalate"
	LevelReassign Level = "reassign"
	LevelOwner    Level = "owner"
	LevelManager  Level = "manager"
	LevelFinal    Level = "final"
)

// Clock is one deadline. A held clock has At zero and keeps when it was due and when the hold began: what was left is
// the time between the two, in business time for the clocks that run in it.
type Clock struct {
	Kind  ClockKind `json:"kind"`
	Level Level     `json:"level,omitempty"`
	N     int       `json:"n,omitempty"` // of several; of accept's reassign: offers of the cycle at most, 0: the policy's
	At    time.Time `json:"at,omitzero"`
	Was   time.Time `json:"was,omitzero"`
	From  time.Time `json:"from,omitzero"`
	Left  span.Span `json:"left,omitempty"` // in a plan: what is left in business time, where no hold tells it
	To    string    `json:"to,omitempty"`   // of final and reassign: where the lead goes at last

	Since time.Time     `json:"since,omitzero"` // in a plan of work: from when it runs; in a plan's answer: from when it runs on
	Used  time.Duration `json:"used,omitempty"` // in a plan's answer: of its time, before Since
}

// Business reports whether the clock runs in business time.
func (k ClockKind) Business() bool { return k == ClockAccept || k == ClockTouch }

// set adds or replaces a deadline. While the lead is paused a new deadline is held from the start.
func (l *Lead) set(now time.Time, c Clock) {
	if c.At.Before(now) {
		c.At = now // nothing is due before it was decided
	}
	l.run(now, c)
}

// run is set for what was decided before now, and heard of only now: what is due since then is late.
func (l *Lead) run(now time.Time, c Clock) {
	l.Clocks = slices.DeleteFunc(slices.Clone(l.Clocks), func(o Clock) bool {
		return o.Kind == c.Kind && o.Level == c.Level && o.N == c.N
	})
	if l.Paused && c.Kind != ClockPause || l.Snoozed && slices.Contains(snoozable, c.Kind) {
		if c.At.Before(now) {
			c.At = now // of which nothing is left
		}
		c = c.held(now)
	}
	l.Clocks = append(l.Clocks, c)
}

func (c Clock) held(from time.Time) Clock {
	if c.At.IsZero() {
		return c
	}
	c.Was, c.From, c.At = c.At, from, time.Time{}
	return c
}

// drop removes all deadlines of the given kinds.
func (l *Lead) drop(kinds ...ClockKind) {
	l.Clocks = slices.DeleteFunc(slices.Clone(l.Clocks), func(c Clock) bool { return slices.Contains(kinds, c.Kind) })
}

// dropAll removes every deadline.
func (l *Lead) dropAll() { l.Clocks = nil }

// PopDue takes the earliest deadline that is due now out of the lead. Of several deadlines of one clock that are due
// together the earlier ones come out as late: they are on the timeline, and only the last is announced.
func (l Lead) PopDue(now time.Time) (next Lead, c Clock, late, ok bool) {
	first := -1
	for i, c := range l.Clocks {
		if c.At.IsZero() || c.At.After(now) {
			continue
		}
		if first < 0 || c.before(l.Clocks[first]) {
			first = i
		}
	}
	if first < 0 {
		return l, Clock{}, false, false
	}
	c = l.Clocks[first]
	l.Clocks = slices.Delete(slices.Clone(l.Clocks), first, first+1)
	late = slices.ContainsFunc(l.Clocks, func(o Clock) bool {
		return o.Kind == c.Kind && !o.At.IsZero() && !o.At.After(now)
	})
	return l, c, late, true
}

// Tells reports that a deadline of this kind that is due now as well tells somebody: the one before it need not. That an offer has
// passed its deadline is a fact which nobody is told.
func (l Lead) Tells(kind ClockKind, now time.Time) bool {
	return slices.ContainsFunc(l.Clocks, func(o Clock) bool {
		return o.Kind == kind && o.Level != LevelDue && !o.At.IsZero() && !o.At.After(now)
	})
}

var levelOrder = []Level{LevelRemind, LevelDue, LevelOwner, LevelManager, LevelEscalate, LevelReassign, LevelFinal}

// before orders deadlines by time, and those of one moment by level, so that a breach is noted before it is acted on.
func (c Clock) before(o Clock) bool {
	if !c.At.Equal(o.At) {
		return c.At.Before(o.At)
	}
	a, b := slices.Index(levelOrder, c.Level), slices.Index(levelOrder, o.Level)
	return a < b || a == b && (c.Kind < o.Kind || c.Kind == o.Kind && c.N < o.N)
}
