package sequence

import (
	"slices"
	"time"
)

// Facts are what a sequence may ask about a lead. A nil function knows nothing.
type Facts struct {
	Lead    string         // its id, and
	Cycle   int            // its cycle: what splits and jitter are drawn by
	Holds   Holds          // that are not over, or ended after the lead came to where it rests
	Entered time.Time      // when the lead entered the sequence in this cycle
	Zone    *time.Location // of the send window and of wait_until; nil is UTC
	Home    *time.Location // of quiet hours: the lead's own; nil is Zone
	Score   int
	Band    string // hot warm cold
	Grade   string // A B C D

	Rules Rules
	Sent  []time.Time // when mails of any sequence went to the lead, as far back as the caps of the rules look

	// Field is a profile value: text, number or bool; false where none is known.
	Field func(name string) (any, bool)
	// Engaged counts engagements of any of the types that occurred from one moment to another, both included.
	Engaged func(types []string, from, to time.Time) int
	// Member reports whether the lead came by a campaign, the first time or later.
	Member func(campaign string) bool
	// Reached reports whether the goal of this step was reached since the lead entered.
	Reached func(step string) bool
}

// Move is what happens now. Unless Done, the lead rests at Rest and is due at At.
type Move struct {
	Mail    string    `json:"mail,omitempty"` // step id of the mail to queue, with or without Done
	Effects []Effect  `json:"effects,omitempty"`
	Rest    Position  `json:"rest,omitzero"`
	At      time.Time `json:"at,omitzero"`
	Any     []string  `json:"any,omitempty"`   // engagement types that make it due earlier
	Bands   []string  `json:"bands,omitempty"` // bands that do
	Left    []string  `json:"left,omitempty"`  // mails left out, which came due while the lead was held
	Held    bool      `json:"held,omitempty"`  // it came to go on while its sequence is held
	Done    bool      `json:"done,omitempty"`
	Why     string    `json:"why,omitempty"` // of Done: end, exit:<rule>, goal:<name>, loop, unknown_step
	Via     []string  `json:"via,omitempty"` // the steps left behind by this move, in order
}

// Effect is what a step does beside moving the lead on: exactly one of Arm, Goal, Notify and SetField. Each is safe to be
// carried out again for the same lead, cycle and step.
type Effect struct {
	Step     string    `json:"step"`
	Arm      string    `json:"arm,omitempty"`  // the arm that was drawn
	Goal     string    `json:"goal,omitempty"` // the goal that was reached
	Notify   *Notify   `json:"notify,omitempty"`
	SetField *SetField `json:"set_field,omitempty"`
}

func (f Facts) engaged(types []string, from, to time.Time) int {
	if f.Engaged == nil || to.Before(from) || len(types) == 0 {
		return 0
	}
	return f.Engaged(types, from, to)
}

func (f Facts) reached(step string) bool { return f.Reached != nil && f.Reached(step) }

func (f Facts) zone() *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}

func (f Facts) home() *time.Location {
	if f.Home == nil {
		return f.zone()
	}
	return f.Home
}

// Asks are the engagement types any part of the sequence asks about, and how far back from now the farthest of its
// conditions looks beside the time since the lead entered: who gathers the facts needs to read no more than that.
func (s Sequence) Asks() (types []string, within time.Duration) {
	add := func(more ...string) {
		for _, t := range more {
			if t != "" && !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	ask := func(c Condition) {
		if c.Engagement != nil {
			add(c.Engagement.Type)
			within = max(within, c.Engagement.Within.Duration())
		}
	}
	for _, rule := range s.Exit {
		add(rule.engagement())
	}
	for _, step := range s.Steps {
		if step.WaitFor != nil {
			add(step.WaitFor.Any...)
		}
		for _, b := range step.Branch {
			ask(b.If)
		}
		if step.Goal != nil {
			ask(step.Goal.When)
		}
	}
	slices.Sort(types)
	return types, within
}

// AsksMembership reports whether any condition asks by which campaigns a lead came.
func (s Sequence) AsksMembership() bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool {
		return step.Goal != nil && len(step.Goal.When.Membership) > 0 ||
			slices.ContainsFunc(step.Branch, func(b Case) bool { return len(b.If.Membership) > 0 })
	})
}
