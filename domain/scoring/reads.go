package scoring

import (
	"slices"
	"strings"
)

// Reads are the names of the properties that rules look into at events of a type, in order; what lies deeper is told by the
// group it begins in. Of other properties nothing need be read.
func (s *Scorer) Reads(eventType string) []string { return s.reads[eventType] }

func (s *Scorer) readsOf(eventType string) (names []string) {
	for _, i := range s.byType[eventType] {
		for _, c := range s.rules[i].Where {
			head, _, deep := strings.Cut(c.Field, ".")
			if names = append(names, head); deep { // the whole may be a name as well
				names = append(names, c.Field)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
