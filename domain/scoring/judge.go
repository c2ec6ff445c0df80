package scoring

import (
	"maps"
	"slices"
)

// Counting are the types of events that anything depends on: of a rule, or a hard trigger.
func (s *Scorer) Counting() []string {
	out := slices.Collect(maps.Keys(s.byType))
	for kind := range s.hard {
		if len(s.byType[kind]) == 0 {
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return out
}
