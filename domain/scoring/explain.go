package scoring

import (
	"cmp"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Item is one part of a score. The points of all items add up to the score, those of an axis to the axis.
type Item struct {
	Rule       string     `json:"rule"`   // id of a rule, or floor, rounding, recycling
	Axis       string     `json:"axis"`   // fit, engagement; total for floor and rounding
	Points     float64    `json:"points"` // after decay, caps, recycling and floor
	Raw        float64    `json:"raw"`    // as the rule has them
	EventID    string     `json:"event_id,omitempty"`
	OccurredAt *time.Time `json:"occurred_at,omitempty"`
	Why        string     `json:"why"`
}

// The axes of items.
const (
	AxisFit        = "fit"
	AxisEngagement = "engagement"
	AxisTotal      = "total"
)

// Explanation is a result with every point of it.
type Explanation struct {
	Result
	Items    []Item    `json:"items"`    // fit in the order of the model, then engagement, newest first
	Missing  []Missing `json:"missing"`  // what would bring a lead to MQL, most useful first; empty when it is there
	Sentence string    `json:"sentence"` // the same in words, with the first of Missing
	// Complete: every point of engagement names its event. Of one rule in one cycle the newest 100 events are named; older
	// ones are one item together.
	Complete   bool        `json:"complete"`
	Prediction *Prediction `json:"prediction,omitempty"` // of a model that has a predictor
}

// Explain scores a lead from all its events and names every point, its rule and its event. Events after the moment do not
// count, so it answers for the past too, given the profile of that time. Its numbers are those of Evaluate over the same
// events.
func (s *Scorer) Explain(profile person.Profile, events []Event, adjustments []Adjustment, at time.Time, before string) Explanation {
	return s.explain(Explained{profile, events, adjustments, at, before}, nil)
}

// Explained is what is explained: a lead with all its events, at a moment, and the band it was in before.
type Explained struct {
	Profile     person.Profile
	Events      []Event
	Adjustments []Adjustment
	At          time.Time
	Before      string
}

func (s *Scorer) explain(of Explained, kept *Kept) Explanation {
	profile, events, adjustments, before := of.Profile, of.Events, of.Adjustments, of.Before
	now := of.At.UnixMicro()
	events = slices.DeleteFunc(distinct(events), func(e Event) bool { return e.micros() > now })
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.micros(), b.micros()), cmp.Compare(a.ID, b.ID))
	})
	x := &explainer{
		s: s, profile: profile, adjustments: ordered(adjustments, now), at: now,
		acc: s.Fold(Accumulators{}, adjustments, events...), complete: true, kept: kept,
	}
	x.seen = x.acc
	if kept != nil && kept.Known {
		x.acc = kept.Accumulators
	}
	x.fitness = s.fitness(profile, x.acc)
	sum := s.sum(x.fitness, x.acc, x.adjustments, when(now))
	out := Explanation{Result: s.result(sum, before)}
	out.Items = append(x.fitItems(sum), x.engagementItems(events, sum)...)
	out.Items = append(out.Items, x.totalItems(sum, out.Score)...)
	out.Missing = x.missing(sum, out.Result)
	out.Sentence = x.sentence(out)
	out.Complete = x.complete
	out.Prediction = s.Prediction(profile, x.acc)
	return out
}

// explainer is one explanation on its way.
type explainer struct {
	s           *Scorer
	profile     person.Profile
	adjustments []Adjustment // in force, by time
	acc         Accumulators
	seen        Accumulators // of the events; acc may hold more
	kept        *Kept        // nil: all events are there
	at          int64
	fitness     micro // before its cap
	complete    bool
}

func (x *explainer) fitItems(sum sums) []Item {
	var parts []part
	for i := range x.s.fit {
		if r := &x.s.fit[i]; x.s.matches(r, x.profile) {
			parts = append(parts, part{points: r.points, Item: Item{Rule: r.ID, Axis: AxisFit, Raw: r.Points, Why: r.why()}})
		}
	}
	if x.s.Predictive.axis() != nil {
		parts = append(parts, x.s.likelyPart(x.profile, x.acc))
	}
	limit(parts, sum.fit, "fit gives at most "+amount(sum.fit))
	return items(parts)
}

func (x *explainer) engagementItems(events []Event, sum sums) []Item {
	byCycle := make([][]Event, len(x.adjustments)+1)
	for _, e := range events {
		n := cyclesBefore(x.acc.Cuts, e.micros())
		byCycle[n] = append(byCycle[n], e)
	}
	var parts []part
	for n, events := range byCycle {
		parts = append(parts, x.cycle(n, events)...)
	}
	for i, a := range x.adjustments {
		if d := x.s.deficit(a, sum.fit); d != 0 {
			parts = append(parts, part{points: kept(d, i+1, x.adjustments), Item: Item{
				Rule: itemRecycling, Axis: AxisEngagement, Raw: d.points(), OccurredAt: new(a.At.UTC()),
				Why: "recycled: the score began again at the floor",
			}})
		}
	}
	parts = append(parts, x.unknown()...)
	slices.Reverse(parts)
	slices.SortStableFunc(parts, func(a, b part) int { return b.OccurredAt.Compare(*a.OccurredAt) })
	return items(parts)
}

// cycle shares what one cycle came to among its events: first each rule, then its groups, then all of it.
func (x *explainer) cycle(n int, events []Event) []part {
	s := x.s
	var parts []part
	groups := make([]micro, len(s.groups))
	var sum micro
	for i := range s.rules {
		r := &s.rules[i]
		if r.counts {
			continue
		}
		value, seen := x.acc.value(r, n, x.at), x.seen.value(r, n, x.at)
		mine := slices.Concat(x.gone(r, value, seen), r.shares(events, seen, x.at))
		for k := range mine {
			mine[k].rule = i
		}
		got := value.capped(r.cap)
		limit(mine, got, "the rule gives at most "+amount(got)+" in a cycle")
		parts = append(parts, x.named(r, mine)...)
		if r.group >= 0 {
			groups[r.group] += got
		} else {
			sum += got
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.OccurredAt.Compare(*b.OccurredAt) })
	for g, name := range sortedNames(s.Groups) {
		got := groups[g].capped(&s.groups[g])
		limitIf(parts, got, "the group "+name+" gives at most "+amount(got)+" in a cycle", func(p part) bool { return s.rules[p.rule].group == g })
		sum += got
	}
	got := sum.capped(s.engagementCap)
	limit(parts, got, "engagement gives at most "+amount(got)+" in a cycle")
	x.recycled(parts, n, got)
	return parts
}

// value is what a rule gives in a cycle before its cap.
func (acc Accumulators) value(r *rule, cycle int, at int64) micro {
	for _, id := range r.unless {
		if _, found := acc.find(cycle, id); found {
			return 0
		}
	}
	if i, found := acc.find(cycle, r.ID); found {
		return r.value(&acc.Tallies[i], at)
	}
	return 0
}

// recycled gives every part the factor of the adjustments after its cycle.
func (x *explainer) recycled(parts []part, cycle int, got micro) {
	left := kept(got, cycle, x.adjustments)
	if left == got && cycle == len(x.adjustments) {
		return
	}
	for i := range parts {
		was := parts[i].points
		parts[i].points = kept(was, cycle, x.adjustments)
		if parts[i].points != was {
			parts[i].Why += "; " + recycledWhy(x.adjustments[cycle:])
		}
	}
	level(parts, left)
}

func (x *explainer) totalItems(sum sums, score int) []Item {
	total, whole := sum.fit+sum.engagement, micro(score)*point
	var parts []part
	if f := x.s.floor; f != nil && total < *f {
		parts = append(parts, part{points: *f - total, Item: Item{Rule: itemFloor, Why: "a score never falls below the floor"}})
		total = *f
	}
	if whole != total {
		parts = append(parts, part{points: whole - total, Item: Item{Rule: itemRounding, Why: "a score is a whole number, half up"}})
	}
	for i := range parts {
		parts[i].Axis, parts[i].Raw = AxisTotal, parts[i].points.points()
	}
	return items(parts)
}

// Rounds reports that the item is what makes a whole number of a score, and nothing that anybody did or is.
func (i Item) Rounds() bool { return i.Rule == itemRounding }
