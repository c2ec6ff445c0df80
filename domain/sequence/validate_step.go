package sequence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// Bounds on single steps.
const (
	maxArms    = 10
	maxWeight  = 1000
	maxText    = 500 // of a value and of a message
	kindsOfAll = "mail, wait, wait_until, wait_for, branch, split, notify, set_field, goal"
)

// action holds that a step does exactly one thing, and that it is done properly.
func (c *check) action(path string, i int) {
	s := c.s.Steps[i]
	kinds := 0
	for _, has := range []bool{
		s.Mail != nil, s.Wait != 0, s.WaitUntil != nil, s.WaitFor != nil, len(s.Branch) > 0, len(s.Split) > 0, s.Notify != nil,
		s.SetField != nil, s.Goal != nil,
	} {
		if has {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		c.add(path, "does nothing: give it one of %s (a wait is longer than 0)", kindsOfAll)
	case kinds > 1:
		c.add(path, "does more than one thing: a step has one of %s", kindsOfAll)
	case s.Mail != nil:
		c.mail(path+".mail", *s.Mail)
	case s.WaitUntil != nil:
		c.waitUntil(path+".wait_until", *s.WaitUntil)
	case s.WaitFor != nil:
		c.waitFor(path+".wait_for", *s.WaitFor)
	case s.Notify != nil:
		c.notify(path+".notify", *s.Notify)
	case s.SetField != nil:
		c.setField(path+".set_field", *s.SetField)
	case s.Goal != nil:
		c.goal(path+".goal", i)
	}
	for i, b := range s.Branch {
		c.condition(fmt.Sprintf("%s.branch[%d].if", path, i), b.If)
	}
	c.arms(path+".split", s.Split)
}

func (c *check) arms(path string, arms []Arm) {
	if len(arms) == 1 || len(arms) > maxArms {
		c.add(path, "has %d arms: a split has 2 to %d", len(arms), maxArms)
	}
	for i, a := range arms {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !nameShape.MatchString(a.Arm):
			c.add(at+".arm", "must be a short name of letters, digits, dots, dashes and underscores")
		case slices.ContainsFunc(arms[:i], func(b Arm) bool { return b.Arm == a.Arm }):
			c.add(at+".arm", "is named twice")
		}
		if w := a.Weight; w != nil && (*w < 1 || *w > maxWeight) {
			c.add(at+".weight", "must be between 1 and %d: leave out an arm that nobody is to take", maxWeight)
		}
	}
}

func (c *check) waitUntil(path string, u WaitUntil) {
	if _, ok := calendar.Clock(u.At); u.At != "" && (!ok || u.At == "24:00") {
		c.add(path+".at", "is no time of the day: write 09:00 (00:00 to 23:59)")
	}
	c.each(path+".days", u.Days, calendar.Weekdays)
	switch {
	case u.Field == "" && u.At == "":
		c.add(path, "waits for nothing: give it at (and days), or a field that holds a date")
	case u.Field == "" && (u.Before != 0 || u.After != 0):
		c.add(path, "has before or after, which belong to a field that holds a date")
	case u.Field != "" && len(u.Days) > 0:
		c.add(path+".days", "and field are two things to wait for: take one")
	case u.Before != 0 && u.After != 0:
		c.add(path, "has both before and after: take one")
	}
	if u.Field != "" {
		c.known(path+".field", u.Field)
	}
}

func (c *check) notify(path string, n Notify) {
	switch {
	case (n.Rep == "") == (n.Channel == ""):
		c.add(path, "needs one of rep (the address of a rep) and channel (%s)", ChannelWebhook)
	case n.Channel != "" && n.Channel != ChannelWebhook:
		c.add(path+".channel", "is not known: use %s", ChannelWebhook)
	case n.Rep != "" && strings.Count(n.Rep, "@") != 1:
		c.add(path+".rep", "is no address: write that of a rep, such as ada@example.com")
	}
	c.short(path+".message", n.Message)
	c.oneLine(path+".message", n.Message)
}

func (c *check) setField(path string, s SetField) {
	c.known(path+".field", s.Field)
	value, isText := s.Value.(string)
	switch _, isNumber := number(s.Value); {
	case s.Value == nil:
		c.add(path+".value", "is missing: give it a text, a number, true or false")
	case slices.Contains(person.Numbers, s.Field) && (isText || !isNumber):
		c.add(path+".value", "must be a number: the field holds one")
	case slices.Contains(person.Fields, s.Field) && !slices.Contains(person.Numbers, s.Field) && !isText:
		c.add(path+".value", "must be a text: the field holds one")
	}
	c.short(path+".value", value)
}

func (c *check) short(path, text string) {
	if len(text) > maxText {
		c.add(path, "is longer than %d bytes", maxText)
	}
}

func (c *check) goal(path string, i int) {
	g := c.s.Steps[i].Goal
	first := slices.IndexFunc(c.s.Steps, func(s Step) bool { return s.Goal != nil && s.Goal.Name == g.Name })
	switch {
	case !nameShape.MatchString(g.Name):
		c.add(path+".name", "must be a short name of letters, digits, dots, dashes and underscores")
	case first != i:
		c.add(path+".name", "is the name of the goal of steps[%d] already", first)
	}
	if g.Within.Duration() > longestWithin {
		c.add(path+".within", "is longer than a year")
	}
	c.condition(path+".when", g.When)
}

const longestWithin = 366 * span.Day

// known holds that a profile has such a field.
func (c *check) known(path, field string) {
	if person.Known(field) {
		return
	}
	if near := meant(field, person.Fields); near != "" {
		c.add(path, "is no profile field%s", near)
		return
	}
	c.add(path, "is no profile field: write custom.<key>, or one of %s", strings.Join(person.Fields, " "))
}

func (c *check) mail(path string, m Mail) {
	switch {
	case strings.TrimSpace(m.Subject) == "":
		c.add(path+".subject", "is empty")
	case len(m.Subject) > maxSubject:
		c.add(path+".subject", "is longer than %d bytes", maxSubject)
	}
	c.oneLine(path+".subject", m.Subject)
	c.oneLine(path+".preheader", m.Preheader)
	if strings.TrimSpace(m.Body) == "" {
		c.add(path+".body", "is empty")
	}
	if m.OnUnknown != "" && m.OnUnknown != Park && m.OnUnknown != Resend {
		c.add(path+".on_unknown", "is not known: use park (at most one mail, the default) or resend")
	}
}

// oneLine forgives the line end that a YAML block leaves.
func (c *check) oneLine(path, text string) {
	if strings.ContainsAny(strings.TrimRight(text, "\r\n"), "\r\n") {
		c.add(path, "has more than one line")
	}
}

func (c *check) waitFor(path string, w WaitFor) {
	if len(w.Any) == 0 && len(w.Band) == 0 {
		c.add(path+".any", "is empty: name at least one type of engagement, or a band")
	}
	c.each(path+".any", w.Any, person.EventTypes)
	c.each(path+".band", w.Band, bands)
	if w.Timeout <= 0 {
		c.add(path+".timeout", "is missing: a lead must not wait for ever")
	}
}

// targets holds that every step that is named exists, and that only steps that can use a target have one.
func (c *check) targets(path string, s Step) {
	chooses := s.WaitFor != nil || len(s.Branch) > 0 || len(s.Split) > 0
	c.target(path+".next", s.Next, !chooses, "mail, wait, wait_until, notify, set_field and goal")
	c.target(path+".then", s.Then, s.WaitFor != nil, "wait_for")
	c.target(path+".else", s.Else, s.WaitFor != nil || len(s.Branch) > 0 || s.Goal != nil || s.WaitUntil != nil && s.WaitUntil.Field != "",
		"wait_for, branch, goal and wait_until with a field")
	for i, a := range s.Split {
		c.way(fmt.Sprintf("%s.split[%d].to", path, i), a.To)
	}
	for i, b := range s.Branch {
		c.way(fmt.Sprintf("%s.branch[%d].to", path, i), b.To)
	}
}

// way is a target that has to be named.
func (c *check) way(path, name string) {
	if name == "" {
		c.add(path, "is missing: name a step, or end")
		return
	}
	c.target(path, name, true, "")
}

func (c *check) target(path, name string, allowed bool, of string) {
	if name == "" {
		return
	}
	if !allowed {
		c.add(path, "belongs to steps with %s", of)
		return
	}
	if _, ok := c.s.step(name); !ok && name != End {
		c.add(path, "names a step that does not exist; end ends the sequence%s", meant(name, c.s.ids()))
	}
}
