package sequence

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/spell"
)

var codeShape = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,63}$`)

func (c *check) entry() {
	e := c.s.Entry
	c.each("entry.stages", e.Stages, stages)
	for i, reason := range e.Reasons {
		at := fmt.Sprintf("entry.reasons[%d]", i)
		if !codeShape.MatchString(reason) {
			c.add(at, "must be a code of small letters, digits and underscores, such as not_ready")
		} else if slices.Contains(e.Reasons[:i], reason) {
			c.add(at, "is named twice")
		}
	}
	if e.Reentry != "" && !slices.Contains(Reentries, e.Reentry) {
		c.add("entry.reentry", "is not known: use %s", list(Reentries))
	}
}

func (s Sequence) ids() []string {
	out := []string{End}
	for _, step := range s.Steps {
		out = append(out, step.ID)
	}
	return out
}

// meant names the known word that was probably meant, as the end of a message; empty where none is near.
func meant(word string, known []string) string {
	if best := spell.Meant(word, known); best != "" {
		return ": " + best + " is meant?"
	}
	return ""
}
