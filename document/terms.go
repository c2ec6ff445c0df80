package document

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Bounds on the clocks of a policy.
const (
	maxEscalations = 9
	maxReassign    = 20
	maxRules       = 50
	maxSnoozes     = 100
)

var anID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// clocks checks the clocks of a policy, or of one of its rules.
func (c *policyCheck) clocks(at string, accept *lifecycle.AcceptSLA, touch *lifecycle.TouchSLA, idle *lifecycle.Idle) {
	if accept != nil {
		c.accept(at+".accept", *accept)
	}
	if touch != nil {
		c.touch(at+".first_touch", *touch)
	}
	if idle != nil {
		c.idle(at+".idle", *idle)
	}
}

func (c *policyCheck) touch(at string, t lifecycle.TouchSLA) {
	if t.Within == 0 && (t.Then != "" || len(t.RemindAt)+len(t.Escalate) > 0 || t.ReassignAfter > 0) {
		c.add(at+".within", "is missing: nothing of this clock runs without it")
	}
	if t.Then != "" && t.Then != lifecycle.ThenTeamQueue {
		c.add(at+".then", "is not known: use team_queue, or leave it out to let the lead stay")
	}
	c.chase(at, t.Chase)
	if t.Then != "" && t.ReassignAfter == 0 {
		c.add(at+".reassign_after", "is missing: say how long after the deadline the lead leaves its owner")
	}
}

func (c *policyCheck) chase(at string, ch lifecycle.Chase) {
	c.reminders(at, ch.RemindAt)
	c.escalations(at, ch.Escalate)
	if ch.MaxReassign < 0 || ch.MaxReassign > maxReassign {
		c.add(at+".max_reassign", "must be between 0 and %d", maxReassign)
	}
	if ch.MaxReassign > 0 && ch.ReassignAfter == 0 {
		c.add(at+".reassign_after", "is missing: say how long after the deadline it goes to another rep")
	}
}

func (c *policyCheck) reminders(at string, fractions []float64) {
	if len(fractions) > maxReminders {
		c.add(at+".remind_at", "has %d entries, at most %d are taken", len(fractions), maxReminders)
	}
	for i, r := range fractions {
		switch {
		case r <= 0 || r >= 1:
			c.add(fmt.Sprintf("%s.remind_at[%d]", at, i), "must be a fraction between 0 and 1, such as 0.5")
		case i > 0 && r <= fractions[i-1]:
			c.add(fmt.Sprintf("%s.remind_at[%d]", at, i), "is not later than the one before")
		}
	}
}

func (c *policyCheck) escalations(at string, chain []lifecycle.Escalation) {
	if len(chain) > maxEscalations {
		c.add(at+".escalate", "has %d levels, at most %d are taken", len(chain), maxEscalations)
	}
	for i, e := range chain {
		here := fmt.Sprintf("%s.escalate[%d]", at, i)
		switch {
		case e.At < 1 || e.At > 100:
			c.add(here+".at", "must be between 1 (the deadline itself) and 100")
		case i > 0 && e.At < chain[i-1].At:
			c.add(here+".at", "is earlier than the level before")
		}
		if !slices.Contains([]string{lifecycle.ToOwner, lifecycle.ToManager, lifecycle.ToRep, lifecycle.ToWebhook}, e.To) {
			c.add(here+".to", "is not known: use owner, manager, rep or webhook")
			continue
		}
		if _, err := mail.ParseAddress(e.Rep); (e.To == lifecycle.ToRep) != (err == nil) || e.To != lifecycle.ToRep && e.Rep != "" {
			c.add(here+".rep", "must be the address of a rep, and belongs to to: rep")
		}
		if e.Webhook != "" && (e.To != lifecycle.ToWebhook || !anID.MatchString(e.Webhook)) {
			c.add(here+".webhook", "must be the id of a webhook, and belongs to to: webhook")
		}
	}
}

func (c *policyCheck) rules(rules []lifecycle.Terms) {
	if len(rules) > maxRules {
		c.add("sla.rules", "has %d entries, at most %d are taken", len(rules), maxRules)
	}
	for i, r := range rules {
		at := fmt.Sprintf("sla.rules[%d]", i)
		if r.Accept == nil && r.FirstTouch == nil && r.Idle == nil {
			c.add(at, "changes no clock: give it accept, first_touch or idle")
		}
		for n, band := range r.Bands {
			if !slices.Contains([]string{"hot", "warm", "cold"}, band) {
				c.add(fmt.Sprintf("%s.bands[%d]", at, n), "is no band: use hot, warm or cold")
			}
		}
		c.clocks(at, r.Accept, r.FirstTouch, r.Idle)
	}
}

func (c *policyCheck) snooze(s lifecycle.Snoozing) {
	if s.Times < -1 || s.Times > maxSnoozes {
		c.add("sla.snooze.times", "must be between 1 and %d, or -1 for never", maxSnoozes)
	}
}
