package sequence

import (
	"cmp"
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
	c.entry()
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
			c.add(at, "is not known%s", cmp.Or(meant(g, known), ": use "+list(known)))
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
		c.action(path, i)
		c.targets(path, step)
	}
}
