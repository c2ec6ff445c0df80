package lifecycle

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// Whom an escalation goes to.
const (
	ToOwner   = "owner"
	ToManager = "manager" // of the team; without one, the owner
	ToRep     = "rep"     // one by address
	ToWebhook = "webhook" // subscribers of webhooks only
)

// Where a lead goes when a clock of its work has come to its end.
const (
	ThenTeamQueue = "team_queue"
	ThenDormant   = "dormant"
)

// Escalation is one level of a chain.
type Escalation struct {
	At      float64 `json:"at"`                // fraction of the clock's time, at least 1
	To      string  `json:"to"`                // owner, manager, rep, webhook
	Rep     string  `json:"rep,omitempty"`     // address, of to: rep
	Webhook string  `json:"webhook,omitempty"` // id, of to: webhook; absent: every subscriber
}

// Chase is what becomes of a lead nobody touches or works: who is told before and after, when it goes to another rep, how often,
// and where it ends.
type Chase struct {
	RemindAt      []float64    `json:"remind_at,omitempty"`      // fractions of the clock's time, each in (0, 1)
	Escalate      []Escalation `json:"escalate,omitempty"`       // after the deadline
	ReassignAfter span.Span    `json:"reassign_after,omitempty"` // after the deadline
	MaxReassign   int          `json:"max_reassign,omitempty"`   // of one cycle
}

func (c Chase) used() bool {
	return len(c.RemindAt)+len(c.Escalate) > 0 || c.ReassignAfter > 0 || c.MaxReassign > 0
}

// Snoozing is how long a rep may hold the clocks of a lead, and how often under one assignment.
type Snoozing struct {
	Within span.Span `json:"within,omitempty"` // at most; absent: 24 h
	Times  int       `json:"times,omitempty"`  // absent: 2; negative: never
}

// Limits are both with their defaults.
func (s Snoozing) Limits() (within time.Duration, times int) {
	within, times = s.Within.Duration(), s.Times
	if within == 0 {
		within = 24 * time.Hour
	}
	if times == 0 {
		times = 2
	}
	return within, max(0, times)
}

// Terms are the clocks of some leads: by team, band and source, an empty list being any. What they leave out is the policy's.
type Terms struct {
	Name       string     `json:"name,omitempty"`
	Teams      []string   `json:"teams,omitempty"`   // by name
	Bands      []string   `json:"bands,omitempty"`   // hot, warm, cold: the one at the moment of the offer
	Sources    []string   `json:"sources,omitempty"` // channel codes
	Accept     *AcceptSLA `json:"accept,omitempty"`
	FirstTouch *TouchSLA  `json:"first_touch,omitempty"`
	Idle       *Idle      `json:"idle,omitempty"`
}

// Whose is what terms are chosen by.
type Whose struct{ Team, Band, Source string }

func (t Terms) fit(w Whose) bool {
	in := func(list []string, one string) bool { return len(list) == 0 || slices.Contains(list, one) }
	return in(t.Teams, w.Team) && in(t.Bands, w.Band) && in(t.Sources, w.Source)
}

// For is the clocks of one lead: the first terms that fit, over the policy's own.
func (s SLA) For(w Whose) SLA {
	for _, t := range s.Rules {
		if !t.fit(w) {
			continue
		}
		if t.Accept != nil {
			s.Accept = *t.Accept
		}
		if t.FirstTouch != nil {
			s.FirstTouch = *t.FirstTouch
		}
		if t.Idle != nil {
			s.Idle = *t.Idle
		}
		break
	}
	return s
}

// Rule is the name of the terms that fit; empty where the policy's own clocks run.
func (s SLA) Rule(w Whose) string {
	for i, t := range s.Rules {
		if t.fit(w) {
			return cmp.Or(t.Name, "rule "+strconv.Itoa(i+1))
		}
	}
	return ""
}

// Chased reports that the clocks of work come out of a plan, all levels of them at once. A document that uses none of what they
// need keeps the clocks it had: an owner who is told, then a manager, then the end.
func (s SLA) Chased() bool {
	return len(s.Rules) > 0 || s.FirstTouch.Chase.used() || s.FirstTouch.Then != "" || s.Idle.Chase.used() || s.Idle.Business ||
		s.Idle.Finally == ThenTeamQueue
}
