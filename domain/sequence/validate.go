package sequence

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/calendar"
)

// Problem is one mistake. Path is the place in the document: steps[2].mail.subject.
type Problem struct {
	Path    string
	Message string
}

// Bounds on what a document may ask for.
const (
	maxSteps   = 200
	maxSubject = 255
)

var (
	nameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	zoneShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)
	bands     = []string{"hot", "warm", "cold"}
	grades    = []string{"A", "B", "C", "D"}
	stages    = []string{"captured", "nurturing"}
)

// EngagementTypes are the types of engagement a sequence may wait for or ask about.
var EngagementTypes = []string{
	"page_view", "form_submit", "content_download", "webinar_registration", "webinar_attendance", "email_open",
	"email_click", "email_reply", "cta_click", "ad_click", "demo_request", "meeting", "chat", "call", "email_bounce",
	"unsubscribe", "complaint", "custom",
}

// check collects problems.
type check struct {
	s        Sequence
	problems []Problem
}

func (c *check) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

// Validate lists everything that is wrong; nothing means Next can play it.
func (s Sequence) Validate() []Problem {
	c := &check{s: s}
	if s.Purpose != "" && !nameShape.MatchString(s.Purpose) {
		c.add("purpose", "must be a purpose of consent: 1 to 64 of a-z 0-9 _ -, such as news")
	}
	if !nameShape.MatchString(s.Name) {
		c.add("name", "must be a short name of letters, digits, dots, dashes and underscores")
	}
	c.each("entry.stages", s.Entry.Stages, stages)
	for i, e := range s.Exit {
		if !slices.Contains(Exits, e) {
			c.add(fmt.Sprintf("exit[%d]", i), "is no exit rule: use %s", list(Exits))
		}
	}
	c.window()
	switch {
	case len(s.Steps) == 0:
		c.add("steps", "is empty: a sequence has at least one step")
	case len(s.Steps) > maxSteps:
		c.add("steps", "has %d steps, at most %d are taken", len(s.Steps), maxSteps)
	default:
		before := len(c.problems)
		c.steps()
		if len(c.problems) == before { // where ids or targets are wrong, every way is
			c.graph()
		}
	}
	return c.problems
}

func (c *check) window() {
	w := c.s.Window
	if w == nil {
		return
	}
	c.each("window.days", w.Days, calendar.Weekdays)
	one := calendar.Spec{Name: "window", TimeZone: "given", Weekly: map[string][]calendar.Hours{"mon": {{From: w.From, To: w.To}}}}
	for _, p := range one.Validate() {
		if at, ok := strings.CutPrefix(p.Path, "weekly.mon[0]."); ok {
			c.add("window."+at, "%s", p.Message)
		}
	}
	if w.Zone != "" && w.Zone != ZoneLead && !zoneShape.MatchString(w.Zone) {
		c.add("window.zone", "is no time zone: write lead, or an IANA name such as Europe/Berlin")
	}
}

func (c *check) each(path string, given, known []string) {
	for i, g := range given {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !slices.Contains(known, g) {
			c.add(at, "is not known: use %s", list(known))
		} else if slices.Contains(given[:i], g) {
			c.add(at, "is named twice")
		}
	}
}

func list[T ~string](all []T) string {
	var out []string
	for _, a := range all {
		out = append(out, string(a))
	}
	return strings.Join(out, ", ")
}

func (c *check) steps() {
	for i, step := range c.s.Steps {
		path := fmt.Sprintf("steps[%d]", i)
		first, _ := c.s.step(step.ID)
		switch {
		case step.ID == End:
			c.add(path+".id", "end is reserved: it ends the sequence")
		case !nameShape.MatchString(step.ID):
			c.add(path+".id", "must be a short name of letters, digits, dots, dashes and underscores")
		case first != i:
			c.add(path+".id", "is the id of steps[%d] already", first)
		}
		c.action(path, step)
		c.targets(path, step)
	}
}

// action holds that a step does exactly one thing, and that it is done properly.
func (c *check) action(path string, s Step) {
	kinds := 0
	for _, has := range []bool{s.Mail != nil, s.Wait != 0, s.WaitFor != nil, len(s.Branch) > 0} {
		if has {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		c.add(path, "does nothing: give it one of mail, wait (longer than 0), wait_for, branch")
	case kinds > 1:
		c.add(path, "does more than one thing: a step has one of mail, wait, wait_for, branch")
	case s.Mail != nil:
		c.mail(path+".mail", *s.Mail)
	case s.WaitFor != nil:
		c.waitFor(path+".wait_for", *s.WaitFor)
	}
	for i, b := range s.Branch {
		c.condition(fmt.Sprintf("%s.branch[%d].if", path, i), b.If)
	}
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
	if len(w.Any) == 0 {
		c.add(path+".any", "is empty: name at least one type of engagement")
	}
	c.each(path+".any", w.Any, EngagementTypes)
	if w.Timeout <= 0 {
		c.add(path+".timeout", "is missing: a lead must not wait for ever")
	}
}

// targets holds that every step that is named exists, and that only steps that can use a target have one.
func (c *check) targets(path string, s Step) {
	plain, waits, branches := s.Mail != nil || s.Wait != 0, s.WaitFor != nil, len(s.Branch) > 0
	c.target(path+".next", s.Next, plain, "mail and wait")
	c.target(path+".then", s.Then, waits, "wait_for")
	c.target(path+".else", s.Else, waits || branches, "wait_for and branch")
	for i, b := range s.Branch {
		at := fmt.Sprintf("%s.branch[%d].to", path, i)
		if b.To == "" {
			c.add(at, "is missing: name a step, or end")
			continue
		}
		c.target(at, b.To, true, "")
	}
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
		c.add(path, "names a step that does not exist; end ends the sequence")
	}
}
