package scoring

import (
	"fmt"
	"strings"
)

// Unless is a kind of event that keeps a rule from acting: in a cycle that has one the rule gives nothing. It is how a pattern
// that looks like interest and is none is written down: who downloads everything and never sees a price.
type Unless struct {
	On    string      `json:"on"`
	Where []Condition `json:"where,omitempty"`
}

// unlessOf is the rule by which the events are counted that keep a rule from acting. It gives no points, is in no explanation,
// and its id is none that a model may use; else it is folded, carried over to a new model and kept like any other.
func unlessOf(id string, n int) string { return fmt.Sprintf("%s!%d", id, n) }

// watch adds the rules that count what keeps others from acting.
func (s *Scorer) watch() {
	for i := range s.Engagement {
		for n, u := range s.Engagement[i].Unless {
			r := EngagementRule{ID: unlessOf(s.Engagement[i].ID, n), On: u.On, Where: u.Where}
			s.rules[i].unless = append(s.rules[i].unless, r.ID)
			s.byType[u.On] = append(s.byType[u.On], len(s.rules))
			s.index[r.ID] = len(s.rules)
			s.rules = append(s.rules, rule{EngagementRule: r, where: compiled(r.Where), group: -1, shape: r.shape(), counts: true})
			s.look(u.On, u.Where)
		}
	}
}

// kept reports that one of a cycle's tallies keeps the rule from acting.
func (r *rule) kept(tallies []Tally) bool {
	for _, id := range r.unless {
		for i := range tallies {
			if tallies[i].Rule == id {
				return true
			}
		}
	}
	return false
}

// unlessWhy is ", and never page_view where path contains pricing".
func (r EngagementRule) unlessWhy() string {
	var b strings.Builder
	for _, u := range r.Unless {
		b.WriteString(", and never " + u.On)
		for i, c := range u.Where {
			b.WriteString([]string{" where ", " and "}[min(i, 1)] + c.why())
		}
	}
	return clip(b.String())
}

// mostUnless is how many kinds of events may keep one rule from acting.
const mostUnless = 10

func (c *check) unless(path string, r EngagementRule) {
	if len(r.Unless) == 0 {
		return
	}
	switch {
	case r.Points > 0:
		c.add(path+".unless", "is for rules that take points: what somebody did not do is nothing to be rewarded")
	case r.Count == 0:
		c.add(path+".unless", "needs a count: say after how many events the points are taken (count: 1 for the first)")
	case len(r.Unless) > mostUnless:
		c.add(path+".unless", "has %d kinds of events, at most %d are taken", len(r.Unless), mostUnless)
	}
	for i, u := range r.Unless {
		at := fmt.Sprintf("%s.unless[%d]", path, i)
		c.eventType(at+".on", u.On)
		c.conditions(at+".where", u.Where, false)
	}
}
