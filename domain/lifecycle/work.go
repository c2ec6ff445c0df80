package lifecycle

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// The clocks of work, first touch and idleness, run from a moment each, stand still in the holds of the lead, and have levels that
// pass. Postgres knows the terms of the lead and the calendar of its owner: it is asked for all levels at once, and again whenever
// anything that they hang on has changed. Of what was asked only the newest answer counts.

// Run is how one clock of work runs.
type Run struct {
	Since  time.Time `json:"since,omitzero"`   // of acceptance, or when the lead was last worked; zero: it does not run
	Asked  int       `json:"asked,omitempty"`  // the newest plan of its levels, as long as that is not answered
	Passed []string  `json:"passed,omitempty"` // levels that have
	Levels bool      `json:"levels,omitempty"` // all of them were planned, also where the policy would have one after the other
}

// Hold is a time in which the clocks of work stood still. To is zero while it lasts.
type Hold struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
}

var workKinds = []ClockKind{ClockTouch, ClockIdle}

// runOf is nil for a clock that is none of work.
func (l *Lead) runOf(k ClockKind) *Run {
	switch k {
	case ClockTouch:
		return &l.Touch
	case ClockIdle:
		return &l.Idle
	}
	return nil
}

func (l Lead) atWork() bool { return l.Stage == StageWorking || l.Stage == StageOpportunity }

// leveled reports that all levels of a clock of work are planned at once: where the policy chases, or has chased this lead.
func (c *change) leveled(k ClockKind) bool {
	r := c.runOf(k)
	return r != nil && (c.p.SLA.Chased() || r.Levels)
}

// alive are the clocks of work that run.
func (c *change) alive() (kinds []ClockKind) {
	for _, k := range workKinds {
		if c.atWork() && !c.runOf(k).Since.IsZero() {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// keepHolds notes when the clocks of work stand still, and forgets what does not concern them any more.
func (c *change) keepHolds() {
	if !c.atWork() {
		c.Touch, c.Idle, c.Holds = Run{}, Run{}, nil
		return
	}
	held, n := c.Paused || c.Snoozed, len(c.Holds)
	switch open := n > 0 && c.Holds[n-1].To.IsZero(); {
	case held && !open:
		c.Holds = append(slices.Clone(c.Holds), Hold{From: c.e.At})
	case !held && open:
		c.Holds = slices.Clone(c.Holds)
		c.Holds[n-1].To = c.e.At
	}
	c.Holds = slices.DeleteFunc(slices.Clone(c.Holds), func(h Hold) bool {
		return !h.To.IsZero() && !slices.ContainsFunc(c.alive(), func(k ClockKind) bool { return h.To.After(c.runOf(k).Since) })
	})
	if len(c.Holds) == 0 {
		c.Holds = nil
	}
}

// planLevels asks for all levels of the clocks of work that run, of those kinds.
func (c *change) planLevels(why string, kinds ...ClockKind) {
	kinds = slices.DeleteFunc(c.alive(), func(k ClockKind) bool { return !slices.Contains(kinds, k) })
	if len(kinds) == 0 {
		return
	}
	c.keepHolds()
	c.Plans++
	cmd := Command{Kind: CommandPlan, Assignment: c.Assignment, Rep: c.Owner, Team: c.Team, N: c.Handed, Stage: c.Stage, Holds: slices.Clone(c.Holds)}
	for _, k := range kinds {
		c.runOf(k).Asked = c.Plans
		cmd.Clocks = append(cmd.Clocks, Clock{Kind: k, Since: c.runOf(k).Since})
	}
	cmd.ID = fmt.Sprintf("%s%s/%08x", c.levelsID(c.Plans), why, cmd.content())
	c.wish(cmd)
}

// levelsID is how the name of a plan of levels begins.
func (l Lead) levelsID(n int) string { return l.id("plan/levels/%d/", n) }

// content tells plans apart that attempts asked for under one number of which one was lost.
func (c Command) content() uint32 {
	var b strings.Builder
	b.WriteString(fmt.Sprintf("%s %s %s %d", c.Assignment, c.Rep, c.Stage, c.N))
	for _, k := range c.Clocks {
		b.WriteString(fmt.Sprintf(" %s %d", k.Kind, k.Since.UnixNano()))
	}
	for _, h := range c.Holds {
		b.WriteString(fmt.Sprintf(" %d %d", h.From.UnixNano(), h.To.UnixNano()))
	}
	return crc32.ChecksumIEEE([]byte(b.String()))
}

// answered are the clocks whose newest plan the event answers.
func (c *change) answered() (kinds []ClockKind) {
	for _, k := range c.alive() {
		if r := c.runOf(k); r.Asked > 0 && strings.HasPrefix(c.e.Command, c.levelsID(r.Asked)) {
			r.Asked = 0
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// plannedLevels takes what the levels are. What has passed stays passed, unless its new moment is still to come.
func (c *change) plannedLevels(kinds []ClockKind) {
	before := c.Clocks
	for _, kind := range kinds {
		r := c.runOf(kind)
		r.Levels = true
		c.drop(kind)
		for _, k := range c.e.Clocks {
			if k.Kind == kind && (k.At.After(c.e.At) || !slices.Contains(r.Passed, k.level())) {
				c.set(c.e.At, k)
			}
		}
	}
	if strings.Contains(c.e.Command, "/terms/") {
		c.tellTerms(before)
	}
}

func (k Clock) level() string { return string(k.Level) + ordinal(k.N) }

// passLevel notes that a level of a clock of work has passed; unpass that it is to come again.
func (c *change) passLevel(k Clock) {
	if r := c.runOf(k.Kind); r != nil && !slices.Contains(r.Passed, k.level()) {
		r.Passed = append(slices.Clone(r.Passed), k.level())
	}
}

func (c *change) unpass(k Clock) {
	if r := c.runOf(k.Kind); r != nil {
		r.Passed = slices.DeleteFunc(slices.Clone(r.Passed), func(l string) bool { return l == k.level() })
	}
}
