package scoring

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// Change is a new model as accumulators and fits of an old one meet it. A rule of the same id whose shape is the same
// (type, conditions, window, half-life) keeps what it has seen, whatever became of its points, caps and groups.
type Change struct {
	old, s  *Scorer
	anew    []bool // by rule of the new model: its tallies come from events only
	gap     Gap    // that this leaves
	Same    bool   // accumulators stay as they are
	FitKept bool   // the fit of a profile is what it was
}

// Since compares a model with the one before it.
func (s *Scorer) Since(old *Scorer) *Change {
	c := &Change{old: old, s: s, anew: make([]bool, len(s.rules)), Same: true}
	for i := range s.rules {
		r := &s.rules[i]
		n, known := old.index[r.ID]
		c.anew[i] = !known || old.rules[n].shape != r.shape
		c.Same = c.Same && !c.anew[i] && old.rules[n].keep == r.keep
	}
	c.Same = c.Same && len(s.rules) == len(old.rules)
	c.gap = s.gap(c.anew)
	c.FitKept = reflect.DeepEqual(s.Fit, old.Fit) && reflect.DeepEqual(s.Personas, old.Personas) &&
		reflect.DeepEqual(s.Caps.Fit, old.Caps.Fit) && sameAxis(s.Predictive, old.Predictive) && !s.counting
	return c
}

// shape is what the tallies of a rule depend on, beside how many moments they remember.
func (r EngagementRule) shape() string {
	text, err := json.Marshal(struct {
		On               string
		Where            []Condition
		Within, HalfLife span.Span
	}{r.On, r.Where, r.Within, r.HalfLife})
	if err != nil {
		panic(err) // Validate lets only plain values pass
	}
	return string(text)
}

// Gap is what accumulators lack. The zero value lacks nothing.
type Gap struct {
	All   bool     // every event
	Types []string // or those of these types
	rules []bool   // for these rules
}

// Everything is the gap of a lead whose events are all to be folded.
var Everything = Gap{All: true}

// Open reports whether events are needed.
func (g Gap) Open() bool { return g.All || len(g.Types) > 0 }

func (s *Scorer) gap(rules []bool) Gap {
	g := Gap{rules: rules}
	for i, lacks := range rules {
		if on := s.rules[i].On; lacks && !slices.Contains(g.Types, on) {
			g.Types = append(g.Types, on)
		}
	}
	return g
}

// Carry gives what of old accumulators the new model keeps, and what it lacks of them. They must not be stale.
func (c *Change) Carry(acc Accumulators) (Accumulators, Gap) {
	if c.Same || acc.Newest == 0 {
		return acc, Gap{}
	}
	lacks, gap := c.anew, c.gap
	for _, t := range acc.Tallies {
		if i, known := c.s.index[t.Rule]; known && !lacks[i] && c.overflowed(i, t) {
			lacks = slices.Clone(lacks)
			lacks[i] = true
			gap = c.s.gap(lacks)
		}
	}
	kept := acc
	kept.Tallies = make([]Tally, 0, len(acc.Tallies))
	for _, t := range acc.Tallies {
		i, known := c.s.index[t.Rule]
		if !known || lacks[i] {
			continue
		}
		if over := len(t.Times) - c.s.rules[i].keep; over > 0 {
			t.Times = t.Times[over:]
		}
		kept.Tallies = append(kept.Tallies, t)
	}
	return kept, gap
}

// overflowed reports that a window remembered as many moments as it could, and is to remember more.
func (c *Change) overflowed(i int, t Tally) bool {
	r, was := &c.s.rules[i], &c.old.rules[c.old.index[t.Rule]]
	return r.within > 0 && r.keep > was.keep && len(t.Times) == was.keep
}

// Fill folds a lead's earlier events into what its accumulators lack. All that the gap names must be there; others change
// nothing.
func (s *Scorer) Fill(acc Accumulators, gap Gap, adjustments []Adjustment, events []Event) Accumulators {
	return s.fold(acc, adjustments, once(events), func(rule int) bool { return gap.All || gap.rules[rule] })
}
