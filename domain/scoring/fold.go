package scoring

import (
	"cmp"
	"slices"
)

// Accumulators are what a lead's events came to, per cycle and rule: bounded in size, safe in JSON, kept beside the
// version of the model they were folded under. The zero value has seen nothing. They are values: folding makes new ones.
type Accumulators struct {
	Newest  int64   `json:"newest,omitempty"` // when the newest event happened, unix microseconds
	Cuts    []int64 `json:"cuts,omitempty"`   // the adjustments they were folded under, unix microseconds
	Tallies []Tally `json:"tallies,omitempty"`
}

// Tally is what one cycle's events came to under one rule. Which of the three lists it has is the rule's kind.
type Tally struct {
	Cycle int     `json:"cycle,omitempty"` // the number of adjustments before
	Rule  string  `json:"rule"`
	Count int64   `json:"n,omitempty"` // events
	Times []int64 `json:"t,omitempty"` // the newest moments, oldest first, unix microseconds
	// Whole half-lives since 1970, oldest first, each with the sum of 2^(rest of the half-life) in units of 2^-30.
	Lives   []int64 `json:"k,omitempty"`
	Weights []int64 `json:"w,omitempty"`
}

// find is where the tally of a rule in a cycle is, or belongs: they are in order of cycle and id.
func (acc Accumulators) find(cycle int, id string) (int, bool) {
	return slices.BinarySearchFunc(acc.Tallies, id, func(t Tally, id string) int {
		return cmp.Or(t.Cycle-cycle, cmp.Compare(t.Rule, id))
	})
}

// Stale reports that accumulators cannot be folded further or evaluated exactly, and are to be recomputed: an adjustment
// was dated before an event that is folded already. Those of another model are a Change's to carry over.
func (acc Accumulators) Stale(adjustments []Adjustment) bool {
	now := cutsOf(ordered(adjustments, acc.Newest))
	then := acc.Cuts[:cyclesBefore(acc.Cuts, acc.Newest)]
	return !slices.Equal(now[:cyclesBefore(now, acc.Newest)], then)
}

func cutsOf(adjustments []Adjustment) []int64 {
	if len(adjustments) == 0 {
		return nil
	}
	cuts := make([]int64, len(adjustments))
	for i, a := range adjustments {
		cuts[i] = a.At.UnixMicro()
	}
	return cuts
}

// Fold adds events to accumulators of this model that are not stale. Events must be new: whoever stores them knows which
// came before.
func (s *Scorer) Fold(acc Accumulators, adjustments []Adjustment, events ...Event) Accumulators {
	return s.fold(acc, adjustments, events, func(int) bool { return true })
}

// fold adds events to the tallies of the rules that are wanted.
func (s *Scorer) fold(acc Accumulators, adjustments []Adjustment, events []Event, wanted func(rule int) bool) Accumulators {
	f := s.begin(acc, adjustments, events)
	for _, e := range events {
		at := e.micros()
		cycle := cyclesBefore(f.Cuts, at)
		for _, i := range s.byType[e.Type] {
			if r := &s.rules[i]; wanted(i) && r.takes(e) {
				f.add(r, cycle, at)
			}
		}
	}
	f.forget()
	return f.Accumulators
}

// Recompute folds all events from nothing; an id counts once.
func (s *Scorer) Recompute(adjustments []Adjustment, events []Event) Accumulators {
	return s.Fold(Accumulators{}, adjustments, distinct(events)...)
}

// distinct keeps one event of each id: of two that differ, the one that happened first, so that order does not matter.
func distinct(events []Event) []Event {
	first := make(map[string]int, len(events))
	out := make([]Event, 0, len(events))
	for _, e := range events {
		n, twice := first[e.ID]
		switch {
		case e.ID == "" || !twice:
			first[e.ID] = len(out)
			out = append(out, e)
		case cmp.Or(cmp.Compare(e.micros(), out[n].micros()), cmp.Compare(e.Type, out[n].Type)) < 0:
			out[n] = e
		}
	}
	return out
}

// once is distinct for who only reads: of so few events that it is quickly seen that no id is there twice it makes no copy.
func once(events []Event) []Event {
	if few(events) {
		return events
	}
	return distinct(events)
}

func few(events []Event) bool {
	if len(events) > 16 {
		return false
	}
	for i := range events {
		for n := range i {
			if events[i].ID != "" && events[i].ID == events[n].ID {
				return false
			}
		}
	}
	return true
}

// folding is accumulators while they are written to. A tally is copied before the first write.
type folding struct {
	Accumulators
	s   *Scorer
	own []bool
}

func (s *Scorer) begin(acc Accumulators, adjustments []Adjustment, events []Event) *folding {
	f := &folding{Accumulators: acc, s: s, own: make([]bool, len(acc.Tallies), len(acc.Tallies)+4)}
	f.Tallies = append(make([]Tally, 0, len(acc.Tallies)+4), acc.Tallies...)
	for _, e := range events {
		f.Newest = max(f.Newest, e.micros())
	}
	f.Cuts = cutsOf(ordered(adjustments, f.Newest))
	return f
}

// tally finds or makes what may be written to.
func (f *folding) tally(r *rule, cycle int) *Tally {
	i, found := f.find(cycle, r.ID)
	switch {
	case !found:
		f.Tallies = slices.Insert(f.Tallies, i, Tally{Cycle: cycle, Rule: r.ID})
		f.own = slices.Insert(f.own, i, true)
	case !f.own[i]:
		t := &f.Tallies[i]
		t.Times, t.Lives, t.Weights = slices.Clone(t.Times), slices.Clone(t.Lives), slices.Clone(t.Weights)
		f.own[i] = true
	}
	return &f.Tallies[i]
}

func (f *folding) add(r *rule, cycle int, at int64) {
	t := f.tally(r, cycle)
	switch {
	case r.halfLife > 0:
		life, weight := decaying(at, r.halfLife)
		i, found := slices.BinarySearch(t.Lives, life)
		if !found {
			t.Lives, t.Weights = slices.Insert(t.Lives, i, life), slices.Insert(t.Weights, i, 0)
		}
		t.Weights[i] += weight
	case r.within > 0:
		i, _ := slices.BinarySearch(t.Times, at)
		t.Times = slices.Insert(t.Times, i, at)
		if over := len(t.Times) - r.keep; over > 0 {
			t.Times = slices.Delete(t.Times, 0, over)
		}
	default:
		t.Count++
	}
}

// forget drops what cannot count at the newest event or later, also of tallies no new event went to: what is kept must
// not depend on the order in which events came.
func (f *folding) forget() {
	empty := false
	for i := range f.Tallies {
		t := &f.Tallies[i]
		n, known := f.s.index[t.Rule]
		if !known {
			continue
		}
		r := &f.s.rules[n]
		switch {
		case r.halfLife > 0:
			newest, _ := decaying(f.Newest, r.halfLife)
			dead, _ := slices.BinarySearch(t.Lives, newest-forgotten)
			t.Lives, t.Weights = t.Lives[dead:], t.Weights[dead:]
			empty = empty || len(t.Lives) == 0
		case r.within > 0:
			dead, _ := slices.BinarySearch(t.Times, f.Newest-r.within+1)
			t.Times = t.Times[dead:]
			empty = empty || len(t.Times) == 0
		}
	}
	if empty {
		f.Tallies = slices.DeleteFunc(f.Tallies, func(t Tally) bool { return t.Count == 0 && len(t.Times)+len(t.Lives) == 0 })
	}
}
